# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The target of the demonstration: the inventory lab/cluster.yml, read as data."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import yaml

from lab.demo.playbook import CHECKOUT
from lab.errors import LabError
from lab.observer import Watch

INVENTORY = CHECKOUT / "lab" / "cluster.yml"
SESSION_PAGE = "/guestbook"
MARKER = "failover.cluster sample"


class Raised(Protocol):
    """The part of a raised lab that is needed."""

    @property
    def dir(self) -> Path:
        """Directory of the lab."""

    @property
    def inventory_path(self) -> Path:
        """Inventory with hosts and connections."""

    @property
    def nodes(self) -> list[str]:
        """Names of the nodes."""

    @property
    def bmc_password(self) -> str:
        """Password of the BMCs."""


@dataclass(frozen=True)
class Target:
    """The service under test."""

    nodes: tuple[str, ...]
    service: str
    watch: Watch
    database: str
    user: str
    password: str = field(repr=False)
    inventory: Path = INVENTORY
    replicated: bool = True
    engine: str = "agent"
    pages: bool = True
    """Whether the service has a web server with the sample application."""
    port: int = 5432

    @classmethod
    def load(cls, lab: Raised, inventory: Path = INVENTORY, number: int = 0) -> Target:
        """Read a service of the inventory; each lab gets a new password.

        :raises LabError: the inventory does not describe what the demonstration needs.
        """
        try:
            data = yaml.safe_load(inventory.read_text(encoding="utf-8"))
            (group,) = data.values()
            service = group["vars"]["failover_services"][number]
            options = _postgresql(service["applications"])
            return cls(
                nodes=tuple(lab.nodes),
                service=str(service["name"]),
                watch=Watch(
                    # Of storage that nothing mounts, the directory is never seen mounted.
                    mount=str(service["storage"].get("mount") or service["storage"]["directory"]),
                    address=str(service["addresses"][0]).partition("/")[0],
                    minor=int(service["storage"].get("minor", 0)),
                ),
                database=str(options["database"]),
                user=str(options["user"]),
                password=_password(lab.dir / "db-password"),
                inventory=inventory,
                replicated=service["storage"].get("type") == "drbd",
                engine=str(group["vars"].get("failover_engine", "agent")),
                pages=any("apache" in one for one in service["applications"]),
                port=int(options.get("port", 5432)),
            )
        except (KeyError, IndexError, TypeError, ValueError, yaml.YAMLError) as error:
            raise LabError(
                f"{inventory.name}: the demonstration needs one group whose service has"
                f" storage, an address and PostgreSQL ({type(error).__name__}: {error})"
            ) from error

    def inventories(self, lab: Raised) -> list[Path]:
        """The lab's own inventory and the cluster's."""
        return [lab.inventory_path, self.inventory]

    def environment(self, lab: Raised) -> dict[str, str]:
        """The secrets that the inventory looks up."""
        return {"LAB_BMC_PASSWORD": lab.bmc_password, "LAB_DB_PASSWORD": self.password}

    def client_options(self) -> list[str]:
        """Arguments of the measuring client."""
        pages = ["--path", "/", "--marker", MARKER, "--session-path", SESSION_PAGE]
        return [
            *("--host", self.watch.address, "--port", str(self.port)),
            *("--dbname", self.database, "--user", self.user),
            *(pages if self.pages else ["--path", ""]),
        ]


def _postgresql(applications: list[Any]) -> dict[str, Any]:
    for application in applications:
        if isinstance(application, dict) and "postgresql" in application:
            return dict(application["postgresql"])
    raise KeyError("postgresql")


def _password(path: Path) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(16) + "\n", encoding="ascii")
    return path.read_text(encoding="ascii").strip()
