# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storage of a stopped service, open alone on one node, for people who repair what is on it.

F91: a file system that is full or a database that does not start can be mended only where the disk
is. So its storage is started as the service would be, by the same leave of the peer or the same
proof, under the next generation, but none of its applications. While it is open nothing else is
done with the service: no recovery, no move. When the node is excluded, the peer takes over as ever.
"""

from __future__ import annotations

from failoverd.core import placement
from failoverd.core.actions import Reply
from failoverd.core.events import Command
from failoverd.core.message import Local
from failoverd.core.state import Repair, Service
from failoverd.core.transitions import Cause
from failoverd.core.workbench import Step

from . import lifecycle


def opened(step: Step, event: Command) -> str:
    """An operator wants it open here. Returns a refusal or nothing."""
    name = event.argument
    service = step.state.service(name)
    if service is None:
        return f"no service {name!r}; there is: {', '.join(s.name for s in step.services)}"
    if service.repair is Repair.OPEN and service.local is Local.RUNNING:
        step.do(Reply(event.request, True, f"the storage of {name} is open already"))
        return ""
    if service.repair is not Repair.NONE:
        return f"the storage of {name} is being opened or closed: ask again when it is done"
    if service.local is not Local.STOPPED or service.move is not None:
        where = f"{service.local.value} on {step.node}"
        return f"{name} is {where}: only the storage of a stopped service is opened alone"
    until = step.now + step.timing.move_s
    service = step.set_service(
        name, repair=Repair.OPEN, repair_request=event.request, repair_until=until
    )
    who = event.who or "?"
    text = f"{name}: its storage alone is to be opened on {step.node} for repair"
    step.note("repair", f"{text}, asked by {who}", name, alert=True)
    watch(step, service)
    return ""


def closed(step: Step, event: Command) -> str:
    """An operator has done with it. Returns a refusal or nothing."""
    name = event.argument
    service = step.state.service(name)
    if service is None or service.repair is not Repair.OPEN or service.local is not Local.RUNNING:
        there = step.report(name)
        if there is not None and there.why == placement.REPAIRED:
            return f"the storage of {name} is open on {step.peer_name}: close it there"
        return f"the storage of {name} is not open for repair on {step.node}"
    service = step.set_service(name, repair=Repair.CLOSING, repair_request=event.request)
    step.note("repair", f"{name}: its storage is closed, asked by {event.who or '?'}", name)
    lifecycle.stop(step, service, Cause.MOVE)
    return ""


def watch(step: Step, service: Service) -> None:
    """A wish that cannot come true ends; what waits for the peer's leave waits for a while."""
    if service.repair is not Repair.OPEN or service.local is not Local.STOPPED:
        return
    report, peer = step.report(service.name), step.peer_name
    why = placement.unable(step, service)
    if step.maintenance:
        why = "maintenance mode is on: nothing is started; end it with failoverctl maintenance off"
    elif report is not None and report.local is not Local.STOPPED:
        why = f"on {peer} it is {report.local.value}"
    elif not why and step.passed(service.repair_until):
        why = service.why or f"{peer} gave no leave"
    if why:
        lifecycle.end_repair(step, service, False, f"{service.name} cannot be opened: {why}")
