# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may run a service and on what proof, played with real kernels on fresh clusters."""

from __future__ import annotations

import re
from typing import Any

from . import _labtests

REPLICATED = "fence devices and DRBD"
LAST = "tests/kernels/test_4_journals.py"
"""Replays what the tests before it recorded."""
LABS: dict[str, tuple[str, tuple[str, ...]]] = {
    "test": (
        "1",
        ("tests/kernels/test_3_faults.py", "tests/kernels/long/test_fencing.py", LAST),
    ),
    "data": (
        "1",
        (
            *(f"tests/kernels/long/test_{name}.py" for name in ("data", "frozen", "resources")),
            "tests/kernels/long/test_unsafe.py",
            LAST,
        ),
    ),
    "disk": ("shared", ("tests/kernels/shared",)),
    "lease": ("lease", ("tests/kernels/lease",)),
}
"""Of each lab: what LONG calls it, and its tests."""
HAVE = {
    "test": REPLICATED,
    "data": REPLICATED,
    "disk": "locks on a shared disk",
    "lease": "watchdog lease and DRBD",
}
"""What the hosts of each lab have."""
WITHOUT_LAB = {
    "fence agents: metadata, levels, off that is verified, on; no secret in sight": (
        "test_fence_agents.py",
        "test_stonith.py",
    ),
    "the watchdog is petted, verified and never closed while something is held": (
        "test_watchdog.py",
    ),
    "an address is asked for by ARP and neighbour discovery before it is taken": (
        "test_virtual_ip.py",
    ),
    "DRBD's handlers exit as its contract says, and never well for lack of time": (
        "test_fence_peer.py",
    ),
    "locks on a shared disk: claim, renewal, theft, a disk that fails or hangs": (
        "test_sfex_lock.py",
        "test_sfex_disk.py",
        "test_sfex_level.py",
        "test_pair_sfex.py",
    ),
    "failoverctl check refuses what cannot protect, with its numbers": (
        "test_fencing_settings.py",
    ),
}
ASKED = (
    *(f"F{number:02}" for number in (*range(1, 11), *range(12, 16), *range(24, 28))),
    *(f"F{number}" for number in (29, *range(33, 44), 56, 64, 65)),
)
"""The faults that have to be played."""
ALSO = {"f01_power_off_of_the_owner": "F10"}
"""Asserted in a test that is named after another fault."""


def prove() -> list[dict[str, Any]]:
    """One row for each fault that was played, and for each promise."""
    result = []
    for what, files in WITHOUT_LAB.items():
        paths = [f"tests/unit/failoverd/{name}" for name in files]
        result.append(_labtests.suite(what, "exclusion-unit", paths))
    played = _labtests.side_by_side("exclusion", LABS)
    return result + judged(
        [{**row, "hosts": HAVE[name]} for name, rows in played.items() for row in rows]
    )


def judged(played: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows in words, whether every fault that was asked for is among them, and one promise."""
    seen = {fault for row in played for fault in faults(row["what"])}
    missing = [fault for fault in ASKED if fault not in seen]
    says = [row["figures"]["status_says"] for row in played if "status_says" in row["figures"]]
    one = len(says) == 1 and "failoverctl confirm-fenced" in says[0]
    words = "without a proof the service stays down; status names what is missing and the command"
    return [
        *(
            {"what": f"{row['hosts']}: {title(row['what'])}", "ok": row["ok"], "figures": figures}
            for row in played
            for figures in [row["figures"]]
        ),
        {"what": words, "ok": one, "figures": {"status_says": says}},
        {
            "what": "every fault that was asked for was played with real kernels",
            "ok": not missing,
            "figures": {"faults": len(ASKED), "missing": missing},
        },
    ]


def faults(name: str) -> set[str]:
    """The faults that a test plays: those that begin its name, and what else it asserts."""
    found = re.match(r"(?:f\d\d_)*", name)
    own = {word.upper() for word in (found[0] if found else "").split("_") if word}
    return own | ({ALSO[name]} if name in ALSO else set())


def title(name: str) -> str:
    """A test's name as a sentence: ``f03_it_hangs[x]`` is ``F03 it hangs (x)``."""
    name = re.sub(r"\[(.*)\]$", r" (\1)", name)
    words = name.replace("_", " ")
    return re.sub(r"\bf(\d\d)\b", r"F\1", words)
