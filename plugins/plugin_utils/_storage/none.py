# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""none: a service without data of its own."""

from __future__ import annotations

from typing import Any

from .._inventory.reading import Read, Scope
from ._base import Storage


class Nothing(Storage):
    """Keys that other types have are there, and empty."""

    def complete(self, storage: Any, where: str, links: Any, locks: Any, scope: Scope) -> None:
        storage.update(disk={}, link="", mount="", overwrite=False, adopt=False)


KIND = Nothing(name="none", keys={}, reserved=("none",))


def storage() -> Read:
    """What a service has in the inventory that names no storage."""
    return Read(type=KIND.name)
