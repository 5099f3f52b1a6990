# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliberate bugs in the rules of the watchdog lease."""

from __future__ import annotations

from dataclasses import replace

from .mutant import Mutant

_BUGS = (
    Mutant(
        "lease.py",
        "    if not view.passed(quiet + lease.takeover_s) or view",
        "    if not view.passed(quiet + lease.lease_s) or view",
        "the standby does not wait for the owner's watchdog",
    ),
    # ran_out() asks for the end of the right and for what the peer held; the watch before it
    # (vigil) asks the same, so that only a bug in what both ask can do harm.
    Mutant(
        "lease.py",
        "    return at + lease.takeover_s + lease.window_s\n",
        '    return float("inf")\n',
        "the right to take over by the lease never ends",
    ),
    Mutant(
        "lease.py",
        "    return report is not None and (report.local.holding or report.doomed)\n",
        "    return report is not None\n",
        "the lease lets a node take over what the peer was not known to hold",
    ),
    Mutant(
        "lease.py",
        "    return at is not None and not view.passed(at + lease.lease_s)\n",
        "    return True\n",
        "the watchdog is petted although the lease has run out",
    ),
    Mutant(
        "lease.py",
        "    return view.passed((view.state.started if at is None else at) + lease.lease_s / 2)",
        "    return False",
        "an owner without contact goes on until its watchdog resets it",
    ),
    Mutant(
        "lease.py",
        "    if steady and any(map(_answers, view.services, view.config.services)):",
        "    if steady:",
        "a ping target counts as contact although the address does not answer yet",
    ),
    Mutant(
        "lease.py",
        "    return up and service.repair is Repair.NONE\n",
        "    return up\n",
        "a ping target counts as contact where storage alone is open, without an address (F91)",
    ),
    Mutant(
        "lease.py",
        "    return not view.passed(heard_at(view) + lease.closed_s)\n",
        "    return not view.passed(heard_at(view) + lease.lease_s)\n",
        "an owner is free of its lease before its peer's right has ended",
    ),
    Mutant(
        "lease.py",
        "    return service.local.up and view.passed(heard_at(view) + lease.closed_s",
        "    return service.local.up and view.passed(heard_at(view) + lease.lease_s",
        "frozen I/O flows before the peer's right has ended",
    ),
    Mutant(
        "lease.py",
        "    return view.peer.since > end if peer_was_off(view) else view.beyond(end)",
        "    return False",
        "a copy is trusted although the peer may have gone on without it",
    ),
    # That contact is dated when the question was sent, worlds show now and then only: a unit test
    # holds it (tests/unit/core/test_held_back.py).
    Mutant(
        "rules/contact.py",
        "message.heard < contact.asked:",
        "False:",
        "any heartbeat that arrives counts as contact",
    ),
    Mutant(
        "lease.py",
        "    return message is None or message.pact == view.config.pact\n",
        "    return True\n",
        "a lease proves something although the peer reckons with another one (F80)",
    ),
    # That the standby's watch takes a kernel that answers for life (F12) is courtesy to a service
    # that is about to stop: an owner without contact has stopped or is off at that time anyway.
    # That an old answer of a ping target is refused is covered by the word that none answers.
    Mutant(
        "rules/lease.py",
        "    if watch.ping_since is None or watch.ping_at is None:\n        return False\n"
        "    if step.passed(watch.ping_at + lease.PING_GAP_S):\n        return False",
        "    if step.state.leaving:\n        return False",
        "a silent LAN is believed although this node reaches nothing on it",
    ),
    Mutant(
        "rules/lease.py",
        "    silent = not event.answered and not step.passed(watch.probe_at + PROBE_LONG_S)",
        "    silent = True",
        "an address that answers is taken for silence",
    ),
    Mutant(
        "lease.py",
        "    return heard_at(view) <= service.proof_at\n",
        "    return True\n",
        "a lease that ran out once excludes the peer for ever",
    ),
    Mutant(
        "rules/contact.py",
        "        if connected or not step.settings(service).replicated:",
        "        if True:",
        "a copy counts as current as long as the heartbeats pass",
    ),
)

LEASE = tuple(replace(bug, leased=True) for bug in _BUGS)
