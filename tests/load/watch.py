# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Prometheus with the alert rules, before the pages of two real daemons."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.proofs._prometheus import Prometheus, prometheus
from tests.unit.failoverd.test_pair import Pair

from .page import PageProcess

LIMIT_S = 240.0
SCRAPED_S = 5.0
NODES = ("node1", "node2")


class Watch:
    """Waits for alerts, and keeps which ones fired and ended."""

    def __init__(self, server: Prometheus) -> None:
        self._server = server
        self.fired: set[str] = set()
        self.ended: set[str] = set()

    def fires(self, *names: str) -> None:
        self._wait(lambda firing: firing >= {*names}, f"{names} to fire")
        self.fired |= {*names}

    def ends(self, *names: str) -> None:
        self._wait(lambda firing: not firing & {*names}, f"{names} to end")
        self.ended |= {*names}

    def quiet(self, *but: str) -> None:
        """Nothing fires but what may."""
        self._wait(lambda firing: not firing - {*but}, "all to end")

    def sees(self, name: str) -> bool:
        """Whether it fires after the next scrapes, or nobody can tell."""
        time.sleep(SCRAPED_S)
        try:
            return name in self._server.firing()
        except OSError:
            return True

    def _wait(self, condition: Callable[[set[str]], bool], what: str) -> None:
        end, firing = time.monotonic() + LIMIT_S, {"nothing was answered"}
        while time.monotonic() < end:
            try:
                firing = self._server.firing()
            except OSError:
                time.sleep(0.5)
                continue
            if condition(firing):
                return
            time.sleep(0.5)
        raise AssertionError(f"waited for {what}; these fire: {sorted(firing)}")


@contextmanager
def watching(pair: Pair, directory: Path) -> Iterator[Watch]:
    """A page before each daemon."""
    sockets = [pair.path / node / "run-page/status.sock" for node in NODES]
    with ExitStack() as stack:
        urls = []
        for number, status in enumerate(sockets):
            pair.wait(status.exists)
            page = PageProcess(status, directory / f"page{number}.json")
            stack.callback(page.end)
            urls.append(page.url)
        yield Watch(stack.enter_context(prometheus(directory, urls)))
