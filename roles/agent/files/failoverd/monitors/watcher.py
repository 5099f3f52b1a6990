# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks one running resource again and again, and tells when it does not serve any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from failoverd.rhythm import Rest

from .base import Check, CheckFailed, CheckSettings, CheckUnable
from .streak import Streak

RETRY_S = 0.5
"""What has failed once is asked again soon, not after a whole interval."""
LATE_S = 1.0
"""A deadline that is noticed this much too late says more of this daemon than of the resource."""

Clock = Callable[[], float]


@dataclass(frozen=True)
class Latest:
    """The outcome of the last check; good is None when it told nothing."""

    good: bool | None
    seconds: float
    reason: str = ""


class Watcher:
    """One check of one resource, from the end of its start to the begin of its stop."""

    def __init__(
        self,
        settings: CheckSettings,
        check: Check,
        excuse: Callable[[], str],
        clock: Clock | None = None,
        rest: Rest = asyncio.sleep,
    ) -> None:
        """excuse says why a failure is not the resource's own, such as frozen storage."""
        self.settings = settings
        self._check = check
        self._excuse = excuse
        self._clock = clock
        self._rest = rest
        self._streak = Streak(settings.confirmations)
        self._task: asyncio.Task[None] | None = None
        self.latest: Latest | None = None

    def begin(self, failed: Callable[[str], None]) -> None:
        """From now on ask, and call failed(reason); what runs already goes on."""
        if self._task is None:
            self._streak.good()
            self.latest = None
            self._task = asyncio.get_running_loop().create_task(self._run(failed))

    def end(self) -> None:
        """Ask no more."""
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

    async def _run(self, failed: Callable[[str], None]) -> None:
        clock = self._clock or asyncio.get_running_loop().time
        while True:
            begun = clock()
            good, reason = await self._ask()
            took = clock() - begun
            late = took > self.settings.deadline_s + LATE_S
            if good is False and (late or self._excuse()):
                good = None
            self.latest = Latest(good, took, reason)
            if good is not False:
                self._streak.good()
            elif self._streak.bad(clock()):
                failed(reason)
            pause = self.settings.interval_s
            soon = good is False and not self._streak.confirmed
            await self._rest(min(pause, RETRY_S) if soon else pause)

    async def _ask(self) -> tuple[bool | None, str]:
        """Whether it serves, None if that cannot be told, and the reason of anything but yes."""
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
        except CheckFailed as error:
            good, reason = False, str(error)
        except OSError as error:
            good, reason = False, error.strerror or type(error).__name__
        except CheckUnable as error:
            return None, f"{name}: cannot be checked: {error}"
        except Exception as error:
            return None, f"{name}: cannot be checked: {type(error).__name__}: {error}"
        self._check.close()
        return good, f"{name}: {reason}"
