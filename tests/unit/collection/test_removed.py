# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service that is taken out of the inventory: only with a word, and never its data."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from ansible_collections.failover.cluster.plugins.module_utils._engines import agent
from ansible_collections.failover.cluster.plugins.modules import cluster_info
from ansible_collections.failover.cluster.plugins.plugin_utils import _findings, _problems
from ansible_collections.failover.cluster.plugins.plugin_utils._engines.agent import config

from .conftest import NODES, resource_file
from .modules import PLACE, run

pytestmark = pytest.mark.finding("S29")
SHOP = {"mount": "/srv/shop", "units": ["postgresql-shop.service", "worker.service"]}
FILES = [
    "/etc/systemd/system/apache-old.service",
    "/etc/failover/old/apache.conf",
    "/etc/failover/old/database.ini",
    "/etc/systemd/system/postgresql-old.service",
    "/etc/failover/old/postgresql.conf",
    "/etc/failover/old/pg_hba.conf",
    "/etc/failover/old/pgbackrest.conf",
    "/etc/failover/old/rejoin.conf",
]
OLD = {"mount": "/srv/old", "units": ["postgresql-old.service", "worker.service"]}


@pytest.fixture
def knowing(found):
    """Both nodes run shop and old."""
    for node in NODES:
        found[node].update(services=["old", "shop"], configured={"old": OLD, "shop": SHOP})
        found[node]["drbd_files"] = {
            "/etc/drbd.d/old.res": resource_file(1, 7790),
            "/etc/drbd.d/shop.res": resource_file(),
        }
    return found


@pytest.mark.parametrize("known", ["services", "configured"])
def test_a_service_that_is_missing_is_refused_with_the_word_that_lets_it_go(
    build, found, knowing, known
):
    for node in NODES:
        found[node][{"services": "configured", "configured": "services"}[known]] = {}
    with pytest.raises(_problems.Problem) as caught:
        _findings.gone(build(), found, "node1", [])
    assert str(caught.value) == (
        "failover_services: old is missing, but it is a service of node2. Put it back; or, to have it"
        " stopped and removed (its data stay), run site.yml with -e remove=old."
    )


def test_with_the_word_it_goes_and_what_the_node_has_of_it_is_told(build, knowing):
    [gone] = _findings.gone(build(), knowing, "node1", ["old"])
    assert gone == {"name": "old", **OLD, "files": FILES, "whole": True}
    assert _findings.retired([gone], knowing["node1"]) == {"drbd": ["old"]}
    assert _findings.stale(build(), knowing, "node1") == {"drbd": [], "shared": []}


def test_the_word_for_a_service_of_the_inventory_is_refused(build, knowing):
    with pytest.raises(_problems.Problem, match="remove: shop is still in failover_services"):
        _findings.gone(build(), knowing, "node1", ["shop", "old"])


def test_a_second_run_with_the_word_finds_nothing_left(build, found):
    [gone] = _findings.gone(build(), found, "node1", ["old"])
    assert gone == {
        "name": "old",
        "mount": "",
        "units": [],
        "files": FILES,
        "whole": True,
    }
    assert _findings.gone(build(), found, "node1", []) == []


@pytest.mark.finding("S26")
def test_resources_of_ours_that_belong_to_nobody_are_stale_and_others_are_not(build, found):
    files = found["node1"]["drbd_files"]
    files["/etc/drbd.d/left.res"] = resource_file(1, 7790)
    files["/etc/drbd.d/r0.res"] = resource_file(2, 7791, ours=False)
    files["/etc/drbd.d/shop.res"] = resource_file()
    assert _findings.stale(build(), found, "node1")["drbd"] == ["left"]
    assert _findings.stale(build(), found, "node2")["drbd"] == []


def test_a_node_tells_what_it_was_configured_for(build, found, tmp_path, monkeypatch):
    path = tmp_path / "cluster.json"
    monkeypatch.setattr(agent, "CONFIGURATION", str(path))
    assert agent.ENGINE.configured() == {}
    path.write_text(json.dumps(config.render(build(found=found), "node1")))
    assert agent.ENGINE.configured() == {
        "shop": {
            "mount": "/srv/shop",
            "units": ["postgresql-shop.service", "apache-shop.service", "worker.service"],
        }
    }
    path.write_text("{")
    assert agent.ENGINE.configured() == {}


def test_a_service_that_is_not_stopped_here_is_waited_for():
    status = {"services": [{"name": "old", "local": "stopping", "why": ""}]}
    assert "old is not stopped here: it is stopping" in cluster_info.going(status, ["old"])
    assert cluster_info.going(status, ["other"]) == ""
    status["services"][0]["local"] = "stopped"
    assert cluster_info.going(status, ["old"]) == ""


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A node with the files of two services, one of them with something of the user's."""
    module = importlib.import_module(f"{PLACE}.forget")
    main = module.main
    monkeypatch.setattr(module, "main", lambda: main(str(tmp_path)))
    ours = "# Written by failover.cluster; changes are overwritten.\n"
    for path, text in {
        "etc/systemd/system/postgresql-old.service": ours,
        "etc/systemd/system/postgresql-older.service": ours,
        "etc/systemd/system/apache-old.service": "# mine\n",
        "etc/systemd/system/worker.service": "# mine\n",
        "etc/systemd/system/worker.service.d/failover.conf": ours,
        "etc/systemd/system/other.service.d/failover.conf": ours,
        "etc/systemd/system/other.service.d/mine.conf": "# mine\n",
        "etc/failover/old/postgresql.conf": ours,
        "etc/failover/old/mine.conf": "# mine\n",
        "etc/failover/older/postgresql.conf": ours,
        "srv/old/.keep": "",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "srv/empty").mkdir()
    return tmp_path


def test_what_is_ours_goes_and_what_is_anybodys_stays(node: Path):
    units = ["worker.service", "other.service", "../../../etc/x"]
    files = [*FILES, "/etc/systemd/system/x/../postgresql-older.service", "/etc/failover/x"]
    services = [
        {"name": "old", "mount": "/srv/old", "units": units, "files": files, "whole": True},
        {"name": "empty", "mount": "/srv/empty", "units": [], "whole": True},
    ]
    wanted = run("forget", check=True, services=services)["removed"]
    said = run("forget", services=services)
    assert said["removed"] == wanted
    assert sorted(said["removed"]) == [
        "/etc/failover/old/postgresql.conf",
        "/etc/systemd/system/other.service.d/failover.conf",
        "/etc/systemd/system/postgresql-old.service",
        "/etc/systemd/system/worker.service.d",
        "/etc/systemd/system/worker.service.d/failover.conf",
        "/srv/empty",
    ]
    left = sorted(str(path.relative_to(node)) for path in node.rglob("*") if path.is_file())
    assert left == [
        "etc/failover/old/mine.conf",
        "etc/failover/older/postgresql.conf",
        "etc/systemd/system/apache-old.service",
        "etc/systemd/system/other.service.d/mine.conf",
        "etc/systemd/system/postgresql-older.service",
        "etc/systemd/system/worker.service",
        "srv/old/.keep",
    ]
    assert not run("forget", services=services)["changed"]


def test_a_service_that_is_still_mounted_is_not_forgotten():
    said = run("forget", services=[{"name": "old", "mount": "/proc", "units": [], "whole": True}])
    assert said["msg"].startswith("/proc: is still mounted")


def test_an_application_that_is_taken_out_of_a_service_goes_alone(build, found, node: Path):
    units = ["postgresql-older.service", "apache-older.service", "worker.service"]
    found["node1"]["configured"] = {"older": {"mount": "/srv/shop", "units": units}}
    model = build(
        ("failover_services.0.applications", [{"unit": "other.service"}]),
        ("failover_services.0.name", "older"),
        found=found,
    )
    [gone] = _findings.gone(model, found, "node1", [])
    assert (gone["name"], gone["units"], gone["whole"]) == ("older", units, False)
    assert _findings.gone(model, found, "node2", []) == []
    said = run("forget", services=[gone])
    assert sorted(said["removed"]) == [
        "/etc/failover/older",
        "/etc/failover/older/postgresql.conf",
        "/etc/systemd/system/postgresql-older.service",
        "/etc/systemd/system/worker.service.d",
        "/etc/systemd/system/worker.service.d/failover.conf",
    ]
    assert (node / "etc/systemd/system/postgresql-old.service").exists()


def test_a_unit_that_is_still_active_keeps_what_is_ours(node: Path, monkeypatch):
    module = importlib.import_module(f"{PLACE}.forget")
    monkeypatch.setattr(module.AnsibleModule, "run_command", lambda *_args, **_how: (0, "", ""))
    services = [{"name": "old", "mount": "", "units": ["postgresql-old.service"], "whole": False}]
    said = run("forget", services=services)
    assert said["msg"] == "postgresql-old.service: is still active, so nothing of it is removed."
    assert (node / "etc/systemd/system/postgresql-old.service").exists()
