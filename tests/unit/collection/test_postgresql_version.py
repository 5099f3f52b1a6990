# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of PostgreSQL: its package, and data that no other version can read."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _node
from ansible_collections.failover.cluster.plugins.module_utils import _packages as on_node
from ansible_collections.failover.cluster.plugins.plugin_utils import (
    _findings,
    _nodes,
    _packages,
    _problems,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._applications import postgresql

from .conftest import NODES
from .modules import run

LIMITS = {"clock_s": 5.0, "free_mib": 256, "watchdog": False}
TEXTS = {
    "data": "/srv/shop/postgresql/PG_VERSION",
    "unit": "/etc/systemd/system/postgresql-shop.service",
}
WHERE = "failover_services[0].applications[0].postgresql.version"


@pytest.fixture
def asking(build, found):
    """The model of a service that asks for this version, as the nodes complete it."""

    def made(version: object = None):
        settings = {} if version is None else {"version": version}
        model = build(("failover_services.0.applications.0", {"postgresql": settings}), found=found)
        model["addresses"] = {"node1": "10.0.0.1", "node2": "10.0.0.2"}
        return model

    return made


def chosen(wanted: list[str], release: str, tmp_path: Path, known: str) -> dict[str, list[str]]:
    (tmp_path / "status").write_text("")

    def answer(argv):
        return 0, known, ""

    said = on_node.inspect(wanted, answer, str(tmp_path / "status"), release)
    return {key: said[key] for key in ("chosen", "unknown")}


@pytest.mark.finding("H4")
def test_a_version_is_installed_by_its_package(asking, tmp_path):
    for version in ("16", 16):
        wanted = [p for p in _packages.needed(asking(version)) if "postgresql" in p]
        assert wanted == ["postgresql-16", "postgresql-common"]
    said = chosen(wanted, "12", tmp_path, "postgresql-15 postgresql-common")
    assert said["unknown"] == ["postgresql-16"]


@pytest.mark.finding("H4")
@pytest.mark.parametrize(("release", "package"), [("12", "postgresql-15"), ("13", "postgresql-17")])
def test_without_a_version_it_is_the_releases_own_whatever_repositories_are_there(
    build, tmp_path, release, package
):
    wanted = [p for p in _packages.needed(build()) if "postgresql" in p]
    known = "postgresql postgresql-15 postgresql-16 postgresql-17 postgresql-18 postgresql-common"
    said = chosen(wanted, release, tmp_path, known)
    assert said == {"chosen": [package, "postgresql-common"], "unknown": []}


@pytest.mark.finding("H4")
def test_the_answer_of_the_nodes_completes_the_version(asking, found):
    [server] = [a for a in asking()["services"][0]["applications"] if a["kind"] == "postgresql"]
    assert server["version"] == postgresql.RELEASES[found["node1"]["os"]["version"]]


@pytest.mark.finding("H4")
@pytest.mark.parametrize("version", ["9.6", "latest", "16/../..", "", 1.5, "16\n"])
def test_what_is_no_version_is_refused(asking, version):
    with pytest.raises(_problems.Problem, match="is not a major version such as 16"):
        asking(version)


@pytest.mark.finding("H5")
@pytest.mark.parametrize("kind", ["data", "unit"])
def test_another_version_than_that_of_the_data_is_refused_with_the_way_out(asking, found, kind):
    found["node2"]["texts"][TEXTS[kind]] = "15"
    assert _findings.judge(asking(), found, LIMITS, repair=True) == []
    with pytest.raises(_problems.Problem) as caught:
        _findings.judge(asking("17"), found, LIMITS, repair=True)
    assert str(caught.value) == (
        f"{WHERE}: 17 is not 15, the version of the database of service shop (node2:"
        "/srv/shop/postgresql); a server reads the files of its own version only. Write version:"
        ' "15", or run the playbook upgrade_postgresql.'
    )


@pytest.mark.finding("H5")
def test_another_release_of_the_nodes_is_another_version(asking, found):
    for node in NODES:
        found[node]["os"]["version"] = "13"
        found[node]["texts"][TEXTS["unit"]] = "15"
    with pytest.raises(_problems.Problem, match="17 is not 15"):
        _findings.judge(asking(), found, LIMITS, repair=True)
    assert _findings.judge(asking("15"), found, LIMITS, repair=True) == []


@pytest.mark.finding("H5")
def test_after_an_upgrade_the_data_tell_and_not_the_unit_of_before(asking, found):
    found["node1"]["texts"] = {TEXTS["data"]: "17", TEXTS["unit"]: "15"}
    found["node2"]["texts"] = {TEXTS["unit"]: "15"}
    assert _findings.judge(asking("17"), found, LIMITS, repair=True) == []


@pytest.mark.finding("H5")
def test_a_node_reads_the_version_of_the_data_and_of_the_unit(build, tmp_path):
    asked = _nodes.questions(build(), "node1")["texts"]
    assert list(asked) == list(TEXTS.values())
    data, unit = asked.values()
    file = tmp_path / "file"
    assert _node.text(str(file), data) == ""
    file.write_text("15\n")
    assert _node.text(str(file), data) == "15"
    assert _node.text(str(file), unit) == ""
    file.write_text(
        "[Service]\nExecStart=/usr/lib/postgresql/16/bin/postgres -c config_file=/etc/x\n"
    )
    assert _node.text(str(file), unit) == "16"


@pytest.mark.finding("H5")
def test_content_of_another_version_is_refused_before_it_is_touched(tmp_path):
    data = tmp_path / "postgresql"
    data.mkdir()
    (data / "PG_VERSION").write_text("15\n")
    said = run(
        "postgresql_content",
        data=str(data),
        programs="/usr/lib/postgresql/17/bin",
        database="shop",
        user="shop",
        password="a-long-password",
    )
    assert "is of version 15, and the programs are of version 17" in said["msg"]
    assert [path.name for path in data.iterdir()] == ["PG_VERSION"]
