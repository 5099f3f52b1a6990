# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What whoever writes entries of the history needs of it."""

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
