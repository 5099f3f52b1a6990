# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliberate bugs in what is done with data and services."""

from __future__ import annotations

from .mutant import Mutant

SERVICE = (
    Mutant(
        "rules/owner.py",
        "        service = replica.drop_peer(step, service)\n",
        "",
        "DRBD is left to its own time-outs although its peer was off (F34)",
    ),
    Mutant(
        "rules/replica.py",
        "        known = known and not dropping(step, service)\n",
        "",
        "what was parted to drop a dead peer counts as a split brain (F34, F39)",
    ),
    Mutant(
        "rules/replica.py",
        "    if not due or not peer_was_off(step) or step.passed",
        "    if not due or step.passed",
        "a peer that only left is dropped like one that was off (F12, F34)",
    ),
    Mutant(
        "rules/lifecycle.py",
        '    urgent = event.resource if event.silent else ""\n',
        '    urgent = ""\n',
        "what does not answer is asked for long to end (F51)",
    ),
    # -- removal ------------------------------------------------------------------------------
    Mutant(
        "rules/leave.py",
        "    gone = rests and step.settings(service).retired\n",
        "    gone = rests and step.settings(service).retired and service.op < 0\n",
        "a service that was removed runs on (F79)",
    ),
    Mutant(
        "placement.py",
        "    if settings.retired:\n",
        "    if False:\n",
        "a service that was removed is started again (F79)",
    ),
    Mutant(
        "rules/owner.py",
        "    if step.settings(service).retired:\n",
        "    if False:\n",
        "a service that was removed is given to a peer that has not read it yet (F79)",
    ),
    # -- repair -------------------------------------------------------------------------------
    Mutant(
        "rules/lifecycle.py",
        "or service.repair is not Repair.NONE:  # F66, F91\n",
        "or False:  # F66, F91\n",
        "what people repair is recovered under their hands (F91)",
    ),
    Mutant(
        "rules/owner.py",
        "    if report.local is not Local.STOPPED or why or service.grant is not None:\n",
        "    opens = service.repair is not Repair.NONE and report.local is Local.STOPPED\n"
        "    if opens and not why:\n"
        "        start(step, service, report.generation)\n"
        "        return\n"
        "    if report.local is not Local.STOPPED or why or service.grant is not None:\n",
        "storage is opened for repair without leave of the peer (F91)",
    ),
    Mutant(
        "rules/lifecycle.py",
        "        if event.repair:\n",
        "        if False:\n",
        "a new life takes what people repair for the service itself (F91, F31)",
    ),
    # -- data ---------------------------------------------------------------------------------
    Mutant(
        "rules/replica.py",
        "    return NOT_EXCLUDED if step.passed(waiting.until) else None\n",
        "    return PEER_FENCED if step.passed(waiting.until) else None\n",
        "a handler that waited too long is told that the peer is fenced (F36)",
    ),
    Mutant(
        "facts.py",
        "service.promise != 0 and report.outdated == service.promise",
        "service.promise != 0 and report.outdated != 0",
        "any promise ever kept answers a new handler (F13)",
    ),
    Mutant(
        "rules/replica.py",
        "    excluded = peer_was_off(step) or promise",
        "    excluded = step.peer.life is Life.GONE or promise",
        "a goodbye thaws frozen I/O (F61)",
    ),
    # That a promise that has answered once is spent, that each question gets a new number, and that
    # who was held up asks anew cover each other here, where a daemon that runs sees each change of
    # its disk at once: unit tests hold each (tests/unit/core/test_simulated.py).
    Mutant(
        "rules/replica.py",
        "    if service.promise and not service.held and not frozen(service):\n",
        "    if service.promise and not service.held and not service.waiting:\n",
        "a restarted daemon asks anew at every step while I/O is frozen",
    ),
    Mutant(
        "rules/replica.py",
        "        if service.promise and late(step):\n",
        "        if False:\n",
        "a daemon that was held up takes an old promise for a new one (F37)",
    ),
    Mutant(
        "rules/replica.py",
        "        service = step.set_service(service.name, waiting=(), promise=0)\n",
        "        service = step.set_service(service.name, waiting=())\n",
        "a promise outlives the return of the link (F37)",
    ),
    Mutant(
        "rules/replica.py",
        'OUTDATED = ("Outdated", "Inconsistent")',
        'OUTDATED = ("Outdated", "Inconsistent", "Consistent", "UpToDate")',
        "a disk that is current is called outdated (F13)",
        quick=True,
    ),
    Mutant(
        "facts.py",
        '    if disk.current:\n        return ""\n    words',
        '    if disk.disk != "Inconsistent":\n        return ""\n    words',
        "a disk that is Outdated or Consistent may be used (F08, F42)",
        quick=True,
    ),
    Mutant(
        "step.py",
        ", split=name in memory.split)",
        ")",
        "a daemon that begins anew forgets that the copies have diverged (F39)",
    ),
    Mutant(
        "facts.py",
        '    return split and service.disk.disk not in ("Outdated", "Inconsistent")\n',
        '    return split and service.disk.disk in ("UpToDate", "Consistent")\n',
        "a node that boots does not say that its copies have diverged (F39)",
    ),
    Mutant(
        "facts.py",
        "    if service.split:\n",
        "    if service.split and service.op < 0:\n",
        "a copy that waits to be discarded passes for good (F39)",
    ),
    Mutant(
        "rules/replica.py",
        "    if excluded and step.passed(service.next_resume):\n",
        "    if step.passed(service.next_resume):\n",
        "frozen I/O is resumed without proof (F41)",
    ),
    Mutant(
        "rules/replica.py",
        "        step.do(ResumeIO(service.name))\n",
        "        step.do(Outdate(service.name))\n",
        "frozen I/O is never resumed (F36)",
    ),
    Mutant(
        "rules/replica.py",
        "        step.do(Outdate(service.name))\n",
        "        step.number()\n",
        "the standby never outdates itself (F13)",
    ),
    # -- ownership ----------------------------------------------------------------------------
    Mutant(
        "rules/owner.py",
        "    if leave == mine and report.claim == 0 and lease.may_start(step):\n",
        "    if report.claim == 0:\n",
        "a node starts on its own claim, without leave",
        quick=True,
    ),
    # A node that grants what it runs itself does no harm alone: its peer claims only what it was
    # told is stopped, and starts only if the very message that grants says so.
    Mutant(
        "rules/owner.py",
        "    if report.local is not Local.STOPPED or why or service.grant is not None:\n",
        "    if why or service.grant is not None:\n",
        "a node claims what its peer runs",
    ),
    Mutant(
        "rules/owner.py",
        "    return service.claim == 0 or placement.peer_first(step, service, report)\n",
        "    return service.claim == 0\n",
        "of two open claims none yields",
    ),
    Mutant(
        "rules/owner.py",
        "    if not why and visibly_primary(service):\n",
        "    if not why and service.op < 0:\n",
        "a device's word outweighs the kernel's (F12)",
    ),
    Mutant(
        "rules/owner.py",
        "    peer_gone = alone and peer_was_off(step)\n",
        "    peer_gone = alone\n",
        "DRBD is told of a goodbye as of a fence (F61)",
    ),
    Mutant(
        "rules/owner.py",
        "    elif life.heard and report is not None:\n",
        "    elif life is Life.ALIVE and report is None:\n",
        "nothing is ever agreed on",
    ),
    # -- lifecycle ----------------------------------------------------------------------------
    Mutant(
        "rules/lifecycle.py",
        "    if event.op != service.op:\n        return\n"
        '    service = step.set_service(service.name, op=0, doing="")\n',
        '    service = step.set_service(service.name, op=0, doing="")\n',
        "the end of an old operation counts for a new one",
    ),
    Mutant(
        "rules/lifecycle.py",
        "    elif not event.mine:\n",
        "    elif event.mine:\n",
        "what runs after a restart is taken for started by hand (F31)",
    ),
    Mutant(
        "rules/lifecycle.py",
        "    doomed = cause is Cause.STOP_FAILED or (",
        "    doomed = False and (",
        "a node that could not stop does not ask to be fenced (F47)",
    ),
    Mutant(
        "rules/lifecycle.py",
        "(cause is Cause.LOOK_AGAIN and known.doomed)\n",
        "(cause is not Cause.STOPPED and known.doomed)\n",
        "a node whose service was repaired and goes on running is fenced all the same (F47)",
    ),
    Mutant(
        "rules/lifecycle.py",
        '    if event.ok:\n        step.note("stopped"',
        '    if event is not None:\n        step.note("stopped"',
        "a stop that failed counts as stopped (F47)",
    ),
    Mutant(
        "rules/lifecycle.py",
        "    elif event.found is Found.STOPPED:\n",
        "    elif event.found in (Found.STOPPED, Found.PARTIAL):\n",
        "half up is taken for stopped",
    ),
    Mutant(
        "placement.py",
        "service.repair is Repair.NONE and failed(view, service):",
        "service.repair is Repair.NONE and state.leaving and failed(view, service):",
        "a node on which it failed goes on trying (F48)",
    ),
    # -- orders that are not answered -----------------------------------------------------------
    Mutant(
        "rules/orders.py",
        "        if service.op and step.passed(service.op_until):\n",
        "        if service.op < 0 and step.passed(service.op_until):\n",
        "an order that is never answered is waited for (F76)",
    ),
    Mutant(
        "rules/orders.py",
        "    if not starts and service.local not in (Local.UNKNOWN, Local.RUNNING):\n",
        "    if not starts:\n",
        "a look for which the daemon lacks the means is a look that failed (F75)",
    ),
    Mutant(
        "rules/orders.py",
        "        if op and step.passed(until):\n",
        "        if op < 0 and step.passed(until):\n",
        "a device that never answers is waited for (F76)",
    ),
    # That a pause is no time in which an order could be answered shows in a fence too many only:
    # tests/unit/core/test_orders.py holds it.
    Mutant(
        "rules/orders.py",
        "        lifecycle.op_done(step, service, OpDone(service.name, service.op, False, text))\n",
        "        lifecycle.op_done(step, service, OpDone(service.name, service.op, True, text))\n",
        "an order that is never answered has succeeded (F76)",
    ),
    # -- moves, modes, the calm ---------------------------------------------------------------
    Mutant(
        "rules/handover.py",
        "    if any(s.local is not Local.STOPPED for s in step.services):\n",
        "    if any(s.local is Local.BROKEN for s in step.services):\n",
        "a node leaves before its services are stopped (F61)",
    ),
    Mutant(
        "rules/handover.py",
        "        if service.local.up or _settles(service):\n",
        "        if service.local is Local.RUNNING or _settles(service):\n",
        "a node that leaves waits for a start that may go on for hours (F61, F77)",
    ),
    Mutant(
        "rules/handover.py",
        "(s.grant is not None and heard)",
        "s.grant is not None",
        "a node that leaves waits for a dead peer to take what it was granted (F61)",
    ),
    # That nobody who is heard is confirmed off, no world of 2,000 showed any more: a unit test
    # holds it (tests/unit/core/test_old_words.py).
    Mutant(
        "rules/operator.py",
        "    why = why or service.cramped if here else why\n",
        "",
        "a service without room to start is stopped for a planned move (F91)",
    ),
    Mutant(
        "rules/moves.py",
        "service.repair is Repair.NONE and not service.cramped\n",
        "service.repair is Repair.NONE\n",
        "a service without room to start is given away when the other node asks (F91)",
    ),
    Mutant(
        "rules/monitors.py",
        "    step.set_service(service.name, cramped=_cramped(event))\n",
        "    step.set_service(service.name, cramped=service.cramped or _cramped(event))\n",
        "a service that was full once is never moved again (F91)",
    ),
    Mutant(
        "rules/clearing.py",
        "        if report.clear and report.clear != service.cleared:\n",
        "        if report.clear and report.clear == service.cleared:\n",
        "what failed is forgotten on the node on which it was said only (F48)",
    ),
    Mutant(
        "rules/clearing.py",
        "            step.set_service(service.name, cleared=report.clear)\n",
        "",
        "a request to forget is carried out again and again (F48, F49)",
    ),
    Mutant(
        "rules/operator.py",
        "    if peer_speaks(step):\n",
        "    if peer_speaks(step) and peer.life is Life.ALIVE:\n",
        "an operator may confirm that a node is off which speaks and is not believed (F73)",
    ),
    Mutant(
        "rules/operator.py",
        "    if not step.passed(peer.last + listens_s):",
        "    if peer.last < 0.0:",
        "a daemon that has just started believes an operator before it has listened (F73)",
    ),
    Mutant(
        "rules/peer.py",
        "    elif peer.life is Life.UNSEEN:\n        step.set_peer(last=now)\n",
        "",
        "what was typed during a pause is believed before the peer could be heard (F26, F73)",
    ),
    Mutant(
        "clock.py",
        "        self.ahead = min(self.ahead, time)\n",
        "        self.ahead = min(self.ahead, time + 1.0)\n",
        "rules look a second later than one of them asked for",
    ),
    Mutant(
        "rules/replica.py",
        "step.passed(service.split_at)",
        "step.now >= service.split_at",
        "a rule compares the present with a time that no tick comes at",
    ),
    Mutant(
        "safestop.py",
        "        return step.result()\n",
        "        step.result()\n        step.set(wake=now)\n",
        "a safe stop asks for a tick at once, again and again",
    ),
)
