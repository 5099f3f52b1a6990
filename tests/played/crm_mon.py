# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What crm_mon of Debian 12 and 13 really said of a cluster of two nodes, and what follows of it.

The clock of the nodes was UTC. "well": two services, each on its own node. "lost": node2 lost its
power and was fenced by node1, where a part of the service shop has failed before.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.generated_docs import configuration

configuration.importable()

FOLDER = Path(__file__).with_suffix("")
VERSIONS = ("2.1.5", "3.0.0")
Json = dict[str, Any]


def said(version: str, state: str) -> str:
    """The text."""
    return (FOLDER / f"{state}-{version}.xml").read_text(encoding="utf-8")


@contextmanager
def as_utc() -> Iterator[None]:
    """Pacemaker 2.1.5 writes some times as the clock of the node has them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        try:
            yield
        finally:
            patch.undo()
            time.tzset()


def answer(
    version: str, state: str, node: str = "node1", disks: Mapping[str, Json] | None = None
) -> Json:
    """What the page is told on a node, a minute after it was said."""
    from ansible_collections.failover.cluster.plugins.module_utils._engines import (
        _pacemaker_past,
        _pacemaker_screen,
        pacemaker,
    )

    told = ET.fromstring(said(version, state))
    with as_utc():
        events = _pacemaker_past.events(told)
        status = pacemaker.read(told, "shop", node)
        known = _pacemaker_screen.Told(told, status, disks=disks or {})
        last = max((one["time"] for one in events), default=0.0)
        screen = _pacemaker_screen.screen(known, last + 60)
    return {"status": screen, "events": events}
