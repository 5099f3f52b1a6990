# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the hosts answered, and what a proposal asks of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import _net

NODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Host:
    """One host. Whatever it did not tell is empty."""

    name: str
    """uname -n of the host."""
    address: str = ""
    """Where Ansible reaches it, "" if that is its name."""
    answer: Mapping[str, Any] = field(default_factory=dict)

    @property
    def interfaces(self) -> Mapping[str, Sequence[str]]:
        """Interface -> its addresses with prefix."""
        found: Mapping[str, Sequence[str]] = self.answer.get("interfaces") or {}
        return found

    def interface_of(self, address: str) -> str:
        """The interface that has exactly this address, "" for none."""
        for name, addresses in self.interfaces.items():
            if any(_host(one) == address for one in addresses):
                return name
        return ""

    def lan_of(self, address: str, interface: str = "") -> tuple[str, str]:
        """Interface and network whose LAN holds an address, both "" for none.

        interface: only this one. The address itself does not count: it may be there at the moment.
        """
        for name, addresses in self.interfaces.items():
            if interface and name != interface:
                continue
            for one in addresses:
                if _host(one) != address and _inside(address, one):
                    return name, _net.network(one)
        return "", ""

    def unit(self, name: str) -> bool:
        """Whether the host has a service unit of this name."""
        return f"{name}.service" in (self.answer.get("units") or ())

    def script(self, name: str) -> bool:
        """Whether the host has an init script of this name."""
        return name in (self.answer.get("scripts") or ())

    def file(self, *path: str) -> Mapping[str, Any] | None:
        """A file of the answer, None if it is not there."""
        found: Any = self.answer
        for step in path:
            found = found.get(step) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else None

    def text(self, *path: str) -> str:
        """The text of a file, "" if it is not there."""
        found = self.file(*path)
        return str(found["text"]) if found is not None else ""


def _host(text: str) -> str:
    try:
        return _net.host(text)
    except ValueError:
        return ""


def _inside(address: str, network: str) -> bool:
    try:
        return _net.inside(address, network) and not _net.alone(network)
    except ValueError:
        return False
