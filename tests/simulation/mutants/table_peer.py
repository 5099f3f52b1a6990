# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliberate bugs in what is believed of the peer: exclusion and liveness."""

from __future__ import annotations

from .mutant import Mutant

PEER = (
    # -- exclusion: proofs and fences -------------------------------------------------------
    Mutant(
        "rules/fence.py",
        "    elif event.power is Power.OFF:\n",
        "    elif event.power is not Power.ON:\n",
        "a fence that timed out counts as a success (F03)",
        quick=True,
    ),
    Mutant(
        "rules/fence.py",
        "elif event.power is Power.OFF and step.peer.life is not Life.ALIVE:",
        "elif event.power is not Power.ON and step.peer.life is not Life.ALIVE:",
        "a question that timed out counts as an off (F03, F05)",
    ),
    Mutant(
        "rules/fence.py",
        "elif event.power is Power.OFF and step.peer.life is not Life.ALIVE:",
        "elif event.power is Power.ON and step.peer.life is not Life.ALIVE:",
        "a node that is on is taken for off, and one that is off for on (F05)",
    ),
    Mutant(
        "rules/fence.py",
        "prove_gone(step, Proof.FOUND_OFF, asked.of,",
        "prove_gone(step, Proof.FOUND_OFF, step.peer.greeted,",
        "an old answer of a device proves a life that began after the question",
    ),
    Mutant(
        "rules/fence.py",
        "prove_gone(step, Proof.FENCED, asked.of, level)",
        "prove_gone(step, Proof.FENCED, step.peer.greeted, level)",
        "a shot proves a life that began after it was ordered",
    ),
    Mutant(
        "rules/fence.py",
        "    if any(visibly_primary(s) or (s.held and s.disk.connected) for",
        "    if any(s.op < 0 for",
        "a peer is fenced although its kernel answers (F12)",
    ),
    Mutant(
        "rules/head_start.py",
        "local.held:\n            return _of_standby(step)\n",
        "local.held:\n            return 0\n",
        "the standby has no delay (F14, F15)",
    ),
    Mutant(
        "rules/head_start.py",
        "            return 2 if blind else 0\n",
        "            return 2\n",
        "the owner has no head start (F14, F15)",
    ),
    Mutant(
        "rules/head_start.py",
        "            return 2 if blind else 0\n",
        "            return 0\n",
        "an owner that has lost the service network keeps its head start (F14, F15)",
    ),
    Mutant(
        "rules/head_start.py",
        "    return 1 if up and seen else 3\n",
        "    return 1 if up and seen else 2\n",
        "a standby that sees nothing waits as long as an owner that sees nothing (F14, F15)",
    ),
    Mutant(
        "rules/head_start.py",
        "    return 1 if up and seen else 3\n",
        "    return 0 if up and seen else 3\n",
        "a standby that sees nobody served shoots together with the owner (F14)",
    ),
    Mutant(
        "rules/head_start.py",
        "    return 1 if up and seen else 3\n",
        "    return 3\n",
        "a standby waits longer although the owner serves nobody (F02)",
    ),
    Mutant(
        "rules/fence.py",
        '    if life is not Life.SILENT:\n        return ""\n',
        '    if life not in (Life.SILENT, Life.SUSPECT):\n        return ""\n',
        "a suspicion is reason enough to fence (F11, F20)",
    ),
    Mutant(
        "rules/fence.py",
        '    if life is not Life.SILENT:\n        return ""\n',
        '    if life not in (Life.SILENT, Life.UNSEEN):\n        return ""\n',
        "a node that never heard its peer shoots at it (F09)",
    ),
    Mutant(
        "rules/fence.py",
        "        if report is not None and report.doomed:\n",
        "        if report is not None and report.doomed and state.services[0].held:\n",
        "a node that could not stop is not fenced (F47)",
    ),
    Mutant(
        "rules/fence.py",
        "    if level is None:\n        return False\n    power_on.ordered",
        "    if level != 0:\n        return False\n    power_on.ordered",
        "only the first fence device is ever ordered (F03, F04)",
    ),
    Mutant(
        "rules/fence.py",
        "    elif work.last_level >= 0 and _races(step, work.last_level)",
        "    elif work.last_level > 9 and _races(step, work.last_level)",
        "a device waits for the whole time-out of the one before (F83)",
    ),
    Mutant(
        "rules/fence.py",
        "        if event.op == asked.op:\n"
        "            rest = tuple(other for other in work.shots if other is not asked)\n",
        "        if event.op in {each.op for each in work.questions + work.shots}:\n"
        "            rest = tuple(other for other in work.shots if other is not asked)\n",
        "the answer to a question counts as that to an order (F03, F83)",
    ),
    Mutant(
        "rules/fence.py",
        '        step.note("fence-failed", f"{text}: {event.detail}", alert=not over)\n',
        '        step.note("fence-failed", f"{text}: {event.detail}", alert=not over)\n'
        "        if len(step.config.levels) > 1 and not over and not step.exclusion.shots:\n"
        "            prove_gone(step, Proof.FENCED, asked.of, level)\n"
        "            return\n",
        "two devices that have both failed count as one that has not (F03, F83)",
    ),
    Mutant(
        "rules/fence.py",
        "waits = any(frozen(service) for service in step.services)",
        "waits = False",
        "frozen I/O is never freed from a peer that left (F61)",
    ),
    Mutant(
        "rules/fence.py",
        "tries=work.tries + 1, retry_at=step.now + pause, last_level=-1)\n",
        "tries=work.tries + 1, retry_at=step.now + 1e6, last_level=-1)\n",
        "a failed fence is never tried again (F03)",
    ),
    Mutant(
        "rules/power_on.py",
        "    if off and not waits and _passed(step, cut):\n",
        "    if off and not waits and _passed(step, cut) and cut.tries:\n",
        "a fenced node is left switched off (F10)",
    ),
    Mutant(
        "rules/power_on.py",
        "    if not level or not config.power_on or not devices:\n",
        "    if True:\n",
        "a restarted daemon forgets that it has switched its peer off (F10, F31)",
    ),
    # That an earlier goodbye is none of a node that was on after the shot, that late words do not
    # end a cut, and that a late answer of the power-on does not either, showed in seeds 60046,
    # 60029 and 25879 of one commit each: unit tests hold them (test_power_on.py).
    Mutant(
        "rules/power_on.py",
        "OFF = (Proof.FENCED, Proof.FOUND_OFF)\n",
        "OFF = (Proof.FENCED,)\n",
        "a node that was fenced and then found off is left switched off (F10)",
    ),
    Mutant(
        "rules/power_on.py",
        "    if cut.due is None:\n        return False",
        "    if cut.tries < 0:\n        return False",
        "a new life that is heard while it is shot at is not switched on again (F10)",
    ),
    Mutant(
        "rules/power_on.py",
        "        due = step.now + pause_s\n",
        "        due = step.now + 1e6\n",
        "a power-on that failed is not tried again (F10)",
    ),
    # -- liveness -----------------------------------------------------------------------------
    Mutant(
        "rules/peer.py",
        "message.incarnation <= peer.dead or message.incarnation < peer.greeted",
        "message.incarnation < peer.greeted",
        "words of a life that is proven dead are a sign of life (F18)",
        quick=True,
    ),
    Mutant(
        "rules/peer.py",
        "    if message.echo > step.state.incarnation:\n",
        "    if message.echo > step.state.incarnation + (1 << 63):\n",
        "a node whose number went back is never heard again (F73)",
        quick=True,
    ),
    Mutant(
        "rules/fence.py",
        '    if stranger_speaks(step):\n        return ""  # F80',
        '    if False:\n        return ""  # F80',
        "a peer that goes by another name is fenced (F80)",
    ),
    Mutant(
        "lives.py",
        "    greater = count(known) + 1\n",
        "    greater = count(known)\n",
        "a life goes on under a number that may be smaller (F73)",
    ),
    Mutant(
        "rules/peer.py",
        "    if message.echo != step.state.incarnation:\n",
        "    if message.echo == 1:\n",
        "a message that does not know this life counts (F19)",
    ),
    Mutant(
        "rules/peer.py",
        "    if peer.greeted > life or peer.incarnation > life:\n",
        "    if peer.incarnation > life + (1 << 62):\n",
        "a proof holds for a life that outlived it",
    ),
    Mutant(
        "rules/peer.py",
        "    step.set_exclusion(questions=(), shots=void)\n",
        "    step.set_exclusion(questions=())\n",
        "a shot proves that a node is off whose kernel has connected since (F80)",
    ),
    Mutant(
        "rules/peer.py",
        "step.passed(peer.lived + timing.dead_s):\n",
        "step.passed(peer.lived + timing.dead_s / 4):\n",
        "silence is declared long before the dead time",
    ),
    Mutant(
        "rules/peer.py",
        "        step.set_peer(life=Life.SILENT, since=step.now)\n",
        "        step.set_peer(life=Life.GONE, proof=Proof.FOUND_OFF, since=step.now)\n",
        "silence alone is proof (contract, point 1)",
        quick=True,
    ),
    Mutant(
        "rules/peer.py",
        "        step.set_service(service.name, grant=None)\n    text",
        "        step.set_service(service.name, claim=0)\n    text",
        "a grant outlives the peer that it was given to",
    ),
    # That a repeated message is no sign of life, worlds show now and then only: a unit test holds
    # it (tests/unit/core/test_old_words.py).
    Mutant(
        "rules/peer.py",
        "    lived = max(peer.lived, lived)\n",
        "    lived = step.now\n",
        "what was held back is a sign of life when it comes (F81)",
    ),
    Mutant(
        "rules/peer.py",
        "        pace = max(pace, answers - at)\n",
        "        pace = max(pace, 0.0)\n",
        "a node that was late once counts as late for ever (F21)",
    ),
    Mutant(
        "rules/peer.py",
        "    if new and not (message.heard and message.hears):\n",
        "    if new and message.sequence < 0:\n",
        "a node that cannot say what it answers fades away (F17, F63)",
    ),
    Mutant(
        "rules/peer.py",
        "    if message.goodbye and all(s.local is Local.STOPPED for s in message.services):\n",
        "    if all(s.local is Local.STOPPED for s in message.services):\n",
        "a peer that runs nothing has said goodbye",
        quick=True,
    ),
    Mutant(
        "rules/peer.py",
        "step.set_peer(life=Life.SUSPECT, since=now, last=now, lived=now, heard=())",
        "step.set_peer(life=Life.SUSPECT, since=now, heard=())",
        "after a pause old silence counts (F26)",
    ),
    Mutant(
        "rules/peer.py",
        "            step.set_service(service.name, outdated=0, outdating=0, cleared=0)\n",
        "            step.set_service(service.name, claim=service.claim)\n",
        "a promise to an earlier life answers a later one (F13)",
    ),
    Mutant(
        "rules/peer.py",
        "        sequence=0,\n        pace=None,\n        heard=(),\n        message=None,\n",
        "",
        "a new life of the peer has to count further than the old one did",
    ),
)
