# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The account of a played series of failovers agrees with a client that measured each of them.

make show WHAT=see runs it, over two real daemons in network namespaces. The client looks every
20 ms whether a node has the address of the service.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import threading
import time
from typing import Any

import pytest

from tests.unit.failoverd.test_pair import Pair

ROUNDS = 3
"""Each is a move in order, the loss of a node, and the return of the lost one."""
NEAR_S = 0.5
LOOK_S = 0.02
ADDRESS = "10.9.0.10"
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
    """The node loses its power: its daemon ends, and its kernel has no address any more."""
    pair.end(node, signal.SIGKILL)
    device = int(node[-1]) - 1
    pair.wire.ip(device, "address", "del", f"{ADDRESS}/24", "dev", "eth0")


def account(pair: Pair, node: str, other: str) -> list[dict[str, Any]]:
    """The outages in the order of time, from both histories."""
    state = str(pair.path / other / "state")
    done = pair.ctl(node, "availability", "--since", "1h", "--json", "--also", state)
    assert done.returncode == 0, done.stderr
    [service] = json.loads(done.stdout)["services"]
    found: list[dict[str, Any]] = service["outages"]
    return found


def test_the_account_agrees_with_the_client(pair: Pair, request: pytest.FixtureRequest) -> None:
    client = Client(list(pair.wire.names))
    client.start()
    here, there = "node1", "node2"
    for _round in range(ROUNDS):
        assert pair.ctl(here, "switchover", "shop").returncode == 0
        pair.wait(lambda: pair.runs_on(there))
        # The heartbeats have to have told both of it: what nobody saw nobody can account for.
        pair.wait(lambda: pair.service(here)["owner"] == there)
        time.sleep(1.0)
        lose(pair, there)
        pair.wait(lambda: pair.runs_on(here))
        for off in pair.path.glob("**/power.*"):
            off.unlink()
        pair.start(there)
        pair.wait(lambda: pair.service(there)["owner"] == here)
        time.sleep(1.0)
    client.close()
    measured, told = client.outages, account(pair, here, there)
    request.node.user_properties.append(("measured_s", [round(e - b, 2) for b, e in measured]))
    request.node.user_properties.append(("account_s", [round(o["seconds"], 2) for o in told]))
    assert len(measured) == 2 * ROUNDS
    assert len(told) == len(measured), told
    causes = [(o["cause"], o["planned"], o["from"], o["to"]) for o in told]
    assert causes == ROUNDS * [
        ("switchover", True, here, there),
        ("node-lost", False, there, here),
    ]
    for (begin, end), outage in zip(measured, told, strict=True):
        assert outage["seconds"] == pytest.approx(end - begin, abs=NEAR_S), outage
