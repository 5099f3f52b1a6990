# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the ping targets and tells the core whether this node reaches its clients (F22, F23)."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from typing import Any

from failoverd.core.events import Event, Reached
from failoverd.core.message import Reach
from failoverd.journal.chronicle import Chronicle
from failoverd.system import trouble
from failoverd.system.pacing import Pause, end, exactly

from .confirm import Confirm
from .echo import Echo
from .settings import PingSettings, Target

LAST_SEQUENCE = 0xFFFF
REOPEN_S = 5.0
COARSE_S = 1.5
"""With a longer interval, the pause must be exact."""


class Asked:
    """One target and the results of its requests."""

    def __init__(self, target: Target, confirmations: int) -> None:
        self.target = target
        self.confirm = Confirm(confirmations)
        self.answered = False
        """Whether it has answered in this round."""
        self.rtt_s: float | None = None
        self.told = False


class Ping:
    """Rounds of one request to each target; posts each good round, and a confirmed loss."""

    def __init__(
        self,
        settings: PingSettings,
        post: Callable[[Event], None],
        history: Chronicle,
        pause: Pause = exactly,
        severed: Callable[[], bool] = lambda: False,
    ) -> None:
        """severed: no interface that leads to clients has a carrier."""
        self._settings = settings
        self._post = post
        self._severed = severed
        self._history = history
        self._targets = {t.address: Asked(t, settings.confirmations) for t in settings.targets}
        self._confirm = Confirm(settings.confirmations)
        self._echoes: dict[int, Echo] = {}
        self._sequence = 0
        self._began = 0.0
        # A lease counts on the time between two answers (PING_GAP_S).
        self._pause = pause if settings.interval_s <= COARSE_S else exactly
        self._waiting: asyncio.Future[None] | None = None
        """Wait for answers, until the deadline."""
        self._resting: asyncio.Future[None] | None = None
        self._hurried = False
        self._in_doubt = False
        """The last round was lost, and the verdict stands still: the next round follows at once."""
        self.problem = ""
        """Why no request can be sent, empty if it can."""

    async def run(self) -> None:
        """Run rounds for ever."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                if self.open():
                    await self.ask_once()
                    rest_s = self._began + self._settings.interval_s - loop.time()
                    if rest_s > 0 and not self._hurried and not self._in_doubt:
                        self._resting = self._pause(rest_s)
                        await self._resting
                    self._hurried = False
                else:
                    await asyncio.sleep(REOPEN_S)
        finally:
            self.close()

    def hurry(self) -> None:
        """The network has changed: begin the next round at once."""
        self._hurried = True
        if self._resting is not None:
            end(self._resting)

    def close(self) -> None:
        """Free the sockets."""
        for echo in self._echoes.values():
            asyncio.get_running_loop().remove_reader(echo.socket.fileno())
            echo.close()
        self._echoes.clear()

    def open(self) -> bool:
        """Open missing sockets. A target that cannot be asked has not failed to answer."""
        versions = {ipaddress.ip_address(address).version for address in self._targets}
        for version in sorted(versions - self._echoes.keys()):
            try:
                echo = Echo(version, self._answer)
            except OSError as error:
                self.problem = f"the ping targets cannot be asked: {error.strerror}"
                return False
            self._echoes[version] = echo
            asyncio.get_running_loop().add_reader(echo.socket.fileno(), echo.read)
        self.problem = ""
        return True

    async def ask_once(self) -> None:
        """Send one request to each target, and judge the answers in time."""
        self._sequence = self._sequence % LAST_SEQUENCE + 1
        self._began = asyncio.get_running_loop().time()
        self._waiting = exactly(self._settings.deadline_s)
        for asked in self._targets.values():
            asked.answered = False
        left = [self._ask(address) for address in self._targets]
        await self._waiting
        for echo in self._echoes.values():
            # If this process did not run, the answers wait in the socket: they came in time.
            echo.read()
        self._judge(all(left))

    def _ask(self, address: str) -> bool:
        """Send the request; False if this daemon lacked the means (F75)."""
        try:
            self._echoes[ipaddress.ip_address(address).version].ask(address, self._sequence)
        except OSError as error:
            # A full queue counts as a loss: nothing leaves.
            return isinstance(error, BlockingIOError) or not trouble.own(error)
        return True

    def _answer(self, address: str, sequence: int) -> None:
        asked = self._targets.get(address)
        if asked is None or sequence != self._sequence or asked.answered:
            return
        asked.answered = True
        asked.rtt_s = asyncio.get_running_loop().time() - self._began
        if self._waiting is not None and all(a.answered for a in self._targets.values()):
            end(self._waiting)

    def _judge(self, all_asked: bool) -> None:
        weight = sum(a.target.weight for a in self._targets.values() if a.answered)
        good = weight >= self._settings.needed
        if not good and not all_asked:
            self.problem = "the ping targets cannot be asked: this node lacks memory for it"
            return
        changed = self._confirm.see(good, sure=self._severed())
        self._in_doubt = not good and self.reach is Reach.REACHED
        if good and self.reach is Reach.REACHED:
            # After every good round: the lease counts from the time of the request (F25).
            complete = all(asked.answered for asked in self._targets.values())
            self._post(Reached(Reach.REACHED, self._began, complete))
        elif changed:
            self._post(Reached(self.reach))
        for asked in self._targets.values():
            if asked.confirm.see(asked.answered):
                self._tell(asked)

    def _tell(self, asked: Asked) -> None:
        """One target of several is lost: report it now, because the next one decides."""
        if len(self._targets) < 2:
            return
        address = asked.target.address
        if not asked.confirm.verdict:
            asked.rtt_s = None
            alert = self._confirm.verdict is not False
            self._history.add("ping-lost", f"ping target {address} does not answer", alert=alert)
            asked.told = True
        elif asked.told:
            asked.told = False
            self._history.add("ping-back", f"ping target {address} answers again")

    @property
    def reach(self) -> Reach:
        """The confirmed verdict."""
        words = {None: Reach.UNKNOWN, True: Reach.REACHED, False: Reach.LOST}
        return words[self._confirm.verdict]

    def status(self) -> list[dict[str, Any]]:
        """For failoverctl: one entry per target."""
        words = {None: "unknown", True: "ok", False: "lost"}
        return [
            {
                "address": address,
                "weight": asked.target.weight,
                "state": words[asked.confirm.verdict],
                "rtt_ms": None if asked.rtt_s is None else round(asked.rtt_s * 1000, 2),
            }
            for address, asked in self._targets.items()
        ]
