# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, without a lab."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.cli import describe, main, parser, spec_of
from lab.errors import LabError

COMMANDS = (
    *("up", "down", "status", "ssh", "power", "freeze", "thaw"),
    *("console", "link", "bmc", "snapshot", "inventory", "mend"),
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILOVER_LAB_HOME", str(tmp_path))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert "usage: python -m lab" in capsys.readouterr().out


def test_the_name_is_taken_before_and_after_the_command() -> None:
    assert parser().parse_args(["--name", "x", "status"]).name == "x"
    assert parser().parse_args(["status", "--name", "x"]).name == "x"


def test_a_lab_that_is_down_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["up"] is False
    assert main(["power", "status", "node1"]) == 1
    assert capsys.readouterr().err == "lab: the lab lab is not up\n"


def test_down_of_what_never_was_is_done() -> None:
    assert main(["down"]) == 0


def test_a_file_and_options_contradict_each_other() -> None:
    arguments = parser().parse_args(["up", "--spec", "x.yml", "--nodes", "3"])
    with pytest.raises(LabError, match="--spec holds everything"):
        spec_of(arguments)


def test_options_change_the_reference_network() -> None:
    spec = spec_of(parser().parse_args(["up", "--nodes", "3", "--suite", "trixie"]))
    assert spec and len(spec.nodes) == 3 and spec.suite == "trixie"
    assert spec_of(parser().parse_args(["up"])) is None


def test_the_status_names_dead_processes_and_frozen_nodes() -> None:
    node = {"power": "on", "frozen": True, "addresses": {"lan": "192.168.1.11"}, "bmc": ""}
    text = describe(
        {
            "name": "lab",
            "up": True,
            "suite": "bookworm",
            "namespace": "failover-lab",
            "nodes": {"node1": {**node, "links": {"lan": "down"}}},
            "serial": {"serial": "up"},
            "processes": {"packages": False, "serial": True},
            "snapshots": [],
            "inventory": "/x/inventory.yml",
        }
    )
    assert "frozen" in text
    assert "lan down" in text
    assert "not running: packages" in text


def test_the_client_keeps_its_own_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--name", "x", "client", "--help"])
    assert "--out" in capsys.readouterr().out


def test_the_client_of_a_lab_that_is_down_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["client", "--host", "192.168.1.10"]) == 1
    assert "not up" in capsys.readouterr().err
