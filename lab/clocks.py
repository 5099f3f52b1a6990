# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The differences between the wall clocks of the nodes and of the host.

A guest reads the time once, when it boots, and counts on from there: on a busy host it may be some
tenths of a second late for all of that life, which is longer than a service takes to change nodes.
"""

from __future__ import annotations

from collections.abc import Iterable


def offsets(seen: Iterable[tuple[str, float, float]]) -> dict[str, float]:
    """What has to be added to the times of each boot, in seconds.

    seen: boot, the node's time of a message, and the host's when it arrived (0 for not known).
    The message that was quickest took next to no time; every other one was delayed on its way.
    """
    found: dict[str, float] = {}
    for boot, sent, received in seen:
        if received:
            found[boot] = min(found.get(boot, received - sent), received - sent)
    return found
