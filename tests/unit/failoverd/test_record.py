# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl availability and history --explain, over what daemons leave behind."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failoverd import cli
from failoverd.core.state import Life
from failoverd.journal.ended import ended
from failoverd.record import account, advice, entries, story
from failoverd.record.outages import Cause, Outage

from .test_pair import Pair, pair
from .test_replay import Life as JournalledLife
from .test_timeline import Writer, one, two

__all__ = ["one", "pair", "two"]

NOW = 2_000.0


def kept(path: Path, writer: Writer) -> Path:
    """A state directory with that history."""
    path.mkdir(exist_ok=True)
    rows = [json.dumps(vars(entry)) + "\n" for entry in writer.entries]
    (path / "history.jsonl").write_text("".join(rows))
    return path


def failed_over(writer: Writer, begin: float, seconds: float) -> None:
    """node1 is lost, and node2 takes over."""
    writer.loses(begin + 2, heard=begin, proved=begin + seconds - 3)
    writer.add(begin + seconds - 3, "takeover", "shop: taking over, fenced", "shop")
    writer.start(begin + seconds - 2.5, begin + seconds)


def test_the_account_of_a_period(tmp_path: Path, two: Writer) -> None:
    failed_over(two, 1000, 8.0)
    two.add(NOW, "late", "")
    found = account.report(account.records([kept(tmp_path / "b", two)]), [], 500, NOW, 99.0)
    [service] = found["services"]
    assert (service["period_s"], service["unknown_s"], service["unplanned_s"]) == (1500, 0, 8)
    assert (service["failures"], service["moves"], service["mttr_s"]) == (1, 0, 8)
    assert service["availability"] == pytest.approx(100 * 1492 / 1500)
    assert service["budget"] == {"allowed_s": 15, "used_s": 8, "left_s": 7}
    assert service["one_more_a_month"]["failover_s"] == 8
    [cause] = service["causes"]
    assert (cause["cause"], cause["count"]) == ("node-lost", 1)
    assert sum(cause["phases"].values()) == pytest.approx(8)
    shown = "\n".join(account.text(found))
    for words in (
        "99.467 % available",
        "8.0 s in 1 failure",
        "7.0 s left",
        "not read: the history",
    ):
        assert words in shown


def test_an_outage_soon_after_a_move_is_not_taken_for_the_move(tmp_path: Path, one: Writer) -> None:
    one.add(1000, "switchover", "shop: planned move to node1 asked by root", "shop")
    one.add(1000, "stop-begin", "shop: stop begins", "shop")
    one.start(1000.1, 1000.5)
    one.add(1001.5, "resource-failed", "shop: address failed", "shop")
    one.start(1001.6, 1002.0)
    one.add(NOW, "late", "")
    found = account.report(account.records([kept(tmp_path / "b", one)]), [], 500, NOW, 99.0)
    [service] = found["services"]
    assert [(o["cause"], o["planned"]) for o in service["outages"]][-1] == (
        "application-failed",
        False,
    )


def test_an_overdrawn_budget_is_told(tmp_path: Path, two: Writer) -> None:
    failed_over(two, 1000, 30.0)
    two.add(NOW, "late", "")
    found = account.report(account.records([kept(tmp_path / "b", two)]), [], 500, NOW, 99.0)
    shown = "\n".join(account.text(found))
    assert "OVERDRAWN by 15.0 s" in shown
    assert "and the target is missed" in shown


def test_both_histories_are_read_and_told(
    tmp_path: Path,
    one: Writer,
    two: Writer,
) -> None:
    read = account.records([kept(tmp_path / "a", one), kept(tmp_path / "b", two)])
    found = account.report(read, ["shop"], 0, NOW, 99.9)
    assert [record["node"] for record in found["records"]] == ["node1", "node2"]
    shown = "\n".join(account.text(found))
    assert "read: the history of node1" in shown and "read: the history of node2" in shown
    assert "not read" not in shown


@pytest.mark.parametrize(
    ("since", "ago"), [("90d", 90 * 86400), ("12h", 43200), ("2w", 14 * 86400), ("1.5d", 129600)]
)
def test_a_period_has_a_unit(since: str, ago: float) -> None:
    assert account.begin_of(since, 1e9) == 1e9 - ago


def test_a_period_may_begin_on_a_day() -> None:
    assert time.localtime(account.begin_of("2026-01-31", 1e9))[:4] == (2026, 1, 31, 0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["availability", "--since", "soon"], "--since soon: must be like 90d"),
        (["availability", "--since", "2026-13-99"], "--since 2026-13-99: must be like 90d"),
        (["availability", "--target", "100"], "--target 100: must lie between 0 and 100"),
        (["availability", "mail"], "mail: no record names such a service; there are shop"),
        (["availability", "--also", "/nowhere"], "/nowhere: there is no history"),
        (["history", "--explain", "7"], "--explain 7: there are 1 outages"),
    ],
)
def test_a_wrong_word_is_one_sentence(
    tmp_path: Path,
    two: Writer,
    capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    said: str,
) -> None:
    failed_over(two, 1000, 8.0)
    monkeypatch.setenv("FAILOVERD_STATE", str(kept(tmp_path / "b", two)))
    assert cli.main(words) == 1
    assert said in capsys.readouterr().err


def test_without_any_outage_there_is_no_story(
    tmp_path: Path,
    one: Writer,
    capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FAILOVERD_STATE", str(kept(tmp_path / "a", one)))
    assert cli.main(["history", "--explain"]) == 1
    assert "tells of no outage" in capsys.readouterr().err


def test_a_damaged_history_is_read_as_far_as_it_goes(tmp_path: Path, two: Writer) -> None:
    place = kept(tmp_path / "b", two)
    with (place / "history.jsonl").open("ab") as file:
        file.write(b'{"time": "x"}\n[]\n\xff\xff\n{"time": 1e99, "node": "node2"}\n{"time": 3')
    record = entries.read(place)
    assert record is not None
    assert len(record.entries) == len(two.entries)


def test_the_end_of_a_journal_tells_until_when_the_daemon_lived(tmp_path: Path) -> None:
    life = JournalledLife(tmp_path).whole()
    path = life.file()
    begun = json.loads(path.read_text().splitlines()[0])
    expected = begun["wall"] + life.now - begun["t"]
    assert ended(tmp_path / "journal") == pytest.approx(expected, abs=0.001)
    with path.open("ab") as file:
        file.write(b'{"t": 9')
    assert ended(tmp_path / "journal") == pytest.approx(expected, abs=0.001)
    (tmp_path / "journal/0000000009.jsonl").write_bytes(b"")
    assert ended(tmp_path / "journal") == pytest.approx(expected, abs=0.001)
    assert ended(tmp_path / "nowhere") is None


def test_the_journal_tells_the_last_heartbeat_of_each_link(tmp_path: Path, two: Writer) -> None:
    life = JournalledLife(tmp_path).whole()
    begun = json.loads(life.file().read_text().splitlines()[0])
    heard = begun["wall"] + 3.8
    assert life.state.peer.life is Life.GONE
    two.add(begun["wall"], "late", "")
    two.sees(begun["wall"], "running")
    failed_over(two, heard, 8.0)
    kept(tmp_path, two)
    read = account.records([tmp_path])
    [newest] = story.every(read, heard + 100)
    told = story.story(newest, read)
    links = [event for event in told["events"] if event["code"] == "journal"]
    assert [link["text"] for link in links] == [
        "drbd of shop: Up, UpToDate/UpToDate",
        "the last heartbeat over the link lan",
    ]
    assert {link["part"] for link in links} == {"seen"}


def outage(writer: Writer, cause: Cause, **phases: float) -> Outage:
    about = tuple(writer.entries)
    return Outage("shop", 100, 200, cause, phases, True, True, "node1", "node2", about)


def failed_device(writer: Writer) -> None:
    data: dict[str, Any] = {"level": "bmc", "ask": "off", "power": "unknown", "seconds": 20.0}
    writer.add(110, "fence-end", "bmc: off of node1: unknown", **data, detail="no answer")


@pytest.mark.parametrize(
    ("cause", "prepare", "phases", "said"),
    [
        (Cause("switchover", True), lambda w: None, {"stop": 2.0}, "people wanted it"),
        (Cause("switchover", True), lambda w: None, {"stop": 30.0}, "a quicker stop: it took 30"),
        (
            Cause("switchover", True),
            lambda w: w.add(1, "resource-up", resource="db", seconds=29.0),
            {"start": 30.0},
            "db alone took 29",
        ),
        (Cause("node-lost", False), failed_device, {}, "bmc did not exclude the node and cost 20"),
        (
            Cause("node-lost", False),
            lambda w: w.add(160, "confirmed", "root confirmed that node1 is off"),
            {"blocked": 60.0},
            "a person had to confirm, after 1 min 0 s",
        ),
        (
            Cause("node-lost", False),
            lambda w: w.add(105, "blocked", "shop stays down: no proof", "shop"),
            {"blocked": 60.0},
            "it stayed down for 1 min 0 s because: shop stays down: no proof",
        ),
        (Cause("node-lost", False), lambda w: None, {}, "both nodes were away"),
        (
            Cause("node-lost", False),
            lambda w: w.add(100, "fence", "fencing node1"),
            {},
            "log of the lost node",
        ),
        (
            Cause("node-lost", False),
            lambda w: w.add(99, "self-reset", "this node reset itself before: x"),
            {},
            "the node reset itself",
        ),
        (
            Cause("application-failed", False),
            lambda w: w.add(99, "filling", "shop: its file system is 95 % full", "shop"),
            {},
            "it was announced: shop: its file system is 95 % full",
        ),
        (Cause("network-lost", False), lambda w: None, {}, "a second network interface"),
        (Cause("unknown", False), lambda w: None, {}, "no entry says why"),
    ],
)
def test_what_would_have_helped_is_told_from_what_was_recorded(
    cause: Cause, prepare: Callable[[Writer], Any], phases: dict[str, float], said: str
) -> None:
    writer = Writer("node2")
    prepare(writer)
    assert said in "\n".join(advice.advice(outage(writer, cause, **phases)))


def heard(pair: Pair) -> int:
    """How many heartbeats node2 has heard while the service ran on node1."""
    status = json.loads(pair.ctl("node2", "status", "--json").stdout)
    return int(status["links"][0]["received"])


def test_a_real_failover_is_accounted_for_and_explained(pair: Pair) -> None:
    received = heard(pair)
    pair.wait(lambda: heard(pair) > received + 3)
    pair.end("node1", signal.SIGKILL)
    pair.wire.ip(0, "address", "del", "10.9.0.10/24", "dev", "eth0")
    pair.wait(lambda: pair.runs_on("node2"))
    moved = pair.ctl("node2", "availability", "--since", "1h", "--json")
    [service] = json.loads(moved.stdout)["services"]
    [found] = service["outages"]
    assert (found["cause"], found["planned"]) == ("node-lost", False)
    assert (found["from"], found["to"]) == ("node1", "node2")
    assert found["whole"] and found["over"]
    history = [
        json.loads(line)
        for line in (pair.path / "node2/state/history.jsonl").read_text().splitlines()
    ]
    times = {entry["code"]: entry["time"] for entry in history}
    assert found["begin"] < times["peer-silent"], "it begins with the last sign of life"
    assert found["end"] == pytest.approx(times["running"], abs=0.01)
    assert sum(found["phases"].values()) == pytest.approx(found["seconds"], abs=0.01)
    assert service["up_s"] > 0 and service["unknown_s"] > 0

    done = pair.ctl("node2", "history", "--explain")
    assert done.returncode == 0, done.stderr
    for words in (
        "outage 1 of 1: shop was down for ",
        "node-lost, not planned",
        "node1 to node2",
        "the last heartbeat over the link lan",
        "node1 is gone: fenced and verified off",
        "switch: off of node1: off",
        "shop: address is up",
        "what would have helped",
    ):
        assert words in done.stdout, done.stdout


def test_a_real_move_and_a_restart_of_both_daemons(pair: Pair) -> None:
    assert pair.ctl("node2", "switchover", "shop").returncode == 0
    for node, number in (("node1", signal.SIGTERM), ("node2", signal.SIGKILL)):
        pair.end(node, number)
        pair.start(node)
        pair.wait(lambda: pair.runs_on("node2"))
    pair.wait(lambda: "adopted" in pair.codes("node2"))
    other = str(pair.path / "node1/state")
    done = pair.ctl("node2", "availability", "--since", "1h", "--json", "--also", other)
    answer = json.loads(done.stdout)
    assert [record["node"] for record in answer["records"]] == ["node2", "node1"]
    [found] = answer["services"][0]["outages"]
    assert (found["cause"], found["planned"]) == ("switchover", True)
    assert "asked by" in found["text"]
    assert list(found["phases"]) == ["stop", "hand over", "start"]
    # A killed daemon leaves the service up, and so does one that is stopped.
    assert answer["services"][0]["unplanned_s"] == 0
