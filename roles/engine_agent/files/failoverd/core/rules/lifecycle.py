# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a service on this node: it is probed, started, recovered, stopped."""

from __future__ import annotations

from typing import Any

from failoverd.core import placement, transitions
from failoverd.core.actions import Own, Probe, Recover, Reply, Stop
from failoverd.core.events import Found, OpDone, Probed, ResourceFailed
from failoverd.core.facts import peer_takes
from failoverd.core.message import Local
from failoverd.core.state import Proof, Repair, Service
from failoverd.core.transitions import Cause
from failoverd.core.workbench import Step, View

LONELY = 3
"""If the peer cannot take the service, it is restarted this many times as often (F49)."""


def enter(step: Step, service: Service, cause: Cause, **changes: Any) -> Service:
    """The only way into another state: the table says which, or that there is none.

    F47: a failed stop dooms this node until the service is looked at again and something is found,
    whatever that is: what people have repaired runs on, what is half up is stopped anew.
    """
    known = step.service(service.name)
    local = transitions.after(known.local, cause)
    doomed = cause is Cause.STOP_FAILED or (cause is Cause.LOOK_AGAIN and known.doomed)
    return step.set_service(service.name, local=local, since=step.now, doomed=doomed, **changes)


def limit_s(view: View, service: Service) -> float:
    """How long the order under way may go without an answer."""
    limits = view.settings(service).limits
    return {
        Local.STARTING: limits.start_s,
        Local.RECOVERING: limits.recover_s,
        Local.STOPPING: limits.stop_s,
    }.get(service.local, limits.probe_s)


def order(step: Step, service: Service) -> int:
    """Number an order that is given to the service as it is now, and begin its limit.

    The shell finishes one order of a service before it begins the next.
    """
    service = step.service(service.name)
    begins = max(step.now, service.op_until) if service.op else step.now
    op = step.number()
    until = begins + limit_s(step, service)
    step.set_service(service.name, op=op, op_until=until, doing="", overtime=False, told_s=0.0)
    return op


def probe(step: Step, service: Service) -> None:
    """Order a look at what is there."""
    step.do(Probe(service.name, order(step, service)))


def look_again(step: Step, service: Service) -> None:
    """What is here may have been changed by people: find out before anything is decided on it."""
    if service.op or service.grant is not None:
        return
    if service.local in (Local.STOPPED, Local.BROKEN):
        service = enter(step, service, Cause.LOOK_AGAIN, claim=0)
    probe(step, service)


def probed(step: Step, service: Service, event: Probed) -> None:
    """F31: what this node started before its daemon restarted is taken up again, untouched."""
    if event.op != service.op:
        return
    service = step.set_service(
        service.name, op=0, generation=max(service.generation, event.generation)
    )
    if service.local is Local.RUNNING:
        _probed_running(step, service, event)
    elif event.found is Found.STOPPED:
        _settle_stopped(step, service, Cause.FOUND_STOPPED)
    elif not event.mine:
        # F58: somebody started it by hand. Not ours to stop, and not safe to start anywhere.
        text = f"found {event.found.value}, not started by the cluster"
        enter(step, service, Cause.FOUND_FOREIGN, why=text)
        step.note(
            "by-hand", f"{service.name}: {text} {event.detail}".rstrip(), service.name, alert=True
        )
    elif event.found is Found.RUNNING:
        if event.repair:
            service = step.set_service(service.name, repair=Repair.OPEN)
        step.note("adopted", f"{service.name} goes on running here", service.name)
        enter(step, service, Cause.FOUND_RUNNING, rightful=True, why="")
    else:
        step.note("partial", f"{service.name} is half up: {event.detail}", service.name, alert=True)
        if not step.maintenance:  # F66: looked at again when it ends
            service = step.set_service(service.name, rightful=True)
            stop(step, service, Cause.FOUND_PARTIAL)


def _probed_running(step: Step, service: Service, event: Probed) -> None:
    if event.found is Found.RUNNING:
        return
    text = f"found {event.found.value} {event.detail}".rstrip()
    if step.maintenance:
        step.note(
            "watched", f"{service.name}: {text}; maintenance mode is on", service.name, alert=True
        )
    else:
        fail(step, service, text)


def op_done(step: Step, service: Service, event: OpDone) -> None:
    """A start, stop or recovery has ended."""
    if event.op != service.op:
        return
    service = step.set_service(service.name, op=0, doing="")
    if service.local is Local.STOPPING:
        _stop_done(step, service, event)
    elif not event.ok:
        fail(step, service, event.reason)
    else:
        starting = service.local is Local.STARTING
        text = "running" if starting else "recovered"
        node = step.node
        if service.repair is not Repair.NONE:
            _opened(step, service, f"the storage of {service.name} is open on {node}, for repair")
        else:
            step.note(text, f"{service.name} is {text} on {node}", service.name)
        enter(step, service, Cause.STARTED if starting else Cause.RECOVERED, why="")


def resource_failed(step: Step, service: Service, event: ResourceFailed) -> None:
    """F50: restarted in place while the threshold lasts, then moved."""
    if service.local is not Local.RUNNING or service.op:
        return
    text = f"{service.name}: {event.resource} {event.reason}"
    step.note("resource-failed", text, service.name, alert=True)
    if step.maintenance or service.repair is not Repair.NONE:  # F66, F91
        return
    recent = placement.recent_restarts(step, service)
    limit = step.settings(service).restarts * (1 if peer_takes(step, service) else LONELY)
    urgent = event.resource if event.silent else ""
    if len(recent) >= limit:
        fail(step, service, f"{event.resource} {event.reason}", urgent)
        return
    service = enter(step, service, Cause.RECOVER, restarts=(*recent, step.now)[-100:])
    step.do(Recover(service.name, order(step, service), event.resource, urgent))


def fail(step: Step, service: Service, reason: str, urgent: str = "") -> None:
    """F48: remember the failure and stop, in reverse, what was started."""
    step.note("failed", f"{service.name} failed here: {reason}", service.name, alert=True)
    service = step.set_service(service.name, failed_at=step.now, failure=reason)
    stop(step, service, Cause.FAILED, urgent)


def stop(
    step: Step, service: Service, cause: Cause, urgent: str = "", *, planned: bool = False
) -> None:
    """Order the stop of whatever is up. urgent: what does not answer, and need not be waited for.

    F51: the recovery after a crash is quicker than courtesy towards what cannot even hear it.
    planned: it serves its clients well, and every moment until it stops is a gain for them.
    """
    service = enter(step, service, cause)
    step.do(Stop(service.name, order(step, service), urgent, planned))


def _settle_stopped(step: Step, service: Service, cause: Cause) -> None:
    """It is provably down here: the right to it is given back."""
    enter(step, service, cause, rightful=False, mine=False, cramped="")
    step.do(Own(service.name, False, service.generation))
    closing = service.repair is Repair.CLOSING
    if closing:
        step.set_service(service.name, failed_at=None, failure="", restarts=())
    text = f"the storage of {service.name} is closed, its failures are forgotten"
    end_repair(step, service, closing, text if closing else f"{service.name}: {service.failure}")


def _opened(step: Step, service: Service, text: str) -> None:
    step.note("repair", text, service.name, alert=True)
    if service.repair_request:
        step.do(Reply(service.repair_request, True, text))
    step.set_service(service.name, repair_request=0)


def end_repair(step: Step, service: Service, ok: bool, text: str) -> None:
    """Its storage is not open for people any more, or will not be; whoever waits is told."""
    if service.repair is Repair.NONE:
        return
    step.note("repair-ended", text, service.name, alert=not ok)
    if service.repair_request:
        step.do(Reply(service.repair_request, ok, text))
    step.set_service(service.name, repair=Repair.NONE, repair_request=0, repair_until=0.0, claim=0)


def _stop_done(step: Step, service: Service, event: OpDone) -> None:
    if event.ok:
        step.note("stopped", f"{service.name} is stopped on {step.node}", service.name)
        if service.proof is Proof.LOCK:
            # Its lock was given back with it: the peer may have taken it since.
            service = step.set_service(service.name, proof=Proof.NONE)
        _settle_stopped(step, service, Cause.STOPPED)
        return
    # F47: what could not be stopped may run on; only exclusion of this node ends that.
    text = f"{service.name} could not be stopped: {event.reason}"
    step.note("stop-failed", text, service.name, alert=True)
    end_repair(step, service, False, text)
    enter(step, service, Cause.STOP_FAILED, why=event.reason)
