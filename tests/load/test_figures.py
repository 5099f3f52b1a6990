# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Account and metrics of a played series of failovers agree with a client that measured them.

make show WHAT=see runs it, over two real daemons in network namespaces. The client looks every
20 ms whether a node has the address of the service.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.failoverd.test_pair import Pair

from .page import PageProcess, page_of

ROUNDS = 3
"""Each is a move in order, the loss of a node, and the return of the lost one."""
NEAR_S = 0.5
LOOK_S = 0.02
ADDRESS = "10.9.0.10"
LAST = "failover_last_failover_"
CLONE_NEWNET = 0x40000000


class Client(threading.Thread):
    """Measures from the namespaces themselves when no node has the address."""

    def __init__(self, namespaces: list[str]) -> None:
        super().__init__(daemon=True)
        self._namespaces = namespaces
        self._end = threading.Event()
        self.outages: list[tuple[float, float]] = []
        """Begin and end, in Unix seconds."""

    def run(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        places = [os.open(f"/run/netns/{name}", os.O_RDONLY) for name in self._namespaces]
        down: float | None = None
        while not self._end.wait(LOOK_S):
            held = False
            for place in places:
                if libc.setns(place, CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
                held = held or _here()
            now = time.time()
            if not held and down is None:
                down = now
            elif held and down is not None:
                self.outages.append((down, now))
                down = None
        for place in places:
            os.close(place)

    def close(self) -> None:
        self._end.set()
        self.join(10)


def _here() -> bool:
    """Whether this thread's namespace has the address: only then a socket can be bound to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.bind((ADDRESS, 0))
        except OSError:
            return False
    return True


def lose(pair: Pair, node: str) -> None:
    """The node loses its power: its daemon ends, and its kernel has no address any more.

    Both at once, also on a busy machine: what takes the address away runs already.
    """
    argv = ["ip", "-n", pair.wire.names[int(node[-1]) - 1], "-batch", "-"]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as ready:
        assert ready.stdin is not None and ready.stdout is not None
        ready.stdin.write("link show dev lo\n")
        ready.stdin.flush()
        assert ready.stdout.readline()
        pair.processes[node].send_signal(signal.SIGKILL)
        ready.stdin.write(f"address del {ADDRESS}/24 dev eth0\n")
        ready.stdin.close()
        assert ready.wait(30) == 0
    pair.end(node, signal.SIGKILL)


def account(pair: Pair, node: str, other: str) -> list[dict[str, Any]]:
    """The outages in the order of time, from both histories."""
    state = str(pair.path / other / "state")
    done = pair.ctl(node, "availability", "--since", "1h", "--json", "--also", state)
    assert done.returncode == 0, done.stderr
    [service] = json.loads(done.stdout)["services"]
    found: list[dict[str, Any]] = service["outages"]
    return found


def last_failover(page: PageProcess) -> tuple[float, float]:
    """When the last failover to the node of the page ended, and how long it took; 0 for none."""
    with urllib.request.urlopen(f"{page.url}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    found = dict(line.rsplit(" ", 1) for line in lines if line.startswith(LAST))
    values = {name.partition("{")[0].removeprefix(LAST): float(v) for name, v in found.items()}
    return values.get("timestamp_seconds", 0.0), values.get("duration_seconds", 0.0)


def next_failover(pair: Pair, page: PageProcess, after: float) -> tuple[float, float]:
    """The same of one that ended later; waits for it."""
    pair.wait(lambda: last_failover(page)[0] > after)
    return last_failover(page)


@pytest.fixture
def page(pair: Pair, tmp_path: Path) -> Iterator[PageProcess]:
    page = page_of(pair, tmp_path)
    yield page
    page.end()


def test_account_and_metrics_agree_with_the_client(
    pair: Pair, page: PageProcess, request: pytest.FixtureRequest
) -> None:
    client = Client(list(pair.wire.names))
    client.start()
    here, there = "node1", "node2"
    shown: list[float] = []
    ended = 0.0
    for _round in range(ROUNDS):
        assert pair.ctl(here, "switchover", "shop").returncode == 0
        pair.wait(lambda: pair.runs_on(there))
        # The heartbeats have to have told both of it: what nobody saw nobody can account for.
        pair.wait(lambda: pair.service(here)["owner"] == there)
        time.sleep(1.0)
        lose(pair, there)
        pair.wait(lambda: pair.runs_on(here))
        ended, seconds = next_failover(pair, page, ended)
        shown.append(seconds)
        for off in pair.path.glob("**/power.*"):
            off.unlink()
        pair.start(there)
        pair.wait(lambda: pair.service(there)["owner"] == here)
        time.sleep(1.0)
    client.close()
    measured, told = client.outages, account(pair, here, there)
    request.node.user_properties.append(("measured_s", [round(e - b, 2) for b, e in measured]))
    request.node.user_properties.append(("account_s", [round(o["seconds"], 2) for o in told]))
    request.node.user_properties.append(("metrics_s", [round(one, 2) for one in shown]))
    assert len(measured) == 2 * ROUNDS
    assert len(told) == len(measured), told
    causes = [(o["cause"], o["planned"], o["from"], o["to"]) for o in told]
    assert causes == ROUNDS * [
        ("switchover", True, here, there),
        ("node-lost", False, there, here),
    ]
    for (begin, end), outage in zip(measured, told, strict=True):
        assert outage["seconds"] == pytest.approx(end - begin, abs=NEAR_S), outage
    # Every other outage is a failover to the node of the page.
    for (begin, end), seconds in zip(measured[1::2], shown, strict=True):
        assert seconds == pytest.approx(end - begin, abs=NEAR_S)
