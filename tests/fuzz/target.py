# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a target is. Each reads one kind of input as the product does, and raises what escaped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random


def _as_it_is(_rng: Random, data: bytes) -> bytes:
    return data


@dataclass(frozen=True)
class Target:
    """One kind of input."""

    name: str
    samples: list[bytes]
    """Sound inputs, from which spoilt ones are made."""
    run: Callable[[bytes], object]
    """Takes any bytes. What is expected of bad ones is caught there; all else is an escape.

    Returns whether the input was accepted, or None where nothing can be refused.
    """
    seal: Callable[[Random, bytes], bytes] = _as_it_is
    """Puts the signature, checksum or frame around a spoilt input, mostly."""
