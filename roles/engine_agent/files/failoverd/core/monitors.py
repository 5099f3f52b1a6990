# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the monitors found, apart from failed resources: noted down, and told when it gets worse."""

from __future__ import annotations

from .events import DeviceChecked, DiskTried, Eligible, Reached, SpaceUsed
from .message import Reach
from .state import Service
from .turn import Turn

FILLING = (80, 90, 95)
"""Percentages of a file system's use that are told (F45)."""
FILLING_SLACK = 5
ROOM_BYTES = 32 << 20
"""PostgreSQL begins with a new segment of its log, of 16 MiB, and writes more while it recovers."""
CRAMPED = 95
"""Below this percentage even a small file system has room."""


def reached(turn: Turn, event: Reached) -> None:
    """The ping targets of the service network answer, or do not (F22, F23)."""
    if event.reach is turn.state.reach:
        return
    turn.set(reach=event.reach)
    lost = event.reach is Reach.LOST
    word = "has lost" if lost else "reaches"
    turn.note("reach", f"{turn.state.config.node} {word} its ping targets", alert=lost)


def eligible(turn: Turn, event: Eligible) -> None:
    """This node may own services, or may not: a watchdog that is required is absent (F29)."""
    if event.why == turn.state.ineligible:
        return
    since = turn.state.ineligible_since if turn.state.ineligible else turn.now
    turn.set(ineligible=event.why, ineligible_since=since)
    node = turn.state.config.node
    text = f"{node} may not own services: {event.why}" if event.why else f"{node} may own services"
    turn.note("eligible", text, alert=bool(event.why))


def device_checked(turn: Turn, event: DeviceChecked) -> None:
    """F24: a fence device that fails is told now, not on the day of the failover."""
    bad, peer = turn.state.bad_devices, turn.state.config.peer
    levels = turn.state.config.levels
    name = levels[event.level] if event.level < len(levels) else str(event.level)
    if not event.ok and event.level not in bad:
        turn.set(bad_devices=(*bad, event.level))
        text = f"{name}: the fence device of {peer} fails: {event.detail}"
        turn.note("fence-device-failed", text, alert=True)
    elif event.ok and event.level in bad:
        turn.set(bad_devices=tuple(level for level in bad if level != event.level))
        turn.note("fence-device-back", f"{name}: the fence device of {peer} answers again")


def space_used(turn: Turn, service: Service, event: SpaceUsed) -> None:
    """F45: told once for each threshold that is passed on the way up."""
    passed = max((limit for limit in FILLING if event.percent >= limit), default=0)
    if passed > service.filled:
        text = f"{service.name}: its file system is {event.percent} % full"
        turn.note("filling", text, service.name, alert=True)
    if passed > service.filled or event.percent < service.filled - FILLING_SLACK:
        turn.set_service(service.name, filled=passed)
    turn.set_service(service.name, cramped=_cramped(event))


def _cramped(event: SpaceUsed) -> str:
    """F91: no percentage says it alone: one hundredth of a large disk is plenty."""
    if event.room is None or event.room >= ROOM_BYTES or event.percent < CRAMPED:
        return ""
    return (
        f"its file system {event.path} is {event.percent} % full; a start needs"
        f" {ROOM_BYTES >> 20} MiB there, and {event.room >> 20} MiB are free; delete or move away"
        f" what is not needed (du -xh -d 1 {event.path} shows what is large), then ask again"
    )


def disk_tried(turn: Turn, service: Service, event: DiskTried) -> None:
    """F44: a disk that hangs or fails below DRBD makes this node unfit for the service."""
    if event.why == service.sick:
        return
    where = f"{service.name}: the disk on {turn.state.config.node}"
    if event.why:
        turn.note("disk-sick", f"{where} {event.why}", service.name, alert=True)
    else:
        turn.note("disk-well", f"{where} can be read again", service.name)
    turn.set_service(service.name, sick=event.why)
