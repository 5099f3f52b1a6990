# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a test that goes wrong must not wait for without a limit: calls that block, and threads.

In a coroutine, failoverd.system.aside does the same. asyncio.to_thread does not: asyncio.run joins
its threads at the end, however long they block.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socketserver import BaseServer
from typing import Any, TypeVar

LIMIT_S = 60.0
"""Ends a test that fails anyway."""

T = TypeVar("T")


def begun(call: Callable[..., Any], *arguments: Any) -> threading.Thread:
    """A thread that does it, and that nothing waits for at the end of the program."""
    thread = threading.Thread(target=call, args=arguments, daemon=True)
    thread.start()
    return thread


def within(call: Callable[..., T], *arguments: Any, limit_s: float = LIMIT_S) -> T:
    """What it returns. It has failed if it has not returned after this time; its thread stays."""
    found: list[T] = []
    failed: list[BaseException] = []

    def do() -> None:
        try:
            found.append(call(*arguments))
        except BaseException as error:
            failed.append(error)

    begun(do).join(limit_s)
    if failed:
        raise failed[0]
    assert found, f"{call} has not returned after {limit_s:g} s"
    return found[0]


@contextmanager
def serves(server: BaseServer) -> Iterator[None]:
    """It serves in a thread meanwhile."""
    thread = begun(server.serve_forever, 0.01)
    try:
        yield
    finally:
        try:
            within(server.shutdown)
            thread.join(LIMIT_S)
        finally:
            server.server_close()
