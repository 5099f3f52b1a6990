# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An order that is not answered within its limit has failed (F76, then F03, F47 or F48).

The shell ends what it begins, but a mount in the kernel, a thread or an agent may hang for good,
and then nobody answers. The limits are longer than what the shell waits itself. An answer that
comes later fits no order any more: its number is spent.
"""

from __future__ import annotations

from failoverd.core.change import changed
from failoverd.core.events import FenceDone, Found, OpDone, OpProgress, Power, Probed
from failoverd.core.message import Local
from failoverd.core.state import Service
from failoverd.core.workbench import Step

from . import fence, lifecycle


def watch(step: Step) -> None:
    """Give up what has not been answered in time."""
    for service in step.services:
        if service.op and step.passed(service.op_until):
            _give_up(step, service)
    work = step.exclusion
    asked = [(each.op, each.expires) for each in (*work.questions, *work.shots)]
    for op, until in (*asked, (work.on_op, work.on_until)):
        if op and step.passed(until):
            fence.done(step, FenceDone(op, Power.UNKNOWN, "no answer within its limit"))


def paused(step: Step, gap_s: float) -> None:
    """F26: while this daemon did not run, nobody could answer."""
    for service in step.services:
        step.set_service(service.name, op_until=service.op_until + gap_s)
    work = step.exclusion
    step.set_exclusion(
        questions=tuple(changed(each, expires=each.expires + gap_s) for each in work.questions),
        shots=tuple(changed(each, expires=each.expires + gap_s) for each in work.shots),
        on_until=work.on_until + gap_s,
    )


def progressed(step: Step, service: Service, event: OpProgress) -> None:
    """F77: a start that gets on may go on: its limit counts from the last word of it.

    That it takes longer than its limit is told, and again whenever it has taken twice as long: what
    gets on for ever has no end that anybody would wait for.

    F75: so does a look for which the daemon lacks the means. It has found nothing yet, and what
    may well run is not stopped for it.
    """
    if event.op != service.op:
        return
    service = step.set_service(service.name, doing=event.text)
    starts = service.local in (Local.STARTING, Local.RECOVERING)
    if not starts and service.local not in (Local.UNKNOWN, Local.RUNNING):
        return
    limit_s = lifecycle.limit_s(step, service)
    if starts and step.passed(service.since + max(limit_s, 2 * service.told_s)):
        taken_s = step.now - service.since
        text = f"{service.name}: its start has taken {taken_s:.0f} s and goes on: {event.text}"
        step.note("slow-start", text, service.name, alert=True)
        service = step.set_service(service.name, told_s=taken_s)
    step.set_service(service.name, op_until=max(service.op_until, step.now + limit_s))


def _give_up(step: Step, service: Service) -> None:
    text = f"no answer within {lifecycle.limit_s(step, service):g} s"
    if service.local not in (Local.UNKNOWN, Local.RUNNING):
        lifecycle.op_done(step, service, OpDone(service.name, service.op, False, text))
    elif service.mine or service.local is Local.RUNNING:
        # What cannot be looked at may be half up: it is stopped, and if it cannot be: F47.
        late = Probed(service.name, service.op, Found.PARTIAL, mine=True, detail=text)
        lifecycle.probed(step, service, late)
    elif not service.overtime:
        # Nothing here is known to be of the cluster: not ours to stop (F58). The answer counts,
        # whenever it comes.
        step.set_service(service.name, overtime=True)
        what = f"{service.name}: whether it runs on {step.node} is not known"
        why = f"its probe gave {text}; find what hangs, then restart failoverd there"
        step.note("no-answer", f"{what}: {why}", service.name, alert=True)
