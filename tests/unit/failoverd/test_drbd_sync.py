# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a resync is, in the words of /proc/drbd (8.4) and of status --json (9)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failoverd.resources.drbd_sync import Sync, of_json, of_proc

PROC = """\
version: 8.4.11 (api:1/proto:86-101)
 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----
    ns:0 nr:0 dw:0 dr:0 al:8 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
 1: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----
    ns:12344 nr:0 dw:0 dr:12344 al:8 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:1036164
\t[>....................] sync'ed:  1.2% (1036164/1048508)K
\tfinish: 1:01:22 speed: 12,344 (12,344) K/sec
 2: cs:Unconfigured
 4: cs:VerifyS ro:Primary/Secondary ds:UpToDate/UpToDate C r-----
    ns:0 nr:0 dw:0 dr:274400 al:8 bm:0 lo:0 pe:12 ua:0 ap:0 ep:1 wo:f oos:0
\t[====>...............] verified: 27.3% (238064/327640)K
\tfinish: 0:00:31 speed: 7,676 (7,676) K/sec
"""


@pytest.mark.parametrize(
    ("minor", "sync"),
    [(0, None), (1, Sync(1.2, 3682)), (2, None), (3, None), (4, Sync(27.3, 31))],
)
def test_each_device_of_8_4_says_how_far_it_is(minor: int, sync: Sync | None) -> None:
    assert of_proc(PROC, minor) == sync


def test_a_resource_of_9_says_how_far_it_is() -> None:
    peer = {"replication-state": "SyncTarget", "done": 41.3}
    entry = {"name": "shop", "connections": [{"peer_devices": [peer]}]}
    assert of_json(json.dumps([entry]), "shop") == Sync(41.3)
    assert of_json(json.dumps([entry]), "mail") is None
    assert of_json(json.dumps([{"name": "shop", "connections": []}]), "shop") is None


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    of_proc(text, 0)
    of_json(text, "shop")
