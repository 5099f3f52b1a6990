# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times that a machine with other work cannot promise: too long a one is measured again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

ROUNDS = 3
Row = dict[str, Any]


def again(measure: Callable[[], Row], good: Callable[[Row], bool], rounds: int = ROUNDS) -> Row:
    """The first good figures, or the last bad ones; with the number of rounds."""
    figures: Row = {}
    for number in range(1, rounds + 1):
        figures = {**measure(), "rounds": number}
        if good(figures):
            break
    return figures
