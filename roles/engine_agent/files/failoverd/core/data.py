# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data decides too: whose disk may be used, and when frozen I/O may go on (S2)."""

from __future__ import annotations

from . import lease, liveness
from .actions import AnswerHandler, Outdate, ResumeIO
from .events import Disk, HandlerAsked, HandlerGone
from .message import Local
from .state import Life, Service, Waiting
from .turn import Turn

PEER_OUTDATED = 4
"""fence-peer exit code: the peer outdated its own disk."""
PEER_FENCED = 7
"""fence-peer exit code: the peer was fenced and verified down."""
NOT_EXCLUDED = 1
"""fence-peer exit code that DRBD takes for failure: I/O stays frozen (F36)."""

RETRY_S = 0.5
SPLIT_SURE_S = 10.0
"""A kernel that is brought up is StandAlone until its resource is connected: no split brain yet."""
HANDLED_S = 2.0
"""How long the kernel's handler is given to ask, and the kernel to act on the answer, before the
order to resume."""
OUTDATED = ("Outdated", "Inconsistent")


def lacking(service: Service, replicated: bool) -> str:
    """Why this node's data may not be used, empty if it may: F08, F33, F42."""
    if not replicated:
        return ""
    if service.disk.split and service.split_at is not None:
        return "DRBD is not connected yet (StandAlone)"
    if service.disk.split:
        # F39: either copy may hold what the other lacks; which one to keep is for people to say.
        return "DRBD is StandAlone: the copies may have diverged; see the split-brain recovery"
    if service.split:
        # Its recovery begins on one node, whose copy may be the one that is to be discarded.
        return (
            "DRBD was StandAlone and has not connected since: the copies may have diverged;"
            " see the split-brain recovery"
        )
    if service.disk.current:
        return ""
    words = {
        "Outdated": "the disk is Outdated: the other node has newer data",
        "Inconsistent": "the disk is Inconsistent: a resync has not finished",
        "Consistent": "the disk is Consistent: whether the other node has newer data is not known",
        "Diskless": "the disk is Diskless: the backing device is detached",
        "Unknown": "the state of the disk is not known",
    }
    return words.get(service.disk.disk, f"the disk is {service.disk.disk}")


def diverged(service: Service) -> bool:
    """F39: the kernels refuse each other, and this copy is not known to be the older one."""
    split = service.disk.split or service.split
    return split and service.disk.disk in ("UpToDate", "Consistent")


def visibly_primary(service: Service) -> bool:
    """The peer's kernel says over the replication link that it is in use there (F12)."""
    return service.disk.connected and service.disk.peer_role == "Primary"


def ask(turn: Turn, event: HandlerAsked) -> None:
    """A fence-peer handler waits: DRBD lost the peer and has frozen the I/O (F06, F13)."""
    service = turn.state.service(event.service)
    if service is None or service.disk.connected:
        turn.do(AnswerHandler(event.request, NOT_EXCLUDED))  # F37
        return
    until = turn.now + turn.state.config.timing.handler_s
    waiting = (*service.waiting, Waiting(event.request, until))
    # A new number: what the peer promised for an earlier loss may have been resynced away since.
    turn.set_service(service.name, waiting=waiting, promise=turn.number())
    turn.note("frozen", f"{event.service}: I/O is frozen until the peer is excluded", event.service)


def forget(turn: Turn, event: HandlerGone) -> None:
    """The handler ended by itself: nobody waits for this answer any more."""
    for service in turn.state.services:
        rest = tuple(w for w in service.waiting if w.request != event.request)
        turn.set_service(service.name, waiting=rest)


def change(turn: Turn, service: Service, disk: Disk) -> None:
    """The kernel reports a new state of the disk."""
    old = service.disk
    service = turn.set_service(service.name, disk=disk)
    if disk.connected and not old.connected:
        # F37: the link is back, so the kernel takes no handler's word; evaluated again if it drops.
        for waiting in service.waiting:
            turn.do(AnswerHandler(waiting.request, NOT_EXCLUDED))
        service = turn.set_service(service.name, waiting=(), promise=0, split=False)
        liveness.power_returned(turn, "is on again: its kernel has connected")
    if disk.split != old.split:
        known = service.held or old.connection not in ("Unknown", "Unconfigured")
        sure_at = turn.now + (0.0 if known else SPLIT_SURE_S)
        left = turn.state.leaving < 0  # F61: the kernel's connection is taken down behind it
        split_at = sure_at if disk.split and not left else None
        service = turn.set_service(service.name, split_at=split_at)
    if disk.suspended and not old.suspended:
        if not old.connected:
            # F37: only a connection can be lost. It came and went while nobody looked.
            liveness.power_returned(turn, "was on again: its kernel had connected")
        # A loss, perhaps after a return that nobody saw: an older promise says nothing of it.
        # The kernel's handler is on its way: only if it fails there has to be an order (F36).
        later = turn.now + HANDLED_S
        service = turn.set_service(service.name, promise=turn.number(), next_resume=later)
    service = _outdated(turn, service)
    if disk.suspended != old.suspended:
        state = "frozen" if disk.suspended else "flows"
        turn.note("io", f"{service.name}: I/O {state}", service.name)


def doubt(turn: Turn) -> None:
    """F37: this daemon was held up, so the link may have returned and gone again unseen.

    What a peer promised before that may have been resynced away; it is asked anew. The events of it
    are still on their way, and a word of the peer may come first.
    """
    for service in turn.state.services:
        if service.promise and liveness.overdue(turn.state, turn.clock):
            turn.set_service(service.name, promise=turn.number())


def paused(turn: Turn) -> None:
    """F27, F37: the link may have come and gone meanwhile; only a Primary freezes and shows it."""
    replicated = {config.name for config in turn.state.config.services if config.replicated}
    for service in turn.state.services:
        shows = service.disk.role == "Primary" and not service.disk.suspended
        if service.name in replicated and not shows:
            liveness.power_returned(turn, "may have been on again: its kernel was not watched")


def settle(turn: Turn, service: Service) -> None:
    """Answer the handlers that can be answered; keep a promise to the peer; thaw what may flow."""
    if service.split_at is not None and turn.passed(service.split_at):  # F39
        text = f"{service.name}: DRBD is StandAlone: its copies may have diverged (split brain)"
        turn.note("split-brain", text, service.name, alert=True)
        service = turn.set_service(service.name, split_at=None, split=True)
    needed = service.held or service.waiting or service.disk.suspended
    if service.promise and not needed:
        service = turn.set_service(service.name, promise=0)
    service = _answer(turn, service)
    service = _keep_promise(turn, service)
    _resume(turn, service)


def _answer(turn: Turn, service: Service) -> Service:
    if not service.waiting:
        return service
    asked, left = service, []
    for waiting in service.waiting:
        code = _verdict(turn, asked, waiting)
        if code is None:
            left.append(waiting)
            continue
        turn.do(AnswerHandler(waiting.request, code))
        text = {
            PEER_FENCED: "the peer is gone: I/O may go on",
            PEER_OUTDATED: "the peer does not use its disk before a resync: I/O may go on",
        }.get(code, "the peer could not be excluded in time: I/O stays frozen")
        turn.note("handler", f"{service.name}: {text}", service.name, alert=code == NOT_EXCLUDED)
        # The kernel thaws by itself and takes no void answer; an order it would obey (F37).
        if code == NOT_EXCLUDED:
            service = turn.set_service(service.name, next_resume=turn.now + HANDLED_S)
        else:
            service = _spent(turn, service, HANDLED_S)
    return turn.set_service(service.name, waiting=tuple(left))


def _spent(turn: Turn, service: Service, pause_s: float) -> Service:
    """A promise is good for one answer: the next loss may have begun before it is seen (F37)."""
    return turn.set_service(service.name, promise=0, next_resume=turn.now + pause_s)


def _verdict(turn: Turn, service: Service, waiting: Waiting) -> int | None:
    if _powerless(turn):
        return PEER_FENCED
    if _kept(turn, service) or lease.may_go_on(turn.state, service, turn.clock):
        return PEER_OUTDATED
    return NOT_EXCLUDED if turn.passed(waiting.until) else None


def _keep_promise(turn: Turn, service: Service) -> Service:
    """F13: the peer is in use and asks this node to outdate its disk, so that it may go on."""
    report, peer = turn.report(service.name), turn.state.peer
    # A newer life than the one that asked is known: what the old one asked for is void.
    asked = report.outdate if report is not None and peer.greeted == peer.incarnation else 0
    if asked == 0 or asked == service.outdated or service.local is not Local.STOPPED:
        return turn.set_service(service.name, outdating=0)
    if asked != service.outdating or turn.passed(service.next_outdate):
        turn.do(Outdate(service.name))
        until = turn.now + RETRY_S
        return turn.set_service(service.name, outdating=asked, next_outdate=until, claim=0)
    return service


def _outdated(turn: Turn, service: Service) -> Service:
    """The disk as it is after the order: only that is an answer to the peer (F13, F37).

    What was seen before it may be old: the link may have returned, resynced and gone since.
    """
    gone = not service.disk.connected and service.disk.disk in OUTDATED
    if service.outdating == 0 or not gone or service.local is not Local.STOPPED:
        return service
    turn.note("outdated", f"{service.name}: outdated here for the peer", service.name)
    return turn.set_service(service.name, outdated=service.outdating, outdating=0)


def _resume(turn: Turn, service: Service) -> None:
    """F41: after a handler gave up, I/O flows again only once the peer is excluded after all."""
    if not service.disk.suspended or service.disk.connected or service.waiting:
        return
    if service.promise == 0 and turn.passed(service.next_resume):
        service = turn.set_service(service.name, promise=turn.number())
    excluded = _powerless(turn) or _kept(turn, service)
    excluded = excluded or lease.may_go_on(turn.state, service, turn.clock)
    if excluded and turn.passed(service.next_resume):
        turn.do(ResumeIO(service.name))
        _spent(turn, service, 2 * RETRY_S)


def _kept(turn: Turn, service: Service) -> bool:
    """The peer says that it has outdated its disk, as it was asked this time."""
    report = turn.report(service.name)
    return report is not None and service.promise != 0 and report.outdated == service.promise


def _powerless(turn: Turn) -> bool:
    """A goodbye is not enough here: the disk of a node that left may still pass for current."""
    peer = turn.state.peer
    return peer.life is Life.GONE and peer.proof.powerless
