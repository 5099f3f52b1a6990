# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A life of the daemon that took up a lock prolongs the node's life only once it has renewed it.

Each life is given a lease of its own to renew a lock that an earlier one had (F31). If lives are
short and the disk does not answer, these leases would add up to more than the lock's timeout, and
the peer would take it while the service is up here (F65). The watchdog ends that in its time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .sfex.lock import Lock

AGAIN_S = 0.1


class Gate:
    """Stands between the core's order to pet and the watchdog. later(seconds, what) calls it."""

    def __init__(
        self,
        pet: Callable[[], None],
        locks: Callable[[], Iterable[Lock]],
        later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self._pet = pet
        self._locks = locks
        self._later = later
        self._waiting = False

    def pet(self) -> None:
        """Now, or as soon as every lock is sure."""
        if not any(lock.unsure for lock in self._locks()):
            self._pet()
        elif not self._waiting:
            self._waiting = True
            self._later(AGAIN_S, self._again)

    def _again(self) -> None:
        self._waiting = False
        self.pet()
