# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells errors of this daemon from errors of what it asked (F75). Pure.

A daemon without a free descriptor, thread or process cannot ask. Such an error is no answer: it
never recovers, moves or stops a service.
"""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Iterator

OWN = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
"""No free descriptor in this process or on this node, no memory, no process or thread."""
THREADLESS = "can't start new thread"
"""Python's text for a thread that cannot start; it gives no error number."""
NUMBERS = re.compile(r"\[Errno (\d+)\]")
"""asyncio joins the errors of several addresses into one text, from which the numbers are read."""


def own(error: BaseException | None) -> bool:
    """Whether this daemon lacked the means to ask, by the error itself or one of its causes."""
    return any(_own(each) for each in _chain(error))


def _own(error: BaseException) -> bool:
    if isinstance(error, socket.gaierror):
        # A failed look-up of a name says nothing about the application.
        return True
    if isinstance(error, OSError):
        if error.errno is None:
            return any(int(number) in OWN for number in NUMBERS.findall(str(error)))
        return error.errno in OWN
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and THREADLESS in str(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its causes."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def reason(error: BaseException) -> str:
    """The reason that the system gives, for a message."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
