# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection asks a kind of application."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._inventory.checks import CHECKS
from .._inventory.kinds import Flag, Key, Text, Whole
from .._inventory.nested import ListOf
from .._inventory.reading import Scope, put

Found = Mapping[str, Mapping[str, Any]]

COMMON: Mapping[str, Key] = {
    "start_timeout_s": Key(Whole(1, 3600), "How long its start may take.", otherwise="by kind"),
    "stop_timeout_s": Key(Whole(1, 3600), "How long its stop may take.", otherwise="by kind"),
    "after": Key(
        ListOf(Text(words="name")), "Applications of the service that start before it.", default=()
    ),
    "monitor": Key(CHECKS, "Questions that are put to it while it runs."),
}
"""Keys of every application."""
LOCALHOST = Key(
    Flag(),
    "Whether it listens on 127.0.0.1, too, and not only on the addresses of the service.",
    default=False,
)
"""Beside the key port: the application listens on the addresses of its service."""


@dataclass(frozen=True, kw_only=True)
class Application:
    """One kind of application. What it does not say otherwise is that of a bundled one.

    A bundled application is written by its name alone, or as {NAME: {settings}}. A role of its
    own installs it, and writes the unit NAME-SERVICE.service.
    """

    name: str
    """In the inventory."""
    written: str = ""
    """How one that is not bundled is written, such as {unit: NAME.service}; the key is its name."""
    keys: Mapping[str, Key]
    """Its keys besides COMMON."""
    made_by: str = "role"
    """What makes its unit: role, host (it is there before), systemd (out of a script), or daemon
    (at its start, so that systemd does not know it before)."""
    on_storage: bool = False
    """Whether its files lie on the storage of the service, so that it needs one."""
    role: str = ""
    """The role that configures it on the hosts."""
    reserved: Sequence[str] = ()
    """Names that no service may have."""
    needs: Sequence[str] = ()
    """Packages of the distribution."""
    stock: Mapping[str, str] = field(default_factory=dict)
    """Unit that a package of the distribution brings along and starts -> that package."""
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Package -> path -> text: files that are written before the package is installed."""
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Accounts that own data on the storage, and what useradd is told of one that is new."""
    files: Sequence[str] = ()
    """What its role writes into /etc/failover/SERVICE."""
    monitor: Sequence[Mapping[str, Any]] = ()
    """Checks, if the inventory names none. Where it is asked is where it listens: _listening.py."""

    @property
    def bundled(self) -> bool:
        """Whether a role of the collection installs and configures it."""
        return not self.written

    def title(self, item: Any) -> str:
        """The name of an application that was given none."""
        return self.name

    def unit(self, item: Any, name: str, service: str) -> str:
        """The unit that runs it."""
        return f"{self.name}-{service}.service"

    def complete(self, made: Any, item: Any, service: Any, scope: Scope) -> None:
        """Add to what was made of the item what roles and daemon must know besides: its keys."""
        for key in self.keys:
            if key in item:
                put(scope, made, key, item.__getitem__, key)

    def program(self, service: Mapping[str, Any], application: Mapping[str, Any]) -> dict[str, Any]:
        """What the daemon is told: the type of the resource, and that type's own fields."""
        return {"type": "unit", "unit": application["unit"]}

    def packages(self, application: Mapping[str, Any]) -> Sequence[str]:
        """Packages that it needs; alternatives have | between them."""
        return self.needs

    def programs(self, application: Mapping[str, Any]) -> Sequence[str]:
        """Files that must be executable on every node."""
        return ()

    def secrets(self, service: Mapping[str, Any], application: Mapping[str, Any]) -> dict[str, str]:
        """Name of each secret that the nodes share -> the key by which the inventory may give it.

        What the inventory does not give is generated.
        """
        return {}

    def texts(
        self, service: Mapping[str, Any], application: Mapping[str, Any]
    ) -> Mapping[str, str]:
        """File of a node -> the pattern whose first group the node tells of that file's text."""
        return {}

    def settle(self, application: dict[str, Any], found: Found) -> None:
        """Complete the application, once the nodes have answered."""

    def judge(
        self,
        where: str,
        service: Mapping[str, Any],
        application: Mapping[str, Any],
        found: Found,
    ) -> None:
        """Raise Problem for what the nodes have, and what does not fit this application."""
