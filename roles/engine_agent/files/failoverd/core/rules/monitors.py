# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes in what the monitors found, apart from failed resources, and warns when it gets worse."""

from __future__ import annotations

from failoverd.core.events import DeviceChecked, DiskTried, Eligible, Reached, SpaceUsed
from failoverd.core.message import Reach
from failoverd.core.state import Service
from failoverd.core.workbench import Step

FILLING = (80, 90, 95)
"""Percentages of a file system's use that are told (F45)."""
FILLING_SLACK = 5
ROOM_BYTES = 32 << 20
"""PostgreSQL begins with a new segment of its log, of 16 MiB, and writes more while it recovers."""
CRAMPED = 95
"""Below this percentage even a small file system has room."""


def reached(step: Step, event: Reached) -> None:
    """The ping targets of the service network answer, or do not (F22, F23)."""
    if event.reach is step.state.reach:
        return
    step.set(reach=event.reach)
    lost = event.reach is Reach.LOST
    word = "has lost" if lost else "reaches"
    step.note("reach", f"{step.node} {word} its ping targets", alert=lost)


def eligible(step: Step, event: Eligible) -> None:
    """This node may own services, or may not: a watchdog that is required is absent (F29)."""
    if event.why == step.state.ineligible:
        return
    since = step.state.ineligible_since if step.state.ineligible else step.now
    step.set(ineligible=event.why, ineligible_since=since)
    node = step.node
    text = f"{node} may not own services: {event.why}" if event.why else f"{node} may own services"
    step.note("eligible", text, alert=bool(event.why))


def device_checked(step: Step, event: DeviceChecked) -> None:
    """F24: a fence device that fails is told now, not on the day of the failover."""
    bad, peer = step.state.bad_devices, step.peer_name
    levels = step.config.levels
    name = levels[event.level] if event.level < len(levels) else str(event.level)
    if not event.ok and event.level not in bad:
        step.set(bad_devices=(*bad, event.level))
        text = f"{name}: the fence device of {peer} fails: {event.detail}"
        step.note("fence-device-failed", text, alert=True)
    elif event.ok and event.level in bad:
        step.set(bad_devices=tuple(level for level in bad if level != event.level))
        step.note("fence-device-back", f"{name}: the fence device of {peer} answers again")


def space_used(step: Step, service: Service, event: SpaceUsed) -> None:
    """F45: told once for each threshold that is passed on the way up."""
    passed = max((limit for limit in FILLING if event.percent >= limit), default=0)
    if passed > service.filled:
        text = f"{service.name}: its file system is {event.percent} % full"
        step.note("filling", text, service.name, alert=True)
    if passed > service.filled or event.percent < service.filled - FILLING_SLACK:
        step.set_service(service.name, filled=passed)
    step.set_service(service.name, cramped=_cramped(event))


def _cramped(event: SpaceUsed) -> str:
    """F91: no percentage says it alone: one hundredth of a large disk is plenty."""
    if event.room is None or event.room >= ROOM_BYTES or event.percent < CRAMPED:
        return ""
    return (
        f"its file system {event.path} is {event.percent} % full; a start needs"
        f" {ROOM_BYTES >> 20} MiB there, and {event.room >> 20} MiB are free; delete or move away"
        f" what is not needed (du -xh -d 1 {event.path} shows what is large), then ask again"
    )


def disk_tried(step: Step, service: Service, event: DiskTried) -> None:
    """F44: a disk that hangs or fails below DRBD makes this node unfit for the service."""
    if event.why == service.sick:
        return
    where = f"{service.name}: the disk on {step.node}"
    if event.why:
        step.note("disk-sick", f"{where} {event.why}", service.name, alert=True)
    else:
        step.note("disk-well", f"{where} can be read again", service.name)
    step.set_service(service.name, sick=event.why)
