# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl: what it prints, and the exit status that scripts rely on."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failoverd import cli
from failoverd.control import log, show
from failoverd.control.client import NotRunning
from failoverd.control.health import health
from failoverd.fencing import agents
from failoverd.journal.history import History

from .answers import SERVICE, WELL


def broken() -> dict[str, Any]:
    """The answer of a node with several things that are wrong."""
    status: dict[str, Any] = copy.deepcopy(WELL)
    status["links"][1]["state"] = "one-way"
    status["exclusion"][0].update(last="failed", detail="no answer")
    status["warnings"] = ["the journal cannot be written"]
    service = status["services"][0]
    service["standby"].update(able=False, why="the disk is Outdated")
    service["disk"].update(peer_disk="Outdated", suspended=True)
    service["frozen"] = "waiting for node2 to outdate its disk"
    service["resources"][2]["monitor"][1].update(state="failed", reason="http: no answer")
    return {**status, "health": health(status)}


class FakeDaemon:
    """Answers the command line's questions; a move takes the service to node2."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.status = json.loads(json.dumps(broken()))
        self.asked: list[dict[str, Any]] = []
        self.refusal = ""
        self.down = False
        monkeypatch.setattr(cli, "ask", self.ask)

    def ask(self, request: dict[str, Any], limit_s: float | None = None) -> dict[str, Any]:
        if self.down:
            raise NotRunning("failoverd does not answer")
        self.asked.append(request)
        if request["op"] == "status":
            return {"ok": True, "status": json.loads(json.dumps(self.status))}
        if self.refusal:
            return {"ok": False, "text": self.refusal}
        if request["verb"] == "switchover":
            self.status["services"][0]["owner"] = request["to"] or "node2"
        return {"ok": True, "text": "shop runs on node2"}


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> FakeDaemon:
    return FakeDaemon(monkeypatch)


def test_status_shows_what_is_wrong(daemon: FakeDaemon, capsys: Any) -> None:
    assert cli.main(["status"]) == 0
    out = capsys.readouterr().out
    for words in (
        "shop     running on node1 since",
        "(8 h)",
        "node2: cannot take over: the disk is Outdated",
        "I/O FROZEN",
        "!! shop: I/O is frozen: waiting for node2 to outdate its disk",
        "cross ONE WAY",
        "bmc FAILED 20 s ago: no answer",
        "the journal cannot be written",
        "db FAILS (http: no answer)",
        "CRITICAL cluster shop, seen from node1 at ",
    ):
        assert words in out


def test_an_application_that_serves_says_how_long_its_slowest_check_takes() -> None:
    assert "  services   db ok 1 ms" in show.lines(WELL)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "iTCO_wdt on /dev/watchdog, 12 s"),
        (
            {"identity": "Software Watchdog", "software": True},
            "Software Watchdog on /dev/watchdog, 12 s, software: weaker, it dies with a frozen"
            " kernel",
        ),
        ({"why": "there is no watchdog"}, "NO PROTECTION: there is no watchdog"),
    ],
)
def test_status_shows_the_watchdog_as_the_device_itself_describes_it(
    changes: dict[str, Any], line: str
) -> None:
    watchdog = {
        "device": "/dev/watchdog",
        "identity": "iTCO_wdt",
        "timeout_s": 10,
        "counts_s": 12,
        "software": False,
        "open": True,
        "why": "",
    }
    shown = show.lines({**WELL, "watchdog": {**watchdog, **changes}})
    assert f"  watchdog   {line}" in shown
    assert not [text for text in show.lines({**WELL, "watchdog": None}) if "watchdog" in text]


def test_status_as_json_is_the_daemons_object(daemon: FakeDaemon, capsys: Any) -> None:
    assert cli.main(["status", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == broken()


def test_a_blocked_service_says_why() -> None:
    service = {**SERVICE, "state": "blocked", "owner": "", "why": "no proof"}
    status = {**WELL, "services": [service]}
    text = "\n".join(show.lines({**status, "health": health(status)}))
    assert "blocked since" in text
    assert "  !! shop is blocked: no proof\n     type: failoverctl history" in text
    assert text.count("no proof") == 1


def test_switchover_says_where_and_how_long(daemon: FakeDaemon, capsys: Any) -> None:
    assert cli.main(["switchover", "shop", "--to", "node2", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["from"], result["to"], result["changed"]) == ("node1", "node2", True)
    assert result["seconds"] >= 0


def test_switchover_to_where_it_runs_changes_nothing(daemon: FakeDaemon, capsys: Any) -> None:
    assert cli.main(["switchover", "shop", "--to", "node1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] is False


@pytest.mark.parametrize(
    "command",
    [
        ["switchover", "shop"],
        ["clear", "shop"],
        ["confirm-fenced", "node2"],
        ["handover"],
        ["standby"],
        ["maintenance", "on"],
    ],
)
def test_a_refusal_is_one_sentence_and_status_1(
    daemon: FakeDaemon, capsys: Any, command: list[str]
) -> None:
    daemon.refusal = "node2 is gone: a move needs both nodes"
    assert cli.main(command) == 1
    assert capsys.readouterr().err == f"failoverctl: {daemon.refusal}\n"


@pytest.mark.parametrize(
    ("command", "verb", "argument"),
    [
        (["standby"], "standby", ""),
        (["standby", "node2"], "standby", "node2"),
        (["online", "node1"], "online", "node1"),
        (["maintenance", "on"], "maintenance", "on"),
        (["maintenance", "off"], "maintenance", "off"),
        (["clear"], "clear", ""),
    ],
)
def test_a_mode_is_asked_of_the_daemon(
    daemon: FakeDaemon, command: list[str], verb: str, argument: str
) -> None:
    assert cli.main(command) == 0
    assert (daemon.asked[0]["verb"], daemon.asked[0]["argument"]) == (verb, argument)


def test_status_shows_the_modes_as_long_as_they_last() -> None:
    status = {**WELL, "maintenance": True, "standby": ["node2"], "reach": "lost"}
    text = "\n".join(show.lines({**status, "health": health(status)}))
    assert "maintenance mode: nothing is started, stopped, moved" in text
    assert "type: failoverctl maintenance off" in text
    assert "node2 is in standby mode" in text
    assert "type: failoverctl online node2" in text
    assert "lost its ping targets" in text


def test_without_a_daemon_the_status_is_3(daemon: FakeDaemon, capsys: Any) -> None:
    daemon.down = True
    assert cli.main(["status"]) == 3
    assert "does not answer" in capsys.readouterr().err


def test_wrong_usage_is_2() -> None:
    with pytest.raises(SystemExit) as error:
        cli.main(["dance"])
    assert error.value.code == 2


def test_the_operator_is_recorded(daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "operator")
    cli.main(["confirm-fenced", "node2"])
    assert daemon.asked[-1]["who"] == "operator"


def test_check_names_file_and_field(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "key").write_text("ab" * 32)
    (tmp_path / "cluster.json").write_text('{"format": 1}')
    assert cli.main(["check", str(tmp_path)]) == 1
    assert "cluster.json: nodes: must name exactly two" in capsys.readouterr().err


@pytest.mark.finding("S29")
@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("options", "noatime,nodev", ["shop is stopped and started again, because of mount"]),
        ("stop_timeout_s", 99, []),
    ],
)
def test_check_says_which_services_other_files_would_interrupt(
    texts: Callable[[], dict[str, str]],
    tmp_path: Path,
    capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    value: Any,
    said: list[str],
    as_json: bool,
) -> None:
    async def no_problem(fencing: Any) -> str:
        return ""

    monkeypatch.setattr(agents, "problem", no_problem)
    new = texts()
    document = json.loads(new["cluster.json"])
    document["services"][0]["resources"][1][key] = value
    new["cluster.json"] = json.dumps(document)
    for name, files in (("old", texts()), ("new", new)):
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / file).write_text(text)
            (tmp_path / name / file).chmod(0o600)
    assert cli.check(str(tmp_path / "new"), as_json, str(tmp_path / "old")) == 0
    out = capsys.readouterr().out
    if as_json:
        told = json.loads(out)["interrupts"]
        assert told == [{"service": "shop", "text": text, "here": True} for text in said]
    else:
        assert out.splitlines()[1:] == said


def test_history_shows_the_last_entries(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILOVERD_STATE", str(tmp_path))
    history = History(tmp_path, "node1")
    for number in range(5):
        history.add("code", f"entry {number}", alert=number == 4, data={"n": number})
    history.close()
    capsys.readouterr()
    assert log.show(as_json=True, count=2, follow=False) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["data"]["n"] for line in lines] == [3, 4]
    assert lines[1]["level"] == "alert"
    assert cli.main(["history", "--lines", "1"]) == 0
    assert "! code" in capsys.readouterr().out
