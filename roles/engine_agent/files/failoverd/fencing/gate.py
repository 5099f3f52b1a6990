# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Withholds the petting of the watchdog until this life of the daemon has renewed its locks.

Each life gets a lease of its own to renew a lock of an earlier life (F31). If lives are short and
the disk does not answer, these leases would add up to more than the timeout of the lock, and the
peer would take the lock while the service is up here (F65). The watchdog resets the node before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .sfex.lock import Lock

AGAIN_S = 0.1


class Gate:
    """Stands between the order to pet and the watchdog. later(seconds, what) calls what()."""

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
        """Pet now, or as soon as every lock is renewed."""
        if not any(lock.unsure for lock in self._locks()):
            self._pet()
        elif not self._waiting:
            self._waiting = True
            self._later(AGAIN_S, self._again)

    def _again(self) -> None:
        self._waiting = False
        self.pet()
