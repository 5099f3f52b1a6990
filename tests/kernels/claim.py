# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of tests or of a proof has a lab to itself: another one would pull it down."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from lab.paths import lab_home


class InUseError(RuntimeError):
    """Another run has this lab; str() says what to do."""


@contextmanager
def claim(name: str) -> Iterator[None]:
    """Have the lab of this name until the end; raises InUseError."""
    path = lab_home() / "claims" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InUseError(
                f"another run of tests uses the lab {name}: wait for its end,"
                " or name another lab (LAB=second)"
            ) from None
        yield
