# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the end of a node is read, without a kernel."""

from __future__ import annotations

from lab.machine import orderly_off


def test_a_power_off_stays_off() -> None:
    assert orderly_off(b"... \n[   21.3] reboot: Power down\n")
    assert orderly_off(b"[   21.3] reboot: System halted\n")


def test_a_reboot_a_panic_and_silence_start_again() -> None:
    assert not orderly_off(b"[   21.3] reboot: Restarting system\n")
    assert not orderly_off(b"Kernel panic - not syncing: sysrq triggered crash\n")
    assert not orderly_off(b"")


def test_an_old_power_off_far_above_does_not_count() -> None:
    assert not orderly_off(b"reboot: Power down\n" + b"x" * 5000)
