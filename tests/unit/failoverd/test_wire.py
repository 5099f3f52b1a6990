# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signed format: what is not a fresh word of the peer is refused, and nothing breaks it."""

from __future__ import annotations

import contextlib
import hmac
import random
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failoverd.core.message import Grant, Local, Message, Reach, ServiceReport
from failoverd.links import payload
from failoverd.links.framing import MAX_LINE, Unpacker, line_bytes, pack
from failoverd.links.varint import numbers, pieces, read_numbers, read_pieces
from failoverd.links.wire import DATAGRAM_BYTES, MAX_BYTES, OVERHEAD, Stranger, Wire, WireError

KEY, OTHER = b"k" * 32, b"o" * 32
COUNTS = st.integers(0, 2**64 - 1)
MODES = st.none() | st.integers(0, 2**64 - 2)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12).filter(str.isprintable)
NAMES = ("shop", "mail")
REPORTS = st.builds(
    ServiceReport,
    name=st.sampled_from(NAMES),
    local=st.sampled_from(Local),
    generation=COUNTS,
    claim=COUNTS,
    grant=st.none() | st.builds(Grant, COUNTS, COUNTS),
    able=st.booleans(),
    why=TEXTS,
    pull=COUNTS,
    doomed=st.booleans(),
    split=st.booleans(),
    outdate=COUNTS,
    outdated=COUNTS,
    score=COUNTS,
    linked=st.booleans(),
    clear=COUNTS,
    cleared=COUNTS,
    cramped=st.booleans(),
)
MESSAGES = st.builds(
    Message,
    cluster=st.just("shop"),
    node=st.just("node1"),
    incarnation=COUNTS,
    sequence=COUNTS,
    echo=COUNTS,
    hears=st.lists(TEXTS, max_size=3).map(tuple),
    services=st.lists(REPORTS, max_size=2).map(tuple),
    goodbye=st.booleans(),
    reach=st.sampled_from(Reach),
    maintenance=MODES,
    standby=MODES,
    peer_standby=MODES,
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
    pact=2**32 - 1,
)


def sender(*keys: bytes) -> Wire:
    return Wire(keys or (KEY,), "shop", "node1", "node2", NAMES)


def receiver(*keys: bytes, cluster: str = "shop", node: str = "node2", peer: str = "node1") -> Wire:
    return Wire(keys or (KEY,), cluster, node, peer, NAMES)


def signed(body: bytes) -> bytes:
    """A frame with this payload, as only who has the key can make it."""
    head = sender().heads[0]
    return head + hmac.digest(KEY, head + body, "sha256") + body


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
    assert len(sender().encode(PLAIN)) < 160


def test_long_reasons_are_cut_rather_than_a_heartbeat_lost() -> None:
    reports = tuple(
        ServiceReport(f"s{i}", Local.BROKEN, 1, why="because " * 100) for i in range(12)
    )
    frame = sender().encode(replace(PLAIN, services=reports))
    assert len(frame) <= DATAGRAM_BYTES
    assert len(receiver().decode(frame).services) == 12


@given(st.binary(max_size=MAX_BYTES + 100))
def test_rubbish_is_refused_and_counted(frame: bytes) -> None:
    wire = receiver()
    with pytest.raises(WireError):
        wire.decode(frame)
    assert sum(wire.refused.values()) == 1


@given(st.binary(max_size=200))
def test_rubbish_under_a_good_signature_is_refused(body: bytes) -> None:
    with pytest.raises(WireError):
        receiver().decode(signed(body))


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
        (sender().encode(PLAIN), receiver(node="node1", peer="node2"), "own message"),
        (sender().encode(PLAIN), receiver(peer="node3"), "foreign node"),
        (b"\x7f" + sender().encode(PLAIN)[1:], receiver(), "other version"),
        (b"\x02" * OVERHEAD, receiver(), "too short"),
        (b"\x02" * (MAX_BYTES + 1), receiver(), "too long"),
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


def parts(frame: bytes) -> list[bytes]:
    return read_pieces(frame[OVERHEAD:])


def padded(row: bytes, known: int) -> list[int]:
    return [*read_numbers(row), *[0] * known][:known]


def test_f63_what_a_later_version_adds_is_ignored() -> None:
    counts, who, hears, reports, reasons = parts(sender().encode(PLAIN))
    counts = numbers([*padded(counts, 10), 5, 6])
    who = pieces([*read_pieces(who), b"new"])
    more = []
    for report in read_pieces(reports):
        values = padded(report[payload.KEY_BYTES :], 11)
        more.append(report[: payload.KEY_BYTES] + numbers([*values, 7, 8]))
    newer = signed(pieces([counts, who, hears, pieces(more), reasons, b"new", b""]))
    assert receiver().decode(newer) == PLAIN


def test_f63_what_an_earlier_version_leaves_out_gets_its_default() -> None:
    counts, who, hears, reports, _reasons = parts(sender().encode(PLAIN))
    counts = numbers(read_numbers(counts)[:3])
    less = []
    for report in read_pieces(reports):
        values = read_numbers(report[payload.KEY_BYTES :])[:2]
        less.append(report[: payload.KEY_BYTES] + numbers(values))
    older = signed(pieces([counts, who, hears, pieces(less)]))
    assert receiver().decode(older) == replace(
        PLAIN,
        services=tuple(
            replace(
                report,
                score=0,
                why="",
                grant=replace(report.grant, claim=0) if report.grant else None,
            )
            for report in PLAIN.services
        ),
        reach=Reach.UNKNOWN,
        maintenance=None,
        standby=None,
        peer_standby=None,
        pact=0,
    )


def test_f63_a_message_without_what_every_version_says_is_refused() -> None:
    for count in range(1, 4):
        short = signed(pieces(parts(sender().encode(PLAIN))[:count]))
        with pytest.raises(WireError, match="malformed"):
            receiver().decode(short)


def test_f63_words_keep_their_numbers_for_those_who_count_them() -> None:
    assert [local.value for local in payload.LOCALS] == [
        "unknown", "stopped", "starting", "running", "recovering", "stopping", "broken",
    ]  # fmt: skip
    assert set(payload.LOCALS) == set(Local) and set(payload.REACHES) == set(Reach)


def test_a_service_that_is_unknown_here_is_not_taken_for_another() -> None:
    wire = Wire((KEY,), "shop", "node2", "node1", ("mail",))
    first, second = wire.decode(sender().encode(PLAIN)).services
    assert first.name not in NAMES and first.local is Local.RUNNING
    assert second == PLAIN.services[1]


def long_names(count: int) -> list[str]:
    """Names of 31 letters that nothing can compress."""
    rng = random.Random(1)
    return [
        "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=31)) for _name in range(count)
    ]


@pytest.mark.finding("S3")
def test_f74_fifty_services_with_long_names_fit_one_datagram_with_their_reasons() -> None:
    names, rng = long_names(50), random.Random(2)
    reports = tuple(
        ServiceReport(
            name,
            rng.choice(list(Local)),
            rng.randrange(5000),
            grant=Grant(rng.randrange(1, 90_000), 2**63) if rng.random() < 0.3 else None,
            outdate=rng.randrange(90_000),
            outdated=rng.randrange(90_000),
            why=f"the start of {name} ended as failed, see journalctl",
            score=rng.randrange(2000),
        )
        for name in names
    )
    message = replace(PLAIN, echo=2**63, services=reports)
    there = Wire((KEY,), "shop", "node1", "node2", names)
    here = Wire((KEY,), "shop", "node2", "node1", names)
    frame = there.encode(message)
    heard = here.decode(frame)
    assert len(frame) <= DATAGRAM_BYTES
    assert replace(heard, services=()) == replace(message, services=())
    for found, report in zip(heard.services, reports, strict=True):
        assert replace(found, why="") == replace(report, why="")
        assert report.why.startswith(found.why.removesuffix("…"))


@pytest.mark.finding("S3")
def test_f74_what_is_sent_is_never_refused_whatever_the_numbers_are() -> None:
    names = long_names(64)
    for value in (0, 1, 127, 128, 2**21, 2**35 - 1):
        reports = tuple(
            ServiceReport(n, Local.BROKEN, min(value, 2**28 - 1), 0, Grant(value, 2**63), True,
                          "x" * 500, 1, True, value, value, 1100, True, True)
            for n in names
        )  # fmt: skip
        message = replace(PLAIN, echo=2**63, services=reports)
        frame = Wire((KEY,), "shop", "node1", "node2", names).encode(message)
        assert len(frame) <= MAX_BYTES
        heard = Wire((KEY,), "shop", "node2", "node1", names).decode(frame)
        assert [r.outdated for r in heard.services] == [value] * 64


@pytest.mark.finding("S3")
def test_a_slow_line_gets_fewer_reasons_and_every_state() -> None:
    names = long_names(15)
    rng = random.Random(3)
    reports = tuple(
        ServiceReport(n, Local.STOPPED, 4, why="".join(rng.choices("abcdefgh ", k=80)))
        for n in names
    )
    wide = Wire((KEY,), "shop", "node1", "node2", names)
    narrow = Wire((KEY,), "shop", "node1", "node2", names, room=500)
    message = replace(PLAIN, services=reports)
    assert len(narrow.encode(message)) <= 500 < len(wide.encode(message))
    heard = Wire((KEY,), "shop", "node2", "node1", names).decode(narrow.encode(message))
    assert [r.name for r in heard.services] == names


@pytest.mark.finding("X8")
@pytest.mark.parametrize(
    "why", ["a\udc80b", "\x1b[2Jgone", "two\nlines", "\x00", "\u202egnp", "\ud800" * 500, "\x9b31m"]
)
def test_no_text_keeps_a_heartbeat_from_being_sent_or_reaches_a_terminal_as_it_is(why: str) -> None:
    message = replace(PLAIN, services=(replace(PLAIN.services[0], why=why), *PLAIN.services[1:]))
    heard = receiver().decode(sender().encode(message))
    assert replace(heard, services=()) == replace(message, services=())
    assert all(report.why.isprintable() for report in heard.services)
    assert heard.services[0].why
    assert heard.services[1] == message.services[1]


@pytest.mark.finding("X8")
def test_text_that_a_peer_signs_is_made_printable_too() -> None:
    counts, _who, _hears, reports, _reasons = parts(sender().encode(PLAIN))
    who = pieces([b"sh\x1b[op", b"node1"])
    frame = signed(pieces([counts, who, pieces([b"la\x07n"]), reports]))
    with pytest.raises(Stranger) as refused:
        receiver().decode(frame)
    assert refused.value.message.cluster.isprintable()
    reasons = zlib.compress("\x1b[2J\n\x9b".encode())
    who = pieces([b"shop", b"node1"])
    heard = receiver().decode(signed(pieces([counts, who, pieces([b"la\x07n"]), reports, reasons])))
    assert heard.hears == ("la\\x07n",)
    assert [report.why for report in heard.services] == ["\\x1b[2J", "\\x9b"]


def test_reasons_that_unpack_to_more_than_memory_are_refused() -> None:
    counts, who, hears, reports, _reasons = parts(sender().encode(PLAIN))
    bomb = zlib.compress(b"a" * 900_000)
    assert len(bomb) < 1000
    with pytest.raises(WireError, match="malformed"):
        receiver().decode(signed(pieces([counts, who, hears, reports, bomb])))


@given(st.lists(COUNTS, max_size=12))
def test_numbers_come_back_without_the_zeros_at_the_end(values: list[int]) -> None:
    found = read_numbers(numbers(values))
    assert found + [0] * (len(values) - len(found)) == values


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_pieces_come_back(values: list[bytes]) -> None:
    assert read_pieces(pieces(values)) == values
    assert all(line_bytes(len(value)) == len(pack(value)) for value in values)


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
    assert unpacker.feed(b"\n" + pack(b"x")) == [b"x"]


@given(MESSAGES, COUNTS, COUNTS)
def test_a_brief_frame_means_what_the_whole_one_would(
    message: Message, sequence: int, heard: int
) -> None:
    there, here = sender(), receiver()
    here.decode(there.frame(message).whole)
    again = replace(message, sequence=sequence, heard=heard, goodbye=not message.goodbye)
    frame = there.frame(again)
    assert frame.whole == sender().encode(again)
    assert len(frame.brief) <= OVERHEAD + 100
    assert here.decode(frame.brief) == again
    assert here.decode(frame.whole) == again
    assert frame.mark == there.frame(message).mark


def test_a_brief_frame_says_nothing_to_who_did_not_hear_the_whole_one() -> None:
    there, here = sender(), receiver()
    other = replace(PLAIN, services=PLAIN.services[:1])
    with pytest.raises(WireError, match="was not heard"):
        here.decode(there.frame(PLAIN).brief)
    here.decode(there.frame(other).whole)
    with pytest.raises(WireError, match="was not heard"):
        here.decode(there.frame(PLAIN).brief)
    assert not here.refused, "people would be told of an attack"
    here.decode(there.frame(PLAIN).whole)
    assert here.decode(there.frame(replace(PLAIN, sequence=9)).brief).sequence == 9


@pytest.mark.finding("S3")
def test_f74_fifty_services_at_rest_take_a_fraction_of_a_serial_line() -> None:
    names = long_names(50)
    reports = tuple(ServiceReport(n, Local.RUNNING, 4, able=True, score=1100) for n in names)
    wire = Wire((KEY,), "shop", "node1", "node2", names)
    frame = wire.frame(replace(PLAIN, services=reports))
    assert line_bytes(len(frame.brief)) < 160
    assert line_bytes(len(frame.whole)) < 900
