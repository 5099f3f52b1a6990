# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the proof of exclusion makes of the lab's rows."""

from __future__ import annotations

from typing import Any

from tests.proofs.exclusion import ASKED, faults, judged, title

SAYS = "node1 is silent: cut its power and say failoverctl confirm-fenced node1"


def played(*names: str, **figures: str) -> list[dict[str, Any]]:
    return [{"what": name, "ok": True, "figures": figures, "hosts": "hosts"} for name in names]


def test_a_fault_that_was_not_played_is_named() -> None:
    names = [f"{fault.lower()}_it_happens" for fault in ASKED]
    *_rows, promise, complete = judged(played(*names[1:]) + played(names[0], status_says=SAYS))
    assert promise["ok"] and complete["ok"]
    *_rows, promise, complete = judged(played(*names[1:]))
    assert not promise["ok"] and not complete["ok"]
    assert complete["figures"]["missing"] == ["F01"]


def test_a_row_says_what_was_played_and_where() -> None:
    (row, *_more) = judged(played("f03_a_fence_that_fails_is_no_fence[hang]"))
    assert row["what"] == "hosts: F03 a fence that fails is no fence (hang)"
    assert title("refused[one_link_only]") == "refused (one link only)"
    assert faults("f36_f41_both") == {"F36", "F41"}
    assert faults("refused[f16_x]") == set()
    assert faults("f01_power_off_of_the_owner") == {"F01", "F10"}
