# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which disk is read from time to time for a service (F44)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from failoverd.core.lock import Times
from failoverd.fencing.sfex.block import Place
from failoverd.monitors.wiring import disk_below
from failoverd.resources.service import Service
from failoverd.resources.sfex import Sfex


def service(drbd: str = "", shared: str = "") -> Service:
    """One with these disks."""
    resources: dict[str, Any] = {"address": object()}
    if shared:
        lock = SimpleNamespace(place=Place("c", "shop", "node1", shared, 1, Times()))
        resources["sfex"] = Sfex(cast(Any, None), cast(Any, lock), lambda *_alert: None)
    disk = SimpleNamespace(options=SimpleNamespace(disk=drbd)) if drbd else None
    return cast(Service, SimpleNamespace(drbd=disk, resources=resources))


def test_below_drbd_it_is_the_backing_device() -> None:
    assert disk_below(service(drbd="/dev/vdb")) == "/dev/vdb"


def test_of_a_shared_disk_it_is_that_of_the_lock() -> None:
    """A node that has lost its path to it is no place to move to, and has to say so in time."""
    assert disk_below(service(shared="/dev/mapper/lun")) == "/dev/mapper/lun"


def test_a_service_without_a_disk_has_none_to_read() -> None:
    assert disk_below(service()) == ""
