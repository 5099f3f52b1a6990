# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signed format: what is not a fresh word of the peer is refused, and nothing breaks it."""

from __future__ import annotations

import contextlib
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failoverd.core.message import Grant, Local, Message, Reach, ServiceReport
from failoverd.links.framing import MAX_LINE, Unpacker, pack
from failoverd.links.wire import MAX_BYTES, OVERHEAD, Wire, WireError

KEY, OTHER = b"k" * 32, b"o" * 32
COUNTS = st.integers(0, 2**64 - 1)
NAMES = st.text(st.characters(codec="utf-8"), max_size=12)
REPORTS = st.builds(
    ServiceReport,
    name=NAMES,
    local=st.sampled_from(Local),
    generation=COUNTS,
    claim=COUNTS,
    grant=st.none() | st.builds(Grant, COUNTS, COUNTS),
    able=st.booleans(),
    why=NAMES,
    pull=COUNTS,
    doomed=st.booleans(),
    split=st.booleans(),
    outdate=COUNTS,
    outdated=COUNTS,
    score=COUNTS,
)
MESSAGES = st.builds(
    Message,
    cluster=st.just("shop"),
    node=st.just("node1"),
    incarnation=COUNTS,
    sequence=COUNTS,
    echo=COUNTS,
    hears=st.lists(NAMES, max_size=3).map(tuple),
    services=st.lists(REPORTS, max_size=2).map(tuple),
    goodbye=st.booleans(),
    reach=st.sampled_from(Reach),
    maintenance=st.none() | COUNTS,
    standby=st.none() | COUNTS,
    peer_standby=st.none() | COUNTS,
    heard=COUNTS,
)
PLAIN = Message(
    "shop",
    "node1",
    2**40,
    7,
    2**41,
    ("lan", "cross", "serial"),
    (
        ServiceReport("shop", Local.RUNNING, 3, grant=Grant(4, 2**41), able=True, score=1100),
        ServiceReport("mail", Local.STOPPED, 3, why="the disk is Outdated"),
    ),
    reach=Reach.REACHED,
    maintenance=2,
    standby=0,
    peer_standby=4,
)


def sender(*keys: bytes) -> Wire:
    return Wire(keys or (KEY,), "shop", "node1")


def receiver(*keys: bytes, cluster: str = "shop", node: str = "node2") -> Wire:
    return Wire(keys or (KEY,), cluster, node)


@given(MESSAGES)
def test_a_message_arrives_as_it_was_sent(message: Message) -> None:
    assert receiver().decode(sender().encode(message)) == message


@given(MESSAGES, MESSAGES, COUNTS, COUNTS)
def test_a_message_does_not_depend_on_those_before_it(
    one: Message, other: Message, sequence: int, heard: int
) -> None:
    there, here = sender(), receiver()
    again = replace(one, sequence=sequence, heard=heard)
    for message in (one, again, other, again, one):
        frame = there.encode(message)
        assert frame == sender().encode(message)
        assert here.decode(frame) == message
        assert receiver().decode(frame) == message


def test_a_usual_heartbeat_is_small_enough_for_a_slow_line() -> None:
    assert len(sender().encode(PLAIN)) < 400


def test_long_reasons_are_cut_rather_than_a_heartbeat_lost() -> None:
    reports = tuple(
        ServiceReport(f"s{i}", Local.BROKEN, 1, why="because " * 100) for i in range(12)
    )
    frame = sender().encode(replace(PLAIN, services=reports))
    assert len(frame) <= MAX_BYTES
    assert len(receiver().decode(frame).services) == 12


@given(st.binary(max_size=MAX_BYTES + 100))
def test_rubbish_is_refused_and_counted(frame: bytes) -> None:
    wire = receiver()
    with pytest.raises(WireError):
        wire.decode(frame)
    assert sum(wire.refused.values()) == 1


@given(st.binary(max_size=200))
def test_rubbish_under_a_good_signature_is_refused(payload: bytes) -> None:
    import hmac

    head = sender().heads[0]
    frame = head + hmac.digest(KEY, head + payload, "sha256") + payload
    with pytest.raises(WireError):
        receiver().decode(frame)


@given(st.integers(0), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_noticed(position: int, change: int) -> None:
    frame = bytearray(sender().encode(PLAIN))
    frame[position % len(frame)] ^= change
    with pytest.raises(WireError):
        receiver().decode(bytes(frame))


@pytest.mark.parametrize(
    ("frame", "wire", "reason"),
    [
        (sender(OTHER).encode(PLAIN), receiver(), "wrong key"),
        (sender().encode(PLAIN), receiver(cluster="mail"), "foreign cluster"),
        (sender().encode(PLAIN), receiver(node="node1"), "own message"),
        (b"\x7f" + sender().encode(PLAIN)[1:], receiver(), "other version"),
        (b"\x01" * OVERHEAD, receiver(), "too short"),
        (b"\x01" * (MAX_BYTES + 1), receiver(), "too long"),
    ],
)
def test_the_reason_of_a_refusal_is_counted(frame: bytes, wire: Wire, reason: str) -> None:
    with pytest.raises(WireError, match=reason):
        wire.decode(frame)
    assert wire.refused == {reason: 1}


def test_both_keys_are_good_while_the_key_is_changed() -> None:
    old, new = sender(OTHER).encode(PLAIN), sender(KEY).encode(PLAIN)
    for frame in (old, new):
        assert receiver(KEY, OTHER).decode(frame) == PLAIN
    with pytest.raises(WireError):
        receiver(KEY).decode(old)


def test_fields_of_a_later_version_are_ignored() -> None:
    import hmac
    import json

    frame = sender().encode(PLAIN)
    head = frame[:5]
    row = json.loads(frame[OVERHEAD:])
    row.append("new")
    row[6][0].append({"new": 1})
    payload = json.dumps(row).encode()
    newer = head + hmac.digest(KEY, head + payload, "sha256") + payload
    assert receiver().decode(newer) == PLAIN


def test_f63_fields_keep_their_places_for_those_who_count_them() -> None:
    """An older version reads a report by position: a new field may only come last."""
    old = ["name", "local", "generation", "claim", "grant", "able", "why", "pull", "doomed"]
    old += ["outdate", "outdated", "score"]
    assert [field.name for field in fields(ServiceReport)][: len(old)] == old


def test_f63_what_an_older_version_leaves_out_gets_its_default() -> None:
    import hmac
    import json

    frame = sender().encode(PLAIN)
    head, row = frame[:5], json.loads(frame[OVERHEAD:])
    row = row[:8]
    row[6] = [report[:11] for report in row[6]]
    payload = json.dumps(row).encode()
    older = head + hmac.digest(KEY, head + payload, "sha256") + payload
    assert receiver().decode(older) == replace(
        PLAIN,
        services=tuple(replace(report, score=0) for report in PLAIN.services),
        reach=Reach.UNKNOWN,
        maintenance=None,
        standby=None,
        peer_standby=None,
    )


def test_f63_a_message_without_what_every_version_says_is_refused() -> None:
    import hmac
    import json

    frame = sender().encode(PLAIN)
    head, row = frame[:5], json.loads(frame[OVERHEAD:])
    payload = json.dumps(row[:6]).encode()
    short = head + hmac.digest(KEY, head + payload, "sha256") + payload
    with pytest.raises(WireError, match="malformed"):
        receiver().decode(short)


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=5), st.integers(1, 40))
def test_frames_survive_any_cutting_of_the_line(frames: list[bytes], size: int) -> None:
    stream = b"".join(map(pack, frames))
    unpacker = Unpacker()
    found = []
    for start in range(0, len(stream), size):
        found += unpacker.feed(stream[start : start + size])
    assert found == frames


@given(st.binary(max_size=300))
def test_the_line_finds_its_feet_after_rubbish(rubbish: bytes) -> None:
    unpacker = Unpacker()
    unpacker.feed(rubbish)
    assert unpacker.feed(pack(b"hello"))[-1] == b"hello"


def test_an_endless_line_is_not_kept() -> None:
    unpacker = Unpacker()
    for _round in range(1000):
        unpacker.feed(b"A" * 1000)
        with contextlib.suppress(AttributeError):
            assert len(unpacker._rest) <= MAX_LINE
    assert unpacker.rubbish >= 1
    assert unpacker.feed(b"\n" + pack(b"x")) == [b"x"]
