# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replicated data: answers DRBD's handlers, keeps promises to the peer, thaws I/O (S2)."""

from __future__ import annotations

from failoverd.core import lease
from failoverd.core.actions import AnswerHandler, DropPeer, KeepSplit, Outdate, ResumeIO
from failoverd.core.events import DiskChanged, HandlerAsked, HandlerGone
from failoverd.core.facts import frozen, late, peer_was_off, promise_kept
from failoverd.core.message import Local
from failoverd.core.state import Service, Waiting
from failoverd.core.workbench import Step

from .peer import power_returned

PEER_OUTDATED = 4
"""fence-peer exit code: the peer outdated its own disk."""
PEER_FENCED = 7
"""fence-peer exit code: the peer was fenced and verified down."""
NOT_EXCLUDED = 1
"""fence-peer exit code that DRBD takes for failure: I/O stays frozen (F36)."""

RETRY_S = 0.5
SPLIT_SURE_S = 10.0
"""A kernel that is brought up is StandAlone until its resource is connected: no split brain yet."""
DROP_AGAIN_S = 0.2
DROP_FOR_S = 5.0
"""So long after the proof DRBD is ordered to drop its peer. By then it has noticed a dead one by
itself; a peer that still answers is not dead (F12)."""
HANDLED_S = 2.0
"""How long the kernel's handler is given to ask, and the kernel to act on the answer, before the
order to resume."""
OUTDATED = ("Outdated", "Inconsistent")


def ask(step: Step, event: HandlerAsked) -> None:
    """A fence-peer handler waits: DRBD lost the peer and has frozen the I/O (F06, F13)."""
    service = step.state.service(event.service)
    if service is None or service.disk.connected:
        step.do(AnswerHandler(event.request, NOT_EXCLUDED))  # F37
        return
    until = step.now + step.timing.handler_s
    waiting = (*service.waiting, Waiting(event.request, until))
    # A new number: what the peer promised for an earlier loss may have been resynced away since.
    step.set_service(service.name, waiting=waiting, promise=step.number())
    step.note("frozen", f"{event.service}: I/O is frozen until the peer is excluded", event.service)


def forget(step: Step, event: HandlerGone) -> None:
    """The handler ended by itself: nobody waits for this answer any more."""
    for service in step.services:
        rest = tuple(w for w in service.waiting if w.request != event.request)
        step.set_service(service.name, waiting=rest)


def change(step: Step, service: Service, event: DiskChanged) -> None:
    """The kernel reports a new state of the disk."""
    disk, old = event.disk, service.disk
    service = step.set_service(service.name, disk=disk)
    if disk.connected and not old.connected:
        # F37: the link is back, so the kernel takes no handler's word; evaluated again if it drops.
        for waiting in service.waiting:
            step.do(AnswerHandler(waiting.request, NOT_EXCLUDED))
        service = step.set_service(service.name, waiting=(), promise=0)
        service = mark_split(step, service, split=False)
        power_returned(step, "is on again: its kernel has connected")
    if disk.split != old.split:
        known = service.held or old.connection not in ("Unknown", "Unconfigured")
        known = known and not dropping(step, service)
        sure_at = step.now + (0.0 if known else SPLIT_SURE_S)
        left = step.state.left  # F61: the kernel's connection is taken down behind it
        split_at = sure_at if disk.split and not left else None
        service = step.set_service(service.name, split_at=split_at)
    if disk.suspended and not old.suspended:
        if not old.connected:
            # F37: only a connection can be lost. It came and went while nobody looked.
            power_returned(step, "was on again: its kernel had connected")
        # A loss, perhaps after a return that nobody saw: an older promise says nothing of it.
        # The kernel's handler is on its way: only if it fails there has to be an order (F36).
        later = step.now + HANDLED_S
        service = step.set_service(service.name, promise=step.number(), next_resume=later)
    service = _outdated(step, service)
    if disk.suspended != old.suspended:
        state = "frozen" if disk.suspended else "flows"
        step.note("io", f"{service.name}: I/O {state}", service.name)


def doubt(step: Step) -> None:
    """F37: this daemon was held up, so the link may have returned and gone again unseen.

    What a peer promised before that may have been resynced away; it is asked anew. The events of it
    are still on their way, and a word of the peer may come first.
    """
    for service in step.services:
        if service.promise and late(step):
            step.set_service(service.name, promise=step.number())


def paused(step: Step) -> None:
    """F27, F37: the link may have come and gone meanwhile; only a Primary freezes and shows it."""
    for service in step.services:
        shows = service.disk.role == "Primary" and not service.disk.suspended
        if step.settings(service).replicated and not shows:
            power_returned(step, "may have been on again: its kernel was not watched")


def settle(step: Step, service: Service) -> None:
    """Answer the handlers that can be answered; keep a promise to the peer; thaw what may flow."""
    if service.split_at is not None and step.passed(service.split_at):  # F39
        text = f"{service.name}: DRBD is StandAlone: its copies may have diverged (split brain)"
        step.note("split-brain", text, service.name, alert=True)
        service = mark_split(step, step.set_service(service.name, split_at=None), split=True)
    if service.promise and not service.held and not frozen(service):
        service = step.set_service(service.name, promise=0)
    service = _answer(step, service)
    service = _keep_promise(step, service)
    _resume(step, service)


def mark_split(step: Step, service: Service, *, split: bool) -> Service:
    """F39: the kernel forgets a split as soon as it waits for the other one; nobody else may."""
    if service.split is not split:
        step.do(KeepSplit(service.name, split))
    return step.set_service(service.name, split=split)


def drop_peer(step: Step, service: Service) -> Service:
    """F34: a peer that was off is dropped at once, not when DRBD's own time-outs have passed."""
    at = service.dropped_at
    due = at is None or step.passed(at + DROP_AGAIN_S)
    if not due or not peer_was_off(step) or step.passed(step.peer.since + DROP_FOR_S):
        return service
    if at is None or at < step.peer.since:
        text = f"{service.name}: DRBD is to drop {step.peer_name}, which was off"
        step.note("drop-peer", text, service.name)
    step.do(DropPeer(service.name))
    return step.set_service(service.name, dropped_at=step.now)


def dropping(step: Step, service: Service) -> bool:
    """F34: the kernel is StandAlone between the two parts of the order: no split brain yet."""
    at = service.dropped_at
    return at is not None and not step.passed(at + SPLIT_SURE_S)


def _answer(step: Step, service: Service) -> Service:
    if not service.waiting:
        return service
    asked, left = service, []
    for waiting in service.waiting:
        code = _verdict(step, asked, waiting)
        if code is None:
            left.append(waiting)
            continue
        step.do(AnswerHandler(waiting.request, code))
        text = {
            PEER_FENCED: "the peer is gone: I/O may go on",
            PEER_OUTDATED: "the peer does not use its disk before a resync: I/O may go on",
        }.get(code, "the peer could not be excluded in time: I/O stays frozen")
        step.note("handler", f"{service.name}: {text}", service.name, alert=code == NOT_EXCLUDED)
        # The kernel thaws by itself and takes no void answer; an order it would obey (F37).
        if code == NOT_EXCLUDED:
            service = step.set_service(service.name, next_resume=step.now + HANDLED_S)
        else:
            service = _spent(step, service, HANDLED_S)
    return step.set_service(service.name, waiting=tuple(left))


def _spent(step: Step, service: Service, pause_s: float) -> Service:
    """A promise is good for one answer: the next loss may have begun before it is seen (F37)."""
    return step.set_service(service.name, promise=0, next_resume=step.now + pause_s)


def _verdict(step: Step, service: Service, waiting: Waiting) -> int | None:
    if peer_was_off(step):
        return PEER_FENCED
    if promise_kept(step, service) or lease.may_go_on(step, service):
        return PEER_OUTDATED
    return NOT_EXCLUDED if step.passed(waiting.until) else None


def _keep_promise(step: Step, service: Service) -> Service:
    """F13: the peer is in use and asks this node to outdate its disk, so that it may go on."""
    report, peer = step.report(service.name), step.peer
    # A newer life than the one that asked is known: what the old one asked for is void.
    asked = report.outdate if report is not None and peer.greeted == peer.incarnation else 0
    if asked == 0 or asked == service.outdated or service.local is not Local.STOPPED:
        return step.set_service(service.name, outdating=0)
    if asked != service.outdating or step.passed(service.next_outdate):
        step.do(Outdate(service.name))
        until = step.now + RETRY_S
        return step.set_service(service.name, outdating=asked, next_outdate=until, claim=0)
    return service


def _outdated(step: Step, service: Service) -> Service:
    """The disk as it is after the order: only that is an answer to the peer (F13, F37).

    What was seen before it may be old: the link may have returned, resynced and gone since.
    """
    gone = not service.disk.connected and service.disk.disk in OUTDATED
    if service.outdating == 0 or not gone or service.local is not Local.STOPPED:
        return service
    step.note("outdated", f"{service.name}: outdated here for the peer", service.name)
    return step.set_service(service.name, outdated=service.outdating, outdating=0)


def _resume(step: Step, service: Service) -> None:
    """F41: after a handler gave up, I/O flows again only once the peer is excluded after all."""
    if not service.disk.suspended or service.disk.connected or service.waiting:
        return
    if service.promise == 0 and step.passed(service.next_resume):
        service = step.set_service(service.name, promise=step.number())
    excluded = peer_was_off(step) or promise_kept(step, service) or lease.may_go_on(step, service)
    if excluded and step.passed(service.next_resume):
        step.do(ResumeIO(service.name))
        _spent(step, service, 2 * RETRY_S)
