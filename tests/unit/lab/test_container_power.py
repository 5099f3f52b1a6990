# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power switch of the containers obeys known words for known nodes only."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from lab.containers import power
from lab.containers.power import Switch


class Power:
    """An engine of one container, and what it was told."""

    def __init__(self) -> None:
        self.on = True
        self.told: list[str] = []

    def running(self, container: str) -> bool:
        return self.on

    def kill(self, container: str) -> None:
        self.told.append(f"kill {container}")
        self.on = False

    def start(self, container: str) -> None:
        self.told.append(f"start {container}")
        self.on = True


def said(engine: Power, *requests: str) -> list[str]:
    """The answers of a switch with one plug."""
    switch = Switch(engine, {"node1": "box"})  # type: ignore[arg-type]
    return [asyncio.run(switch.answer(request)) for request in requests]


def test_the_answer_is_the_state_that_was_reached() -> None:
    engine = Power()
    assert said(engine, "off node1", "status node1", "on node1\n") == ["off", "off", "on"]
    assert engine.told == ["kill box", "start box"]


def test_a_node_that_resets_itself_comes_back() -> None:
    engine = Power()
    assert said(engine, "reset node1") == ["on"]
    assert engine.told == ["kill box", "start box"]


@pytest.mark.parametrize("request_", ["off node2", "burn node1", "off", "", "off node1 node2"])
def test_nothing_is_switched_for_what_is_not_understood(request_: str) -> None:
    engine = Power()
    assert said(engine, request_)[0].startswith("error ")
    assert engine.told == []


def test_a_node_is_on_until_what_its_disks_held_back_is_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy = ["/dev/one"]
    monkeypatch.setattr(power, "claimed", lambda device: device in busy)
    engine = Power()
    disks = {"node1": ["/dev/one", "/dev/two"]}
    switch = Switch(engine, {"node1": "box"}, disks)  # type: ignore[arg-type]
    assert asyncio.run(switch.answer("off node1")) == "on" and not engine.on
    busy.clear()
    assert asyncio.run(switch.answer("status node1")) == "off"


def test_a_mounted_disk_is_claimed(tmp_path: Path) -> None:
    image = tmp_path / "disk"
    with image.open("wb") as handle:
        handle.truncate(8 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    attached = ["losetup", "--find", "--show", str(image)]
    device = subprocess.run(attached, check=True, capture_output=True, text=True).stdout.strip()
    place = tmp_path / "mounted"
    place.mkdir()
    try:
        assert not power.claimed(device)
        subprocess.run(["mount", device, str(place)], check=True)
        try:
            assert power.claimed(device)
        finally:
            subprocess.run(["umount", str(place)], check=True)
        assert not power.claimed(device)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
