# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deliberate bugs in the rules of the SFEX locks and in the shell around them."""

from __future__ import annotations

from dataclasses import replace

from .mutant import Mutant

_BUGS = (
    Mutant(
        "lock.py",
        "    return times.timeout_s\n",
        "    return times.lease_s\n",
        "a lock is taken before the watchdog of its owner has fired",
    ),
    Mutant(
        "lock.py",
        "before is not None and before.record == found else",
        "before is not None else",
        "a lock that is counted up is taken",
    ),
    Mutant(
        "lock.py",
        "    if not found.of(hold.mine):\n",
        "    if not found.owner:\n",
        "an owner does not look whose lock it is that it renews",
    ),
    Mutant(
        "lock.py",
        "    if now < reset_at(hold):\n",
        "    if now < reset_at(hold) + hold.times.timeout_s:\n",
        "an owner that cannot renew its lock goes on",
        quick=True,
    ),
    # That who writes itself in waits for whoever did the same, worlds show now and then only: a
    # unit test holds it (tests/unit/core/test_lock.py).
    # That a lock which is counted up counts for more than a proof needs a device that lies about a
    # node with a shared disk: unit tests hold it (test_lock.py).
    # That a claim whose write took long waits for the timeout matters only when the holder that it
    # came over is paused at that very moment; no world was seen to need it, a unit test holds it.
    Mutant(
        "lock.py",
        "    hold = changed(hold, renewed_at=hold.writing_since)\n",
        "    hold = changed(hold, renewed_at=now)\n",
        "a renewal counts from its end, not from its order",
    ),
    Mutant(
        "../fencing/gate.py",
        "        if not any(lock.unsure for lock in self._locks()):\n",
        "        if self._pet is not None:\n",
        "each short life of a daemon has a lease of its own",
    ),
    # That a lock of an earlier life is not used before the disk has confirmed it is caution only:
    # the peer cannot have taken it before the watchdog of this node would have fired.
    Mutant(
        "../fencing/sfex/lock.py",
        "                self._take_up(life)\n",
        "                self.unsure = False\n",
        "a daemon that begins anew does not go on with its lock",
    ),
    Mutant(
        "../fencing/sfex/lock.py",
        "            life = self._marked()\n",
        "",
        "a lock that is being given back is gone on with",
    ),
    # That a lock which was taken while no daemon ran resets no node on which nothing of it is up
    # needs people who have cleaned that node by hand: unit tests hold it (test_sfex_lock.py).
    Mutant(
        "../fencing/sfex/lock.py",
        "        self._alarm = loop.call_at(rules.reset_at(hold), self._overdue)\n",
        "        self._alarm = loop.call_at(float(2**40), self._overdue)\n",
        "a disk that hangs holds up the reset as well",
    ),
    # That a claim ends with the lease of a disk that does not answer saves time only: the limit of
    # the whole start ends it too, and a disk that does not answer is found sick (F44). A unit test
    # holds it (test_sfex_lock.py).
    Mutant(
        "../fencing/sfex/lock.py",
        "                        await self.block.write(rules.free(found))\n",
        "                        pass\n",
        "a lock is not given back by a planned move",
    ),
    Mutant(
        "lock.py",
        '    if found.owner in ("", claim.mine.owner) and not claim.doubt:\n',
        '    if found.owner in ("", claim.mine.owner):\n',
        "an own write that came late passes for a lock that nobody has",
    ),
    Mutant(
        "lock.py",
        "own.local is Local.STOPPED and state.peer.life is Life.ALIVE\n",
        "state.peer.life is Life.ALIVE\n",
        "the lock of a service that is up here is given back",
    ),
    # That it is kept while the peer is silent, no world was seen to need: a unit test holds it.
    Mutant(
        "lock.py",
        "    return heard and now - claim.stands_from < claim.times.timeout_s\n",
        "    return False\n",
        "on a disk that is slow for good a claim comes to no end",
    ),
    Mutant(
        "lock.py",
        "    return max(first_s, times.renew_s + renewed_s) < times.lease_s\n",
        "    return True\n",
        "a lock is taken that cannot be renewed within its lease",
    ),
    Mutant(
        "../fencing/sfex/level.py",
        "        await lock.recall()\n",
        "        pass\n",
        "a lock of an earlier life waits for the look at the rest of its service",
    ),
    Mutant(
        "../fencing/sfex/level.py",
        "        if problems or not done:\n",
        "        if len(problems) == len(done):\n",
        "one of several locks excludes the peer from all",
    ),
)

_DISKS = (
    Mutant(
        "rules/monitors.py",
        "    step.set_service(service.name, sick=event.why)\n",
        "    step.set_service(service.name)\n",
        "a disk that hangs is told and nothing else",
    ),
    Mutant(
        "placement.py",
        "    if service.sick:\n",
        "    if service.sick and service.held:\n",
        "a node whose disk hangs passes for able",
    ),
    Mutant(
        "rules/leave.py",
        '    sick = service.sick if service.sick and peer_copy_current(step, service) else ""\n',
        '    sick = ""\n',
        "an owner whose disk hangs keeps its service",
    ),
)

LOCK = (*(replace(bug, shared=True) for bug in _BUGS), *_DISKS)
