# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rows of the fault matrix a run has reached, by the moments that it went through.

A moment is a note or an action of a core, a fault, a word within a note, or an event of the world.
"""

from __future__ import annotations

from collections import Counter

from failoverd.core.actions import Note

WORDS = {
    "blocked": (
        "Consistent",
        "Outdated",
        "Inconsistent",
        "Diskless",
        "waiting to hear",
        "failed on",
        "may not own",
    ),
    "failed": ("already answers",),
    "switchover": (
        "own disk has failed",
        "own disk has not answered",
        "ping targets",
        "preferred",
        "standby mode",
        "may not own",
    ),
}
"""Notes whose text tells which rule spoke."""

ROWS: dict[str, tuple[str, ...]] = {
    "F01": ("takeover",),
    "F02": ("fault power_reset",),
    "F03": ("fence-failed",),
    "F04": ("confirmed",),
    "F05": ("proof found_off",),
    "F06": ("answer 7",),
    "F07": ("fault blackout",),
    "F08": ("blocked: Consistent",),
    "F09": ("blocked: waiting to hear",),
    "F10": ("fence on", "switchover: preferred"),
    "F11": ("link-down",),
    "F12": ("silent but connected",),
    "F13": ("answer 4",),
    "F14": ("finale split",),
    "F15": ("finale split",),
    "F17": ("fault mute", "fault cut_one_way"),
    "F18": ("dead words",),
    "F19": ("fault replay", "fault damage"),
    "F20": ("fault flap",),
    "F21": ("late",),
    "F22": ("switchover: ping targets",),
    "F23": ("both lost the LAN",),
    "F24": ("fence-device-failed",),
    "F25": ("finale owner_freezes",),
    "F26": ("paused",),
    "F27": ("clock stood still",),
    "F29": ("eligible", "switchover: may not own", "blocked: may not own"),
    "F31": ("adopted",),
    "F33": ("blocked: Inconsistent",),
    "F34": ("refused promotion",),
    "F35": ("switchover: own disk has failed", "blocked: Diskless"),
    "F36": ("answer 1", "fault kill_handlers"),
    "F37": ("void answer",),
    "F39": ("diverged copies kept",),
    "F41": ("resume",),
    "F42": ("blocked: Outdated",),
    "F44": ("switchover: own disk has not answered",),
    "F45": ("filling",),
    "F47": ("stop-failed",),
    "F48": ("failed",),
    "F49": ("blocked: failed on",),
    "F50": ("resource-failed",),
    "F53": ("fault hangs",),
    "F56": ("failed: already answers",),
    "F58": ("by-hand",),
    "F61": ("goodbye",),
    "F62": ("moved", "move-failed"),
    "F63": ("rolling upgrade",),
    "F64": ("lock stolen",),
    "F65": ("lock too old",),
    "F66": ("mode",),
    "F76": ("order hangs",),
    "F73": ("life-raised",),
    "F79": ("service removed",),
    "F91": ("finale disk_full",),
    "F72": (
        "unit ends: by itself",
        "unit ends: systemctl restart",
        "unit ends: systemctl stop",
    ),
    "F81": ("finale owner_held_back",),
    "F80": ("fault renamed", "fault changed"),
}


def note(action: Note, moments: Counter[str]) -> None:
    """Count which word of interest a note holds."""
    for word in WORDS[action.code]:
        if word in action.text:
            moments[f"{action.code}: {word}"] += 1


def reached(moments: Counter[str]) -> dict[str, int]:
    """How often each row was reached."""
    return {row: sum(moments[name] for name in names) for row, names in ROWS.items()}
