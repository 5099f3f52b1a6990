# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of an import: what they write, and what they never overwrite."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.inventory.conftest import Play, play

from .conftest import SECRET, answers

__all__ = ["play"]


@pytest.fixture
def propose(play: Play, tmp_path: Path) -> Callable[..., Any]:
    """Runs the second half of an import, on answers that a case of the corpus gives."""

    def run(kind: str, case: str, *args: str) -> Any:
        told = answers(kind, case, tmp_path / f"hosts-{case}")
        hosts = {
            name: {"ansible_host": one["address"], "existing_answer": {"host": one["host"]}}
            for name, one in told.items()
        }
        task = {
            "failover.cluster.proposal": {
                "kind": kind,
                "path": str(tmp_path / "shop.yml"),
                "hosts": list(hosts),
                "overwrite": "{{ overwrite | default(false) }}",
            },
            "run_once": True,
        }
        book = [{"hosts": "all", "gather_facts": False, "tasks": [task]}]
        (tmp_path / "book.yml").write_text(yaml.safe_dump(book), encoding="utf-8")
        return play(str(tmp_path / "book.yml"), {"old": {"hosts": hosts}}, *args)

    return run


def test_the_files_are_written_once_and_then_nothing_changes(
    propose: Callable[..., Any], play: Play, tmp_path: Path
) -> None:
    checked = propose("heartbeat", "drbd-mysql-mail", "--check", "--diff")
    assert checked.code == 0 and "changed=1" in checked.text, checked.text
    assert "failover_services:" in checked.text
    assert not (tmp_path / "shop.yml").exists()
    done = propose("heartbeat", "drbd-mysql-mail", "-vvv")
    assert done.code == 0 and "changed=1" in done.text, done.text
    assert SECRET not in done.text
    for name in ("shop.yml", "shop.findings.txt", "shop.findings.json"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    told = json.loads((tmp_path / "shop.findings.json").read_text())
    assert told["describable"] and told["findings"]
    assert "changed=0" in propose("heartbeat", "drbd-mysql-mail").text
    # The very file passes the playbook that the report names.
    validated = play("validate", (tmp_path / "shop.yml").read_text())
    assert validated.code == 0, validated.text
    assert validated.ok("alpha") and validated.ok("beta")


def test_a_single_server_is_proposed_with_what_moves(
    propose: Callable[..., Any], tmp_path: Path
) -> None:
    done = propose("server", "database-and-site")
    assert done.code == 0, done.text
    [group] = yaml.safe_load((tmp_path / "shop.yml").read_text()).values()
    assert group["vars"]["adopt_directories"] == ["/var/www/shop", "/var/lib/orders"]
    assert group["vars"]["adopt_files"] == ["/opt/shop/orders"]


def test_a_file_that_is_there_is_not_overwritten_without_a_word(
    propose: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "shop.yml").write_text("mine\n")
    refused = propose("heartbeat", "active-active")
    assert refused.code != 0
    assert "shop.yml: is there already and says something else; it is not overwritten" in (
        refused.text
    )
    assert (tmp_path / "shop.yml").read_text() == "mine\n"
    assert not (tmp_path / "shop.findings.txt").exists()
    allowed = propose("heartbeat", "active-active", "-e", "overwrite=true")
    assert allowed.code == 0, allowed.text
    assert "failover_links" in (tmp_path / "shop.yml").read_text()


def test_a_cluster_that_cannot_be_described_leaves_its_findings_only(
    propose: Callable[..., Any], tmp_path: Path
) -> None:
    done = propose("heartbeat", "dual-primary")
    assert done.code == 0, done.text
    assert not (tmp_path / "shop.yml").exists()
    assert "allows two primaries" in (tmp_path / "shop.findings.txt").read_text()
    assert json.loads((tmp_path / "shop.findings.json").read_text())["describable"] is False


@pytest.mark.parametrize("book", ["import_heartbeat", "import_drbd", "import_pacemaker", "adopt"])
def test_an_import_reads_hosts_and_says_why_there_is_no_inventory(
    play: Play, tmp_path: Path, book: str
) -> None:
    here = {
        "ansible_connection": "local",
        "ansible_become": False,
        "ansible_python_interpreter": sys.executable,
    }
    hosts = {"old": {"hosts": {"this": here}}}
    missing = play(book, hosts)
    assert missing.code != 0
    assert "output: missing; say which file the proposed inventory shall become" in missing.text
    done = play(book, hosts, "-e", f"output={tmp_path / 'shop.yml'}")
    assert done.code != 0, done.text
    assert "TASK [Show the findings]" in done.text and "No inventory was written:" in done.text
    assert not (tmp_path / "shop.yml").exists()
    assert os.uname().nodename in (tmp_path / "shop.findings.txt").read_text()
