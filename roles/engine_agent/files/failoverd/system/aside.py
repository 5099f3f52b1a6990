# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs blocking calls on threads of their own, because a dead disk or server may block for ever."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def aside(function: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
    """Call it on a new thread. If the caller gives up, the thread stays: limit their number (F44).

    A few hanging calls would fill the event loop's own pool of threads. If no thread can be
    started, the future holds the error (trouble.own).
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
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, result, problem)

    try:
        threading.Thread(target=work, daemon=True, name=function.__name__).start()
    except RuntimeError as error:
        future.set_exception(error)
    return future
