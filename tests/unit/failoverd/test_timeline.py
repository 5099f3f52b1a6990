# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a service was up, from what the nodes wrote: what nobody wrote down is unknown."""

from __future__ import annotations

from typing import Any

import pytest

from failoverd.record.entries import Entry, Record
from failoverd.record.outages import Outage, outages
from failoverd.record.timeline import lines, spans

END = 1000.0


class Writer:
    """Writes one node's record."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.entries: list[Entry] = []

    def add(self, time: float, code: str, text: str = "", service: str = "", **data: Any) -> None:
        self.entries.append(Entry(time, self.node, code, text, service, data))

    def life(self, time: float, boot: str = "a", before: float | None = None) -> None:
        self.add(time, "daemon-start", boot=boot, before=before)

    def up(self, time: float, code: str = "running") -> None:
        self.add(time, code, "shop is running", "shop")

    def start(self, time: float, until: float) -> None:
        self.add(time, "start-begin", "shop: start begins", "shop")
        self.up(until)

    def stop(self, time: float, until: float) -> None:
        self.add(time, "stop-begin", "shop: stop begins", "shop")
        self.add(until, "stop-end", "shop: stop done", "shop")
        self.add(until, "stopped", "shop is stopped", "shop")

    def sees(self, time: float, local: str, node: str = "node1") -> None:
        self.add(time, "seen", f"shop is {local} on {node}", "shop", node=node, local=local)

    def loses(self, time: float, heard: float, proved: float = 0.0, node: str = "node1") -> None:
        self.add(time, "last-heard", f"{node} was heard last", node=node, heard=heard)
        if proved:
            self.add(proved, "peer-gone", f"{node} is gone: fenced and verified off")

    def record(self, until: float = END) -> Record:
        return Record(self.node, tuple(self.entries), until)


def told(*records: Record, begin: float = 0.0, end: float = END) -> list[tuple[float, float, str]]:
    return [(s.begin, s.end, s.state) for s in spans(lines(records), "shop", begin, end)]


def only(*records: Record, begin: float = 0.0, end: float = END) -> Outage:
    [one] = outages(records, "shop", begin, end)
    return one


@pytest.fixture
def one() -> Writer:
    """node1 runs shop from 20 on."""
    writer = Writer("node1")
    writer.life(10)
    writer.start(15, 20)
    return writer


@pytest.fixture
def two() -> Writer:
    """node2 sees that."""
    writer = Writer("node2")
    writer.life(12)
    writer.sees(13, "stopped")
    writer.sees(15, "starting")
    writer.sees(20, "running")
    return writer


def test_before_it_ran_for_the_first_time_nothing_is_known(one: Writer) -> None:
    assert told(one.record()) == [(0, 20, "unknown"), (20, END, "up")]


def test_a_new_daemon_that_has_not_looked_yet_is_no_outage(one: Writer, two: Writer) -> None:
    """F31: neither in the record of its peer alone nor in both together."""
    two.sees(300, "unknown")
    two.sees(301, "running")
    assert told(two.record()) == [
        (0, 20, "unknown"),
        (20, 300, "up"),
        (300, 301, "unknown"),
        (301, END, "up"),
    ]
    assert not outages([two.record()], "shop", 0.0, END)
    one.life(300, before=299)
    one.up(301, "adopted")
    assert told(one.record(), two.record()) == [(0, 20, "unknown"), (20, END, "up")]


def test_a_new_daemon_on_a_node_that_was_down_ends_no_outage(two: Writer) -> None:
    two.loses(300, heard=299, proved=302)
    two.start(303, 310)
    two.sees(305, "unknown")
    assert told(two.record()) == [
        (0, 20, "unknown"),
        (20, 299, "up"),
        (299, 310, "down"),
        (310, END, "up"),
    ]


def test_what_follows_the_last_sign_of_life_is_unknown(one: Writer) -> None:
    assert told(one.record(until=500))[-1] == (500, END, "unknown")


def test_a_planned_move_is_one_outage_with_its_phases(one: Writer, two: Writer) -> None:
    one.add(100, "switchover", "shop: planned move to node2 asked by root", "shop")
    one.stop(100, 103)
    two.sees(100.2, "stopping")
    two.sees(103.2, "stopped")
    two.start(103.5, 106)
    outage = only(one.record(), two.record())
    assert (outage.begin, outage.end) == (100, 106)
    assert (outage.cause.code, outage.cause.planned) == ("switchover", True)
    assert outage.phases == {"stop": 3.0, "hand over": 0.5, "start": 2.5}
    assert (outage.ran_on, outage.runs_on) == ("node1", "node2")
    assert outage.whole and outage.over


def test_one_record_alone_tells_a_move_too(one: Writer, two: Writer) -> None:
    two.sees(100.2, "stopping")
    two.start(103.5, 106)
    outage = only(two.record())
    assert (outage.begin, outage.end, outage.cause.code) == (100.2, 106, "stopped-there")


def test_a_lost_node_was_down_from_its_last_sign_of_life_on(two: Writer) -> None:
    two.loses(102, heard=100, proved=104)
    two.add(104.1, "takeover", "shop: taking over, fenced and verified off", "shop")
    two.start(104.2, 107)
    outage = only(two.record())
    assert (outage.begin, outage.end) == (100, 107)
    assert (outage.cause.code, outage.cause.planned) == ("node-lost", False)
    assert outage.phases == {"detect": 4.0, "take over": 0.2, "start": 2.8}
    assert (outage.ran_on, outage.runs_on) == ("node1", "node2")


def _proved_while_suspected(node: Writer) -> None:
    """The fence device says off before the node counts as silent, so the proof is written first."""
    node.add(101.5, "peer-gone", "node1 is gone: fence device reports off")
    node.loses(101.6, heard=100)


def test_a_node_that_its_fence_device_reports_as_off_at_once_was_lost_too(two: Writer) -> None:
    _proved_while_suspected(two)
    two.start(102, 104)
    outage = only(two.record())
    assert (outage.begin, outage.end, outage.cause.code) == (100, 104, "node-lost")
    assert (outage.ran_on, outage.runs_on) == ("node1", "node2")
    assert outage.phases == {"detect": 1.5, "take over": 0.5, "start": 2.0}


def test_a_proof_counts_for_the_life_before_it_alone(two: Writer) -> None:
    _proved_while_suspected(two)
    two.sees(200, "running")
    two.loses(301, heard=300)
    assert told(two.record(), begin=25) == [
        (25, 100, "up"), (100, 200, "down"), (200, 300, "up"), (300, END, "unknown"),
    ]  # fmt: skip


def test_a_silent_node_that_was_never_proved_gone_is_unknown(two: Writer) -> None:
    two.loses(102, heard=100)
    two.add(150, "peer-alive", "node1 is alive")
    two.sees(150, "running")
    states = told(two.record())
    assert (100, 150, "unknown") in states
    assert states[-1] == (150, END, "up")


def test_the_record_of_the_silent_node_tells_that_it_ran_on(one: Writer, two: Writer) -> None:
    two.loses(102, heard=100)
    assert told(one.record(), two.record()) == [(0, 20, "unknown"), (20, END, "up")]


def test_a_daemon_that_restarts_leaves_the_service_up(one: Writer) -> None:
    one.add(100, "daemon-end", "failoverd ends")
    one.life(103, before=100)
    one.up(103.2, "adopted")
    assert told(one.record()) == [(0, 20, "unknown"), (20, END, "up")]


def test_a_killed_daemon_that_finds_it_running_leaves_it_up(one: Writer) -> None:
    one.life(103, before=99)
    one.up(103.2, "adopted")
    assert told(one.record()) == [(0, 20, "unknown"), (20, END, "up")]


def test_after_a_killed_daemon_that_finds_it_down_the_gap_is_unknown(one: Writer) -> None:
    one.life(103, before=99)
    one.start(104, 106)
    states = told(one.record())
    assert states[1:] == [
        (20, 99, "up"),
        (99, 103, "unknown"),
        (103, 106, "down"),
        (106, END, "up"),
    ]


def test_a_reboot_was_down_from_the_last_line_of_the_journal_on(one: Writer) -> None:
    one.life(103, boot="b", before=99)
    one.start(104, 106)
    outage = only(one.record())
    assert (outage.begin, outage.end, outage.cause.code) == (99, 106, "node-lost")


def test_what_the_other_node_heard_is_later_than_the_end_of_the_journal(
    one: Writer, two: Writer
) -> None:
    """A loss of power cuts off some seconds of the journal."""
    one.life(160, boot="b", before=95)
    two.loses(102, heard=100, proved=104)
    two.start(104.2, 107)
    outage = only(one.record(), two.record())
    assert (outage.begin, outage.end) == (100, 107)


def test_without_a_journal_only_the_entries_say_how_long_it_lived(one: Writer) -> None:
    one.life(900, boot="b")
    one.start(901, 905)
    one.add(905.1, "late", "")
    assert told(one.record()) == [(0, 905, "unknown"), (905, END, "up")]


def test_a_failure_that_is_mended_in_place_is_an_unplanned_outage(one: Writer) -> None:
    one.add(100, "resource-failed", "shop: db was killed", "shop")
    one.add(100.1, "recover-begin", "shop: recover begins", "shop")
    one.up(102, "recovered")
    outage = only(one.record())
    assert (outage.cause.code, outage.cause.text) == ("application-failed", "shop: db was killed")
    assert outage.phases == {"decide": 0.1, "restart": 1.9}
    assert outage.ran_on == outage.runs_on == "node1"


def test_what_happens_in_maintenance_mode_is_planned_and_ends_with_it(one: Writer) -> None:
    one.add(90, "mode", "maintenance mode is on, asked by root")
    one.add(91, "resource-failed", "shop: db was stopped", "shop")
    one.add(200, "mode", "maintenance mode is off, asked by root")
    outage = only(one.record())
    assert (outage.begin, outage.end, outage.cause.planned) == (91, 200, True)


def test_what_people_mend_in_maintenance_mode_is_up_from_then_on(one: Writer) -> None:
    one.add(90, "mode", "maintenance mode is on, asked by root")
    one.add(91, "resource-failed", "shop: db was stopped", "shop")
    one.add(120, "mended", "shop: db is up again, all of it is up", "shop")
    one.add(200, "mode", "maintenance mode is off, asked by root")
    outage = only(one.record())
    assert (outage.begin, outage.end, outage.cause.planned) == (91, 120, True)


def test_a_blocked_service_says_for_how_long(two: Writer) -> None:
    two.loses(102, heard=100, proved=160)
    two.entries.insert(
        -1, Entry(103, "node2", "blocked", "shop stays down: node1 is silent", "shop", {})
    )
    two.start(160.5, 163)
    outage = only(two.record())
    assert outage.phases == {"detect": 3.0, "blocked": 57.0, "take over": 0.5, "start": 2.5}


@pytest.mark.parametrize(
    ("text", "cause", "planned"),
    [
        ("shop: planned move to node2: this node is in standby mode", "standby", True),
        ("shop: planned move to node2: back to its preferred node", "failback", True),
        (
            "shop: planned move to node2: its own disk has failed, the peer's is",
            "disk-failed",
            False,
        ),
        ("shop: planned move to node2: this node has lost its ping targets", "network-lost", False),
        ("shop: planned move to node2", "switchover", True),
    ],
)
def test_why_a_service_moved(one: Writer, text: str, cause: str, planned: bool) -> None:
    one.add(100, "switchover", text, "shop")
    one.stop(100, 103)
    one.start(104, 106)
    outage = only(one.record())
    assert (outage.cause.code, outage.cause.planned) == (cause, planned)


def test_a_record_that_begins_in_the_middle_tells_what_was_before() -> None:
    """The older file of the history was dropped."""
    writer = Writer("node1")
    writer.add(50, "late", "node2 was not heard")
    writer.stop(100, 103)
    writer.start(104, 106)
    assert told(writer.record(), begin=60)[0] == (60, 100, "up")


def test_lost_entries_leave_a_gap(one: Writer) -> None:
    one.add(50, "late", "node2 was not heard")
    one.add(80, "history-lost", "9 entries were lost")
    one.up(90, "recovered")
    assert (50, 90, "unknown") in told(one.record())


def test_an_outage_that_goes_on_is_told_so_far(one: Writer) -> None:
    one.add(100, "resource-failed", "shop: db was killed", "shop")
    one.add(100.1, "failed", "shop failed here: db", "shop")
    one.stop(100.2, 102)
    outage = only(one.record())
    assert (outage.begin, outage.end, outage.over) == (100, END, False)


def test_a_service_that_was_added_later_was_not_down_before(one: Writer) -> None:
    one.life(500, before=499)
    one.up(500.1, "adopted")
    one.life(600, before=599)
    one.up(600.1, "adopted")
    one.add(601, "start-begin", "mail: start begins", "mail")
    one.add(602, "running", "mail is running", "mail")
    assert [s.state for s in spans(lines([one.record()]), "mail", 0, END)] == ["unknown", "up"]


def test_damaged_data_of_an_entry_breaks_nothing(one: Writer) -> None:
    one.life(100, boot="b", before=None)
    one.add(101, "last-heard", "x", node=7, heard="soon")
    one.add(102, "seen", "x", "shop", node=None, local=None)
    assert told(one.record())
