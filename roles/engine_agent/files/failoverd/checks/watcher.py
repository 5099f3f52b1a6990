# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs one check of a resource again and again, and reports if it does not serve any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from failoverd.system import trouble
from failoverd.system.pacing import Rest
from failoverd.system.upkeep import keep

from .base import Check, CheckFailed, CheckSettings, CheckUnable, NoAnswer
from .streak import Streak

RETRY_S = 0.5
"""After a failure the next check comes soon, not after a whole interval."""
BLIND_S = 60.0
"""A check without a result for so long is reported: nobody watches the application."""
LATE_S = 1.0
"""If a deadline is noticed so much too late, this daemon was slow, not the resource."""

Clock = Callable[[], float]


@dataclass(frozen=True)
class Latest:
    """The result of the last check. good is None without a result."""

    good: bool | None
    seconds: float
    reason: str = ""


class Watcher:
    """One check of one resource, from the end of its start to the beginning of its stop."""

    def __init__(
        self,
        settings: CheckSettings,
        check: Check,
        excuse: Callable[[], str],
        clock: Clock | None = None,
        rest: Rest = asyncio.sleep,
    ) -> None:
        """excuse tells why a failure is not that of the resource, such as frozen storage."""
        self.settings = settings
        self._check = check
        self._excuse = excuse
        self._clock = clock
        self._rest = rest
        self._streak = Streak(settings.confirmations)
        self._unable: str = ""
        """Why the last check was impossible."""
        self._blind_since: float | None = None
        self._blind_told = False
        self._task: asyncio.Task[None] | None = None
        self.latest: Latest | None = None
        self.silent = False
        """Whether the last check had no answer at all, not even a bad one."""

    def begin(
        self, failed: Callable[[str], None], blind: Callable[[str], None] = lambda why: None
    ) -> None:
        """Start checking, and call failed(reason). A running check goes on.

        blind(why) is called after long without a result, and with "" when there is one again.
        """
        if self._task is None:
            self._streak.good()
            self.latest = None
            self._task = keep(
                f"the check {self.settings.name}", partial(self._run, failed, blind), self._note
            )

    def end(self) -> None:
        """Stop checking."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._check.close()
            self.latest = None

    def report(self) -> dict[str, Any]:
        """For status."""
        latest, word = self.latest, "unknown"
        if latest is not None and latest.good is not None:
            failing = "failed" if self._streak.confirmed else "doubtful"
            word = "ok" if latest.good else failing
        return {
            "name": self.settings.name,
            "type": self.settings.type,
            "state": word,
            "ms": round(latest.seconds * 1000, 1) if latest is not None else None,
            "reason": latest.reason if latest is not None else "",
        }

    def _note(self, text: str) -> None:
        """The check itself has failed, which tells nothing about the resource."""
        self.latest = Latest(None, 0.0, text)

    async def _run(self, failed: Callable[[str], None], blind: Callable[[str], None]) -> None:
        clock = self._clock or asyncio.get_running_loop().time
        while True:
            begun = clock()
            good, reason = await self._ask()
            took = clock() - begun
            late = took > self.settings.deadline_s + LATE_S
            if good is False and (late or self._excuse()):
                good = None
            self.latest = Latest(good, took, reason)
            self._see(clock(), blind)
            if good is False:
                if self._streak.bad(clock()):
                    failed(reason)
            elif not self._unable:  # an impossible check has no result (F75)
                self._streak.good()
            pause = self.settings.interval_s
            soon = good is False and not self._streak.confirmed
            await self._rest(min(pause, RETRY_S) if soon else pause)

    def _see(self, now: float, blind: Callable[[str], None]) -> None:
        """Report once if there is no result for long, and once when that is over."""
        if not self._unable:
            self._blind_since = None
            if self._blind_told:
                self._blind_told = False
                blind("")
        elif self._blind_since is None:
            self._blind_since = now
        elif not self._blind_told and now - self._blind_since >= BLIND_S:
            self._blind_told = True
            blind(self._unable)

    async def _ask(self) -> tuple[bool | None, str]:
        """Whether it serves, None if unknown; and the reason, unless it serves."""
        self._unable, self.silent = "", False
        excuse = self._excuse()
        if excuse:
            return None, excuse
        name = self.settings.name
        try:
            async with asyncio.timeout(self.settings.deadline_s):
                await self._check.check()
            return True, ""
        except TimeoutError:
            good, reason = False, f"no answer within {self.settings.deadline_s:g} s"
            self.silent = True
        except CheckFailed as error:
            good, reason = False, str(error)
            self.silent = isinstance(error, NoAnswer)
        except CheckUnable as error:
            good, reason = None, str(error)
        except Exception as error:
            # An error of the application, unless this daemon lacked the means (F75).
            good = False if isinstance(error, OSError) and not trouble.own(error) else None
            reason = trouble.reason(error)
        self._check.close()
        if good is None:
            self._unable = reason = f"cannot be checked: {reason}"
        return good, f"{name}: {reason}"
