# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a BMC may misbehave; apart from the BMC itself, so that naming it needs no IPMI library.

normal  it does what it is told
hang    sessions open, power commands are never answered and never obeyed
refuse  power commands are answered with an error and not obeyed
feign   power commands are acknowledged and nothing is done; its status is true
lie     power commands are acknowledged, the node is reported off, and nothing is done
dead    nothing is answered at all, as if it shared the node's lost power
"""

from __future__ import annotations

from pathlib import Path

BEHAVIOURS = ("normal", "hang", "refuse", "feign", "lie", "dead")


def behaviour(path: Path) -> str:
    """The behaviour that the file asks for; anything unreadable is normal."""
    try:
        word = path.read_text(encoding="utf-8").strip()
    except OSError:
        return "normal"
    return word if word in BEHAVIOURS else "normal"
