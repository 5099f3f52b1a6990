# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the observer concludes from what it saw."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.observer import (
    Interval,
    Observer,
    Sample,
    Track,
    Watch,
    activity,
    overlaps,
    parse,
    probe_command,
)

DRBD = "0: cs:Connected ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----"


def track(*samples: tuple[float, bool], boot: str = "b1", off: list[float] | None = None) -> Track:
    """Samples given as (time, active)."""
    return Track([Sample(t, boot, active, False) for t, active in samples], off or [])


def test_a_line_of_the_probe_is_read() -> None:
    sample = parse(f"sample 1700000000.25 4f1c 1 0  {DRBD}")
    assert sample == Sample(
        1700000000.25,
        "4f1c",
        True,
        False,
        "Connected",
        "Primary",
        "Secondary",
        "UpToDate",
        "Inconsistent",
    )
    assert sample.active
    assert not sample.healed


@pytest.mark.parametrize("line", ["", "Warning: added host", "sample x b 0 0 -", "sample 1.0 b"])
def test_other_lines_are_left_out(line: str) -> None:
    assert parse(line) is None


@given(st.text())
def test_no_line_breaks_the_reader(line: str) -> None:
    parse(line)
    parse(f"sample {line}")


@pytest.mark.parametrize(
    ("mounted", "addressed", "role", "active"),
    [
        (False, False, "Secondary", False),
        (True, False, "Secondary", True),
        (False, True, "Secondary", True),
        (False, False, "Primary", True),
    ],
)
def test_mount_address_or_primary_make_a_node_active(
    mounted: bool, addressed: bool, role: str, active: bool
) -> None:
    assert Sample(1.0, "b", mounted, addressed, role=role).active is active


def test_activity_runs_from_the_first_to_the_last_active_sample() -> None:
    seen = track((1.0, False), (1.3, True), (1.6, True), (1.9, False), (2.2, True), (2.5, False))
    assert activity(seen, 9.0) == [Interval(1.3, 1.6), Interval(2.2, 2.2)]


def test_a_hand_over_between_two_samples_is_no_overlap() -> None:
    old = activity(track((10.0, True), (10.3, False)), 11.0)
    new = activity(track((9.9, False), (10.2, True), (10.5, True), (10.8, False)), 11.0)
    assert overlaps(old, new) == []


def test_two_nodes_that_are_active_at_once_are_found() -> None:
    old = activity(track((10.0, True), (10.3, True), (10.6, True), (10.9, False)), 11.0)
    new = activity(track((10.1, False), (10.4, True), (10.7, True), (11.0, False)), 11.0)
    assert overlaps(old, new) == [Interval(10.4, 10.6)]


def test_a_node_whose_clock_is_late_is_judged_by_the_hosts() -> None:
    """Seen in the lab: a clock 0.2 s late made of a hand-over two active nodes."""

    def heard(*samples: tuple[float, bool], late: float) -> Track:
        # The first message is quick, all others are held up on their way.
        times = [
            (t, active, t + late + (0.0 if i == 0 else 0.5))
            for i, (t, active) in enumerate(samples)
        ]
        return Track([Sample(t, "b", a, False, received=r) for t, a, r in times])

    old = activity(heard((9.7, True), (10.0, True), (10.3, False), late=0.0), 11.0)
    new = activity(heard((9.6, False), (9.9, True), (10.2, True), (10.5, False), late=0.2), 11.0)
    assert old == [Interval(9.7, 10.0)]
    assert overlaps(old, new) == []
    early = activity(heard((9.5, False), (9.75, True), (10.5, True), late=-0.25), 9.75)
    late = activity(heard((9.0, True), (9.5, True), (9.75, False), late=0.25), 11.0)
    assert overlaps(late, early) == [Interval(9.5, 9.75)], "a true one is found by the same clock"


def test_a_silent_node_with_power_counts_as_active_because_it_may_be_frozen() -> None:
    assert activity(track((1.0, True), (1.3, True)), now=20.0) == [Interval(1.0, 20.0)]


def test_a_node_that_was_frozen_was_active_all_the_while() -> None:
    assert activity(track((1.0, True), (15.0, True), (15.3, False)), 20.0) == [Interval(1.0, 15.0)]


def test_a_node_without_power_is_not_active() -> None:
    assert activity(track((1.0, True), (1.3, True), off=[1.5, 1.7]), 20.0) == [Interval(1.0, 1.3)]


def test_a_node_that_came_back_from_a_power_cut_is_judged_by_its_samples() -> None:
    seen = track((1.0, True), off=[1.5])
    seen.samples.append(Sample(20.0, "b2", True, False))
    assert activity(seen, 30.0) == [Interval(1.0, 1.0), Interval(20.0, 30.0)]


def test_a_restart_ends_the_activity_of_the_former_boot() -> None:
    """A kernel that panicked and booted again did nothing in between."""
    seen = track((1.0, True), (1.3, True))
    seen.samples.append(Sample(20.0, "b2", False, False))
    assert activity(seen, 30.0) == [Interval(1.0, 1.3)]


class Dead:
    """A lab whose nodes have no power."""

    dir = Path("/nonexistent")

    def power_state(self, node: str) -> str:
        return "off"


def test_the_observer_names_overlaps() -> None:
    observer = Observer(Dead(), ["a", "b"], Watch("/srv/shop", "192.168.1.10"))
    for node, times in (("a", (1.0, 1.3, 1.6)), ("b", (1.5, 1.8))):
        for when in times:
            observer.add(node, Sample(when, "boot", True, False))
        observer.add(node, Sample(times[-1] + 0.3, "boot", False, False))
    assert observer.both_active() == [Interval(1.5, 1.6)]
    assert observer.wait_answering(timeout=1.0)


@pytest.mark.parametrize(
    ("watch", "mounted", "addressed"),
    [
        (Watch("/proc", "127.0.0.1"), True, True),
        (Watch("/pro", "127.0.0.10"), False, False),
        (Watch("/proc", "::1"), True, True),
        (Watch("/proc", "fd00::1"), True, False),
    ],
)
def test_the_probe_reads_this_machine(watch: Watch, mounted: bool, addressed: bool) -> None:
    done = subprocess.run(
        ["sh", "-c", probe_command(watch, 0.05)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 1  # the end of its input ends it
    sample = parse(lines[0])
    assert sample is not None
    assert (sample.mounted, sample.addressed) == (mounted, addressed)
