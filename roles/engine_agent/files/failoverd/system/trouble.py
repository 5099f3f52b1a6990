# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an error says something of what was asked, or only of this daemon (F75). Pure.

A daemon without a free descriptor, thread or process cannot ask. That is no answer: nothing is
recovered, moved or stopped for it.
"""

from __future__ import annotations

import errno
import re
import socket
from collections.abc import Iterator

OWN = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
"""No descriptor in this process or on this node, no memory, no process or thread."""
THREADLESS = "can't start new thread"
"""How Python words EAGAIN and ENOMEM of a thread; it gives no number."""
NUMBERS = re.compile(r"\[Errno (\d+)\]")
"""asyncio joins the errors of several addresses into one text."""


def own(error: BaseException | None) -> bool:
    """Whether the means to ask were lacking, by the error itself or by what it was made of."""
    return any(_own(each) for each in _chain(error))


def _own(error: BaseException) -> bool:
    if isinstance(error, socket.gaierror):
        # No name server says anything of the application.
        return True
    if isinstance(error, OSError):
        if error.errno is None:
            return any(int(number) in OWN for number in NUMBERS.findall(str(error)))
        return error.errno in OWN
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and THREADLESS in str(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what it was raised from, and so on."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def reason(error: BaseException) -> str:
    """What the system says of an error, for a message."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
