# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connects to a UNIX socket as another account, for servers with peer authentication."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import pwd
import socket
from collections.abc import Iterator

from failoverd.system import trouble

from .base import CheckFailed, CheckUnable

SETRESUID = {
    "x86_64": 117,
    "aarch64": 147,
    "riscv64": 147,
    "ppc64le": 164,
    "s390x": 208,
    "armv7l": 208,
    "i686": 208,
}
KEEP = -1
ACCOUNTS = "/etc/passwd"


def uid_of(account: str) -> int:
    """The number of an account; raises CheckUnable or OSError."""
    try:
        return pwd.getpwnam(account).pw_uid
    except KeyError:
        # Without a free descriptor the library finds no account, and does not tell why.
        os.close(os.open(ACCOUNTS, os.O_RDONLY | os.O_CLOEXEC))
        raise CheckUnable(f"there is no account {account} on this node") from None


@contextlib.contextmanager
def _acting_as(uid: int) -> Iterator[None]:
    """Inside, only the calling thread has another effective uid.

    The C library's own call would change every thread of the daemon. Only what cannot block
    belongs in here. Real and saved uid stay, so the account gains no power over the daemon.
    """
    if os.geteuid() == uid:
        yield
        return
    number = SETRESUID.get(platform.machine())
    if os.geteuid() != 0 or number is None:
        raise CheckUnable("only root can connect as another account, and not on every processor")
    library = ctypes.CDLL(None, use_errno=True)
    if library.syscall(number, KEEP, uid, KEEP) != 0:
        raise CheckUnable(f"cannot act as uid {uid}: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        if library.syscall(number, KEEP, 0, KEEP) != 0:
            os.abort()  # A daemon that cannot get its rights back must not go on.


def connect(path: str, uid: int) -> socket.socket:
    """A connected UNIX socket that does not block; raises CheckFailed, CheckUnable or OSError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        with _acting_as(uid):
            connection.connect(path)
    except BlockingIOError:
        # connect(2) reports this if the server does not accept waiting connections.
        connection.close()
        raise CheckFailed(f"cannot connect to {path}: its queue is full") from None
    except OSError as error:
        connection.close()
        if trouble.own(error):
            raise
        raise CheckFailed(f"cannot connect to {path}: {error.strerror}") from None
    except CheckUnable:
        connection.close()
        raise
    return connection
