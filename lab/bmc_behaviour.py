# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which a BMC may misbehave. Apart from the BMC, which needs an IPMI library.

normal  it obeys
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
    """The behaviour in the file; an unreadable file means normal."""
    try:
        word = path.read_text(encoding="utf-8").strip()
    except OSError:
        return "normal"
    return word if word in BEHAVIOURS else "normal"
