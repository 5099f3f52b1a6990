# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the history that its writers need."""

from __future__ import annotations

from typing import Any, Protocol


class Chronicle(Protocol):
    """Takes the entries of the history."""

    def add(
        self,
        code: str,
        text: str,
        *,
        alert: bool = False,
        service: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        """Write one entry of the history."""
