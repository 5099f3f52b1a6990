# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocking calls that a dead disk or server may hold for ever: each on a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def aside(function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
    """Call it on a new thread. Who stops waiting leaves the thread behind: count those (F44).

    Not the loop's own pool of threads, which a few hanging calls would fill. Without a thread the
    future holds the error (trouble.own).
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def work() -> None:
        result, problem = None, None
        try:
            result = function(*arguments)
        except Exception as error:
            problem = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(settle, result, problem)

    try:
        threading.Thread(target=work, daemon=True, name=function.__name__).start()
    except RuntimeError as error:
        future.set_exception(error)
    return future
