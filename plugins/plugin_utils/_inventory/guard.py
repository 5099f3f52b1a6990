# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failover_watchdog and failover_sfex: what resets a node, and where the locks are."""

from __future__ import annotations

from .._daemon import Times, timing
from .kinds import Key, Name, Number, Path, Whole
from .nested import Each, Keys
from .storage import DEVICE

WATCHDOG = Keys(
    {
        "device": Key(Path("/dev/"), "Device of the watchdog.", default="/dev/watchdog"),
        "timeout_s": Key(
            Whole(*timing.WATCHDOG_S),
            "How long a node may hang until it is reset, in seconds.",
            default=10,
        ),
        "module": Key(Name(), "Driver that is loaded for it, such as iTCO_wdt or softdog."),
    }
)
SFEX = Keys(
    {
        "disk": Key(
            Each(DEVICE), "Disk of the locks: a device of its own that both nodes see.", True
        ),
        "renew_s": Key(
            Number(*timing.LOCK["renew_s"]),
            "How often the owner renews its lock, in seconds.",
            default=Times().renew_s,
        ),
        "lease_s": Key(
            Number(*timing.LOCK["lease_s"]),
            "How long the owner may be unable to renew it until it resets itself, in seconds.",
            default=Times().lease_s,
        ),
        "collision_s": Key(
            Number(*timing.LOCK["collision_s"]),
            "How long a node that took a lock waits for another that did the same, in seconds.",
            otherwise="1.5 renew_s",
        ),
        "timeout_s": Key(
            Number(*timing.LOCK_TIMEOUT_S),
            "How long a lock is not renewed until it may be taken, in seconds.",
            otherwise="lease_s + watchdog + 2, at least 10",
        ),
    }
)
