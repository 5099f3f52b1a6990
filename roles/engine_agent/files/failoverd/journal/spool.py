# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A thread that writes for the event loop: a hanging disk delays no heartbeat (F44, F69).

The thread does one job at a time, in the order of put(). A job may still wait when put() returns,
and when the daemon carries out the decision that the job records.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

STUCK_S = 5.0
"""A write that takes longer than this is reported to people."""


class Spool:
    """A bounded queue of jobs and the thread that does them."""

    def __init__(self, name: str, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._waiting = 0
        self._jobs: deque[tuple[Callable[[], None], int]] = deque()
        self._change = threading.Condition()
        self._since: float | None = None
        self._ending = False
        self.defect = ""
        """The unexpected exception of a job; the next jobs go on."""
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def put(self, job: Callable[[], None], size: int) -> bool:
        """Queue a job of so many bytes for the thread. False: no room, the job is dropped."""
        with self._change:
            if self._waiting + size > self._limit or self._ending:
                return False
            self._jobs.append((job, size))
            self._waiting += size
            self._change.notify_all()
        return True

    @property
    def stuck(self) -> bool:
        """Whether one job has taken longer than STUCK_S."""
        since = self._since
        return since is not None and time.monotonic() - since > STUCK_S

    def drain(self, wait_s: float) -> bool:
        """Wait until all jobs so far are done; False if that takes longer."""
        with self._change:
            return self._change.wait_for(lambda: not self._jobs and self._since is None, wait_s)

    def close(self, wait_s: float) -> bool:
        """Take no more jobs and drain. A hanging thread is left behind."""
        with self._change:
            self._ending = True
            self._change.notify_all()
        return self.drain(wait_s)

    def _work(self) -> None:
        while True:
            with self._change:
                self._since = None
                self._change.notify_all()
                self._change.wait_for(lambda: self._jobs or self._ending)
                if not self._jobs:
                    return
                job, size = self._jobs.popleft()
                self._since = time.monotonic()
            try:
                job()
            except Exception as error:
                self.defect = f"{type(error).__name__}: {error}"
            with self._change:
                self._waiting -= size
