# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a service on this node: probed, started, recovered, stopped."""

from __future__ import annotations

from . import placement
from .actions import Own, Probe, Recover, Stop
from .events import Found, OpDone, Probed, ResourceFailed
from .message import Local
from .state import Life, Right, Service
from .turn import Turn

LONELY = 3
"""With nowhere to go, this many times the restarts are tried before giving up (F49)."""


def probe(turn: Turn, service: Service) -> None:
    """Order a look at what is there."""
    op = turn.number()
    turn.set_service(service, op=op)
    turn.do(Probe(service.name, op))


def probed(turn: Turn, service: Service, event: Probed) -> None:
    """F31: what this node started before its daemon restarted is taken up again, untouched."""
    if event.op != service.op:
        return
    service = turn.set_service(service, op=0, generation=max(service.generation, event.generation))
    if service.local is Local.RUNNING:
        if event.found is not Found.RUNNING:
            fail(turn, service, f"found {event.found.value} after a pause {event.detail}".strip())
        return
    if event.found is Found.STOPPED:
        settle_stopped(turn, service)
    elif not event.mine:
        # F58: somebody started it by hand. Not ours to stop, and not safe to start anywhere.
        _enter(
            turn, service, Local.BROKEN, f"found {event.found.value}, not started by the cluster"
        )
        turn.note(
            "by-hand",
            f"{service.name} is {event.found.value} here although the cluster did not start it"
            f" {event.detail}".rstrip(),
            service.name,
            alert=True,
        )
    elif event.found is Found.RUNNING:
        turn.note("adopted", f"{service.name} goes on running here", service.name)
        turn.set_service(service, local=Local.RUNNING, since=turn.now, right=Right.ADOPTED, why="")
    else:
        turn.note(
            "partial", f"{service.name} was half up: {event.detail}", service.name, alert=True
        )
        stop(turn, turn.set_service(service, right=Right.ADOPTED))


def op_done(turn: Turn, service: Service, event: OpDone) -> None:
    """A start, stop or recovery has ended."""
    if event.op != service.op:
        return
    service = turn.set_service(service, op=0)
    if service.local is Local.STOPPING:
        _stop_done(turn, service, event)
    elif service.local in (Local.STARTING, Local.RECOVERING):
        if event.ok:
            text = "running" if service.local is Local.STARTING else "recovered"
            turn.note(text, f"{service.name} is {text} on {turn.state.config.node}", service.name)
            turn.set_service(service, local=Local.RUNNING, since=turn.now, why="")
        else:
            fail(turn, service, event.reason)


def resource_failed(turn: Turn, service: Service, event: ResourceFailed) -> None:
    """F50: restarted in place while the threshold lasts, then moved."""
    if service.local is not Local.RUNNING or service.op:
        return
    turn.note(
        "resource-failed",
        f"{service.name}: {event.resource} {event.reason}",
        service.name,
        alert=True,
    )
    expiry = turn.state.config.timing.failure_expiry_s
    recent = tuple(t for t in service.restarts if turn.now - t < expiry)
    report = turn.report(service.name)
    other = turn.state.peer.life is Life.ALIVE and report is not None and report.able
    limit = placement.config_of(turn.state, service.name).restarts
    if len(recent) >= (limit if other else LONELY * limit):
        fail(turn, service, f"{event.resource} {event.reason}")
        return
    op = turn.number()
    turn.set_service(
        service,
        local=Local.RECOVERING,
        since=turn.now,
        op=op,
        restarts=(*recent, turn.now)[-100:],
    )
    turn.do(Recover(service.name, op, event.resource))


def fail(turn: Turn, service: Service, reason: str) -> None:
    """F48: remember the failure and stop, in reverse, what was started."""
    turn.note("failed", f"{service.name} failed here: {reason}", service.name, alert=True)
    stop(turn, turn.set_service(service, failed_at=turn.now, failure=reason))


def stop(turn: Turn, service: Service) -> None:
    """Order the stop of whatever is up."""
    op = turn.number()
    turn.set_service(service, local=Local.STOPPING, since=turn.now, op=op)
    turn.do(Stop(service.name, op))


def settle_stopped(turn: Turn, service: Service) -> None:
    """It is provably down here: the right to it is given back."""
    turn.set_service(service, local=Local.STOPPED, since=turn.now, right=Right.NONE, doomed=False)
    turn.do(Own(service.name, False, service.generation))


def _stop_done(turn: Turn, service: Service, event: OpDone) -> None:
    if event.ok:
        turn.note("stopped", f"{service.name} is stopped on {turn.state.config.node}", service.name)
        settle_stopped(turn, service)
        return
    # F47: what could not be stopped may run on; only exclusion of this node ends that.
    turn.note(
        "stop-failed",
        f"{service.name} could not be stopped: {event.reason}",
        service.name,
        alert=True,
    )
    _enter(turn, turn.set_service(service, doomed=True), Local.BROKEN, event.reason)


def _enter(turn: Turn, service: Service, local: Local, why: str) -> None:
    turn.set_service(service, local=local, since=turn.now, why=why)
