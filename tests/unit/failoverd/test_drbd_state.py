# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the kernel says of a disk, in the words of /proc/drbd (8.4) and of status --json (9)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failoverd.core.events import Disk
from failoverd.resources.drbd_state import behind_json, behind_proc, parse_json, parse_proc

HEAD = "version: 8.4.11 (api:1/proto:86-101)\nsrcversion: 059B1B470318F053F5077D5 \n"
COUNTERS = "    ns:0 nr:0 dw:0 dr:0 al:8 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:164\n"


@pytest.mark.parametrize(
    ("line", "disk"),
    [
        (
            " 0: cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate C r-----",
            Disk("Secondary", "UpToDate", "Primary", "UpToDate", "Connected"),
        ),
        (
            " 0: cs:WFConnection ro:Primary/Unknown ds:UpToDate/DUnknown C s---F-",
            Disk("Primary", "UpToDate", "Unknown", "Unknown", "WFConnection", suspended=True),
        ),
        (
            " 0: cs:WFConnection ro:Primary/Unknown ds:UpToDate/Outdated C r-----",
            Disk("Primary", "UpToDate", "Unknown", "Outdated", "WFConnection"),
        ),
        (
            " 0: cs:StandAlone ro:Secondary/Unknown ds:Outdated/DUnknown   r-----",
            Disk("Secondary", "Outdated", "Unknown", "Unknown", "StandAlone"),
        ),
        (
            " 0: cs:SyncTarget ro:Secondary/Primary ds:Inconsistent/UpToDate C r-----",
            Disk("Secondary", "Inconsistent", "Primary", "UpToDate", "SyncTarget"),
        ),
        (
            " 0: cs:Connected ro:Primary/Secondary ds:Diskless/UpToDate C r-----",
            Disk("Primary", "Diskless", "Secondary", "UpToDate", "Connected"),
        ),
    ],
)
def test_a_device_of_8_4_is_understood(line: str, disk: Disk) -> None:
    assert parse_proc(f"{HEAD}{line}\n{COUNTERS}") == {0: disk}


def test_what_the_copies_differ_in_is_told_for_each_device_of_8_4() -> None:
    text = (
        f"{HEAD}\n 0: cs:Unconfigured\n\n"
        " 1: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----\n"
        f"{COUNTERS}\t[==>.................] sync'ed: 16.1% (164/196)K\n"
        "12: cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate C r-----\n"
        f"{COUNTERS.replace('oos:164', 'oos:0')}"
    )
    assert behind_proc(text) == {1: 164 * 1024, 12: 0}


def test_what_the_copies_differ_in_is_told_by_9_and_nothing_is_made_up() -> None:
    volume = {"peer-disk-state": "Inconsistent", "out-of-sync": 164}
    entry = {"name": "shop", "connections": [{"peer_devices": [volume]}]}
    assert behind_json(json.dumps([entry]), "shop") == 164 * 1024
    assert behind_json(json.dumps([entry]), "mail") is None
    assert behind_json(json.dumps([{"name": "shop"}]), "shop") is None
    assert behind_json("rubbish", "shop") is None


def test_devices_are_told_apart_and_unconfigured_ones_are_left_out() -> None:
    text = (
        f"{HEAD}\n 0: cs:Unconfigured\n\n"
        " 1: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\n"
        f"{COUNTERS}"
        "12: cs:WFConnection ro:Secondary/Unknown ds:Consistent/DUnknown C r-----\n"
    )
    found = parse_proc(text)
    assert sorted(found) == [1, 12]
    assert found[12].disk == "Consistent"


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    parse_proc(text)
    parse_json(text, "shop")


def test_a_device_of_9_is_understood() -> None:
    entry = {
        "name": "shop",
        "role": "Primary",
        "suspended": False,
        "devices": [{"volume": 0, "minor": 0, "disk-state": "UpToDate"}],
        "connections": [
            {
                "connection-state": "Connected",
                "peer-role": "Secondary",
                "peer_devices": [
                    {"replication-state": "SyncSource", "peer-disk-state": "Inconsistent"}
                ],
            }
        ],
    }
    assert parse_json(json.dumps([entry]), "shop") == Disk(
        "Primary", "UpToDate", "Secondary", "Inconsistent", "SyncSource"
    )
    assert parse_json(json.dumps([entry]), "mail") is None
