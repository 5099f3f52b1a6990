# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliberate bugs in what is believed of the peer: exclusion and liveness."""

from __future__ import annotations

from .mutant import Mutant

PEER = (
    # -- exclusion: proofs and fences -------------------------------------------------------
    Mutant(
        "exclusion.py",
        "    elif event.power is Power.OFF:\n",
        "    elif event.power is not Power.ON:\n",
        "a fence that timed out counts as a success (F03)",
        quick=True,
    ),
    Mutant(
        "exclusion.py",
        "if event.power is Power.OFF and life is not Life.ALIVE:",
        "if event.power is not Power.ON and life is not Life.ALIVE:",
        "a question that timed out counts as an off (F03, F05)",
    ),
    Mutant(
        "exclusion.py",
        "if event.power is Power.OFF and life is not Life.ALIVE:",
        "if event.power is Power.ON and life is not Life.ALIVE:",
        "a node that is on is taken for off, and one that is off for on (F05)",
    ),
    Mutant(
        "exclusion.py",
        "prove_gone(turn, Proof.FOUND_OFF, work.query_of,",
        "prove_gone(turn, Proof.FOUND_OFF, state.peer.greeted,",
        "an old answer of a device proves a life that began after the question",
    ),
    Mutant(
        "exclusion.py",
        "prove_gone(turn, Proof.FENCED, work.shot_of, level)",
        "prove_gone(turn, Proof.FENCED, state.peer.greeted, level)",
        "a shot proves a life that began after it was ordered",
    ),
    Mutant(
        "exclusion.py",
        "    if any(data.visibly_primary(s) or (s.held and s.disk.connected) for",
        "    if any(s.op < 0 for",
        "a peer is fenced although its kernel answers (F12)",
    ),
    Mutant(
        "exclusion.py",
        "        if service.name in theirs:\n            return delay\n",
        "        if service.name in theirs:\n            return 0.0\n",
        "the standby has no delay (F14, F15)",
    ),
    Mutant(
        "exclusion.py",
        "        if service.held:\n            return 0.0\n",
        "        if service.held:\n            return delay\n",
        "the owner has no head start (F14, F15)",
    ),
    Mutant(
        "exclusion.py",
        '    if peer.life is not Life.SILENT:\n        return ""\n',
        '    if peer.life not in (Life.SILENT, Life.SUSPECT):\n        return ""\n',
        "a suspicion is reason enough to fence (F11, F20)",
    ),
    Mutant(
        "exclusion.py",
        '    if peer.life is not Life.SILENT:\n        return ""\n',
        '    if peer.life not in (Life.SILENT, Life.UNSEEN):\n        return ""\n',
        "a node that never heard its peer shoots at it (F09)",
    ),
    Mutant(
        "exclusion.py",
        "        if report is not None and report.doomed:\n",
        "        if report is not None and report.doomed and state.services[0].held:\n",
        "a node that could not stop is not fenced (F47)",
    ),
    Mutant(
        "exclusion.py",
        "    if following is not None and goes_on:\n",
        "    if following is not None and goes_on and following < 0:\n",
        "only the first fence device is ever ordered (F03, F04)",
    ),
    Mutant(
        "exclusion.py",
        "frozen = any(s.waiting or s.disk.suspended for s in state.services)",
        "frozen = False",
        "frozen I/O is never freed from a peer that left (F61)",
    ),
    Mutant(
        "exclusion.py",
        "    turn.set_exclusion(shot_op=0, tries=work.tries + 1, retry_at=turn.now + pause)\n",
        "    turn.set_exclusion(shot_op=0, tries=work.tries + 1, retry_at=turn.now + 1e6)\n",
        "a failed fence is never tried again (F03)",
    ),
    Mutant(
        "repower.py",
        "    if off and not waits and _passed(turn, cut):\n",
        "    if off and not waits and _passed(turn, cut) and cut.tries:\n",
        "a fenced node is left switched off (F10)",
    ),
    Mutant(
        "repower.py",
        "    if not level or not config.power_on or not devices:\n",
        "    if True:\n",
        "a restarted daemon forgets that it has switched its peer off (F10, F31)",
    ),
    Mutant(
        "repower.py",
        "OFF = (Proof.FENCED, Proof.FOUND_OFF)\n",
        "OFF = (Proof.FENCED,)\n",
        "a node that was fenced and then found off is left switched off (F10)",
    ),
    Mutant(
        "repower.py",
        "    if cut.due is None:\n        return False",
        "    if cut.tries < 0:\n        return False",
        "a new life that is heard while it is shot at is not switched on again (F10)",
    ),
    Mutant(
        "repower.py",
        "due=turn.now + pause_s, tries=cut.tries + 1",
        "due=turn.now + 1e6, tries=cut.tries + 1",
        "a power-on that failed is not tried again (F10)",
    ),
    # -- liveness -----------------------------------------------------------------------------
    Mutant(
        "liveness.py",
        "message.incarnation <= peer.dead or message.incarnation < peer.greeted",
        "message.incarnation < peer.greeted",
        "words of a life that is proven dead are a sign of life (F18)",
        quick=True,
    ),
    Mutant(
        "liveness.py",
        "    if message.echo > state.incarnation:\n",
        "    if message.echo > state.incarnation + (1 << 63):\n",
        "a node whose number went back is never heard again (F73)",
        quick=True,
    ),
    Mutant(
        "exclusion.py",
        '    if strangers.speak(state, turn.clock):\n        return ""  # F80',
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
        "liveness.py",
        "    if message.echo != state.incarnation:\n",
        "    if message.echo == 1:\n",
        "a message that does not know this life counts (F19)",
    ),
    Mutant(
        "liveness.py",
        "    if peer.greeted > life or peer.incarnation > life:\n",
        "    if peer.incarnation > life + (1 << 62):\n",
        "a proof holds for a life that outlived it",
    ),
    Mutant(
        "liveness.py",
        "turn.passed(peer.lived + timing.dead_s):\n",
        "turn.passed(peer.lived + timing.dead_s / 4):\n",
        "silence is declared long before the dead time",
    ),
    Mutant(
        "liveness.py",
        "        turn.set_peer(life=Life.SILENT, since=turn.now)\n",
        "        turn.set_peer(life=Life.GONE, proof=Proof.FOUND_OFF, since=turn.now)\n",
        "silence alone is proof (contract, point 1)",
        quick=True,
    ),
    Mutant(
        "liveness.py",
        "        turn.set_service(service.name, grant=None)\n    text",
        "        turn.set_service(service.name, claim=0)\n    text",
        "a grant outlives the peer that it was given to",
    ),
    Mutant(
        "liveness.py",
        "        elif message.sequence <= link.sequence:\n            return state\n",
        "        elif message.sequence < 0:\n            return state\n",
        "repeated messages are signs of life again and again (F18, F19)",
    ),
    Mutant(
        "liveness.py",
        "    heard = (*others, LinkHeard(event.link, message.sequence, now))\n",
        "    heard, lived = (*others, LinkHeard(event.link, message.sequence, now)), now\n",
        "what was held back is a sign of life when it comes (F81)",
    ),
    Mutant(
        "liveness.py",
        "        pace = max(pace, answers - at)\n",
        "        pace = max(pace, 0.0)\n",
        "a node that was late once counts as late for ever (F21)",
    ),
    Mutant(
        "liveness.py",
        "    if blind and message.sequence > peer.sequence:\n",
        "    if blind and message.sequence < 0:\n",
        "a node that cannot say what it answers fades away (F17, F63)",
    ),
    Mutant(
        "liveness.py",
        "    if message.goodbye and all(s.local is Local.STOPPED for s in message.services):\n",
        "    if all(s.local is Local.STOPPED for s in message.services):\n",
        "a peer that runs nothing has said goodbye",
        quick=True,
    ),
    Mutant(
        "liveness.py",
        "turn.set_peer(life=Life.SUSPECT, since=now, last=now, lived=now, heard=())",
        "turn.set_peer(life=Life.SUSPECT, since=now, heard=())",
        "after a pause old silence counts (F26)",
    ),
    Mutant(
        "liveness.py",
        "            turn.set_service(service.name, outdated=0, outdating=0, cleared=0)\n",
        "            turn.set_service(service.name, claim=service.claim)\n",
        "a promise to an earlier life answers a later one (F13)",
    ),
    Mutant(
        "liveness.py",
        "        sequence=0,\n        pace=None,\n        heard=(),\n        message=None,\n",
        "",
        "a new life of the peer has to count further than the old one did",
    ),
)
