# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a service on this node: probed, started, recovered, stopped."""

from __future__ import annotations

from typing import Any

from . import placement, transitions
from .actions import Own, Probe, Recover, Reply, Stop
from .events import Found, OpDone, Probed, ResourceFailed
from .message import Local
from .modes import is_on
from .state import Life, Proof, Repair, Right, Service, State
from .transitions import Cause
from .turn import Turn

LONELY = 3
"""With nowhere to go, this many times the restarts are tried before giving up (F49)."""


def enter(turn: Turn, service: Service, cause: Cause, **changes: Any) -> Service:
    """The only way into another state: the table says which, or that there is none.

    F47: a failed stop dooms this node until the service is looked at again and something is found,
    whatever that is: what people have repaired runs on, what is half up is stopped anew.
    """
    known = turn.service(service.name)
    local = transitions.after(known.local, cause)
    doomed = cause is Cause.STOP_FAILED or (cause is Cause.LOOK_AGAIN and known.doomed)
    return turn.set_service(service.name, local=local, since=turn.now, doomed=doomed, **changes)


def limit_s(state: State, service: Service) -> float:
    """How long the order under way may go without an answer."""
    limits = placement.config_of(state, service.name).limits
    return {
        Local.STARTING: limits.start_s,
        Local.RECOVERING: limits.recover_s,
        Local.STOPPING: limits.stop_s,
    }.get(service.local, limits.probe_s)


def order(turn: Turn, service: Service) -> int:
    """Number an order that is given to the service as it is now, and begin its limit.

    The shell finishes one order of a service before it begins the next.
    """
    service = turn.service(service.name)
    begins = max(turn.now, service.op_until) if service.op else turn.now
    op = turn.number()
    until = begins + limit_s(turn.state, service)
    turn.set_service(service.name, op=op, op_until=until, doing="", overtime=False, told_s=0.0)
    return op


def probe(turn: Turn, service: Service) -> None:
    """Order a look at what is there."""
    turn.do(Probe(service.name, order(turn, service)))


def look_again(turn: Turn, service: Service) -> None:
    """What is here may have been changed by people: find out before anything is decided on it."""
    if service.op or service.grant is not None:
        return
    if service.local in (Local.STOPPED, Local.BROKEN):
        service = enter(turn, service, Cause.LOOK_AGAIN, claim=0)
    probe(turn, service)


def probed(turn: Turn, service: Service, event: Probed) -> None:
    """F31: what this node started before its daemon restarted is taken up again, untouched."""
    if event.op != service.op:
        return
    service = turn.set_service(
        service.name, op=0, generation=max(service.generation, event.generation)
    )
    if service.local is Local.RUNNING:
        _probed_running(turn, service, event)
    elif event.found is Found.STOPPED:
        _settle_stopped(turn, service, Cause.FOUND_STOPPED)
    elif not event.mine:
        # F58: somebody started it by hand. Not ours to stop, and not safe to start anywhere.
        text = f"found {event.found.value}, not started by the cluster"
        enter(turn, service, Cause.FOUND_FOREIGN, why=text)
        turn.note(
            "by-hand", f"{service.name}: {text} {event.detail}".rstrip(), service.name, alert=True
        )
    elif event.found is Found.RUNNING:
        if event.repair:
            service = turn.set_service(service.name, repair=Repair.OPEN)
        turn.note("adopted", f"{service.name} goes on running here", service.name)
        enter(turn, service, Cause.FOUND_RUNNING, right=Right.ADOPTED, why="")
    else:
        turn.note("partial", f"{service.name} is half up: {event.detail}", service.name, alert=True)
        if not is_on(turn.state.modes.maintenance):  # F66: looked at again when it ends
            service = turn.set_service(service.name, right=Right.ADOPTED)
            stop(turn, service, Cause.FOUND_PARTIAL)


def _probed_running(turn: Turn, service: Service, event: Probed) -> None:
    if event.found is Found.RUNNING:
        return
    text = f"found {event.found.value} {event.detail}".rstrip()
    if is_on(turn.state.modes.maintenance):
        turn.note(
            "watched", f"{service.name}: {text}; maintenance mode is on", service.name, alert=True
        )
    else:
        fail(turn, service, text)


def op_done(turn: Turn, service: Service, event: OpDone) -> None:
    """A start, stop or recovery has ended."""
    if event.op != service.op:
        return
    service = turn.set_service(service.name, op=0, doing="")
    if service.local is Local.STOPPING:
        _stop_done(turn, service, event)
    elif not event.ok:
        fail(turn, service, event.reason)
    else:
        starting = service.local is Local.STARTING
        text = "running" if starting else "recovered"
        node = turn.state.config.node
        if service.repair is not Repair.NONE:
            _opened(turn, service, f"the storage of {service.name} is open on {node}, for repair")
        else:
            turn.note(text, f"{service.name} is {text} on {node}", service.name)
        enter(turn, service, Cause.STARTED if starting else Cause.RECOVERED, why="")


def resource_failed(turn: Turn, service: Service, event: ResourceFailed) -> None:
    """F50: restarted in place while the threshold lasts, then moved."""
    if service.local is not Local.RUNNING or service.op:
        return
    text = f"{service.name}: {event.resource} {event.reason}"
    turn.note("resource-failed", text, service.name, alert=True)
    if is_on(turn.state.modes.maintenance) or service.repair is not Repair.NONE:  # F66, F91
        return
    recent = placement.recent_restarts(turn, service)
    report = turn.report(service.name)
    other = turn.state.peer.life is Life.ALIVE and report is not None and report.able
    limit = placement.config_of(turn.state, service.name).restarts
    urgent = event.resource if event.silent else ""
    if len(recent) >= (limit if other else LONELY * limit):
        fail(turn, service, f"{event.resource} {event.reason}", urgent)
        return
    service = enter(turn, service, Cause.RECOVER, restarts=(*recent, turn.now)[-100:])
    turn.do(Recover(service.name, order(turn, service), event.resource, urgent))


def fail(turn: Turn, service: Service, reason: str, urgent: str = "") -> None:
    """F48: remember the failure and stop, in reverse, what was started."""
    turn.note("failed", f"{service.name} failed here: {reason}", service.name, alert=True)
    service = turn.set_service(service.name, failed_at=turn.now, failure=reason)
    stop(turn, service, Cause.FAILED, urgent)


def stop(turn: Turn, service: Service, cause: Cause, urgent: str = "") -> None:
    """Order the stop of whatever is up. urgent: what does not answer, and need not be waited for.

    F51: the recovery after a crash is quicker than courtesy towards what cannot even hear it.
    """
    service = enter(turn, service, cause)
    turn.do(Stop(service.name, order(turn, service), urgent))


def _settle_stopped(turn: Turn, service: Service, cause: Cause) -> None:
    """It is provably down here: the right to it is given back."""
    enter(turn, service, cause, right=Right.NONE, mine=False, cramped="")
    turn.do(Own(service.name, False, service.generation))
    closing = service.repair is Repair.CLOSING
    if closing:
        turn.set_service(service.name, failed_at=None, failure="", restarts=())
    text = f"the storage of {service.name} is closed, its failures are forgotten"
    end_repair(turn, service, closing, text if closing else f"{service.name}: {service.failure}")


def _opened(turn: Turn, service: Service, text: str) -> None:
    turn.note("repair", text, service.name, alert=True)
    if service.repair_request:
        turn.do(Reply(service.repair_request, True, text))
    turn.set_service(service.name, repair_request=0)


def end_repair(turn: Turn, service: Service, ok: bool, text: str) -> None:
    """Its storage is not open for people any more, or will not be; whoever waits is told."""
    if service.repair is Repair.NONE:
        return
    turn.note("repair-ended", text, service.name, alert=not ok)
    if service.repair_request:
        turn.do(Reply(service.repair_request, ok, text))
    turn.set_service(service.name, repair=Repair.NONE, repair_request=0, repair_until=0.0, claim=0)


def _stop_done(turn: Turn, service: Service, event: OpDone) -> None:
    if event.ok:
        turn.note("stopped", f"{service.name} is stopped on {turn.state.config.node}", service.name)
        if service.proof is Proof.LOCK:
            # Its lock was given back with it: the peer may have taken it since.
            service = turn.set_service(service.name, proof=Proof.NONE)
        _settle_stopped(turn, service, Cause.STOPPED)
        return
    # F47: what could not be stopped may run on; only exclusion of this node ends that.
    text = f"{service.name} could not be stopped: {event.reason}"
    turn.note("stop-failed", text, service.name, alert=True)
    end_repair(turn, service, False, text)
    enter(turn, service, Cause.STOP_FAILED, why=event.reason)
