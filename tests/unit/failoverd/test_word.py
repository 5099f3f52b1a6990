# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one daemon tells the other for people: it travels with heartbeats, and never harms one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failoverd.core.message import Local, Message, ServiceReport
from failoverd.links import word as words
from failoverd.links.payload import COUNTS_BYTES
from failoverd.links.varint import pieces, read_pieces
from failoverd.links.wire import OVERHEAD, Wire
from failoverd.links.word import Word

KEY = b"k" * 32
NAMES = ("shop", "mail")
PLAIN = Message(
    "shop", "node1", 2**40, 7, 2**41, ("lan",),
    (ServiceReport("shop", Local.RUNNING, 3), ServiceReport("mail", Local.STOPPED, 3, why="sick")),
)  # fmt: skip
SAID = Word(12345, 17_000_000_000, (("shop", 1), ("mail", 3)), "programs: nginx: is not there")


def sender(word: Word | None = SAID, room: int = 1400) -> Wire:
    wire = Wire((KEY,), "shop", "node1", "node2", NAMES, room)
    wire.word = word
    return wire


def receiver() -> Wire:
    return Wire((KEY,), "shop", "node2", "node1", NAMES)


@pytest.mark.parametrize("why", ["", "sick"])
def test_a_word_arrives_beside_the_message_and_does_not_change_it(why: str) -> None:
    message = replace(PLAIN, services=(PLAIN.services[0], replace(PLAIN.services[1], why=why)))
    there = receiver()
    assert there.decode(sender().encode(message)) == message
    assert there.heard == SAID
    assert there.decode(sender(None).encode(replace(message, sequence=8)))
    assert there.heard == Word()


def test_a_word_belongs_to_the_frame_that_was_decoded_last() -> None:
    there, one = receiver(), sender()
    first = one.encode(PLAIN)
    one.word = replace(SAID, text="all is well")
    second = one.encode(replace(PLAIN, sequence=8))
    there.decode(first)
    there.decode(second)
    there.decode(second)
    assert there.heard.text == "all is well"
    brief = one.frame(replace(PLAIN, sequence=9)).brief
    there.decode(brief)
    assert there.heard.text == "all is well"


def test_a_node_without_news_sends_the_same_bytes() -> None:
    one = sender()
    mark = one.frame(PLAIN).mark
    one.word = replace(SAID)
    assert one.frame(replace(PLAIN, sequence=8)).mark == mark
    one.word = replace(SAID, text="other")
    assert one.frame(replace(PLAIN, sequence=9)).mark != mark


def test_without_room_first_the_text_is_left_out_then_the_word_and_never_the_message() -> None:
    whole = len(sender().encode(PLAIN))
    for room in range(whole + COUNTS_BYTES, OVERHEAD, -1):
        wire, there = sender(room=room), receiver()
        message = there.decode(wire.encode(PLAIN))
        assert message.services[0] == PLAIN.services[0]
        if there.heard.text == "" and there.heard.levels:
            assert there.heard == replace(SAID, text="")
            break
    else:
        pytest.fail("the levels were never sent without the text")
    tight, there = sender(room=OVERHEAD), receiver()
    assert there.decode(tight.encode(PLAIN)).services[1].local is Local.STOPPED
    assert there.heard == Word()


def test_f63_an_older_reader_finds_the_message_without_the_word() -> None:
    frame = sender().encode(PLAIN)
    plain = sender(None).encode(PLAIN)
    older = read_pieces(frame[OVERHEAD:])
    assert older[:-1] == read_pieces(plain[OVERHEAD:])


@given(st.binary(max_size=80))
def test_a_damaged_word_is_an_empty_one(data: bytes) -> None:
    assert isinstance(words.decode(data, NAMES), Word)


def test_the_text_is_made_printable_and_short_on_both_sides() -> None:
    piece = words.encode(replace(SAID, text="\x1b[2J" + "x" * 500), NAMES, text=True)
    assert len(words.decode(piece, NAMES).text) <= words.LONGEST_TEXT
    forged = pieces((b"\x01", b"\x1b[2J"))
    assert words.decode(forged, NAMES).text.isprintable()
