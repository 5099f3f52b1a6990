# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version of PostgreSQL a service has: the one asked for, and the one of its data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ._problems import Problem

RELEASES = {"12": "15", "13": "17"}
"""The version of each release of Debian."""

Found = Mapping[str, Mapping[str, Any]]


def packages(version: str) -> list[str]:
    """Return what has to be installed; without a version, what the node's release brings.

    The package without a number follows the newest version of any repository (H4).
    """
    ours = [f"postgresql-{number} [{release}]" for release, number in RELEASES.items()]
    return ["postgresql-common", f"postgresql-{version}" if version else " | ".join(ours)]


def complete(services: Sequence[Mapping[str, Any]], found: Found | None) -> None:
    """Give each server that says no version that of its nodes' release, once that is known."""
    releases = {info["os"]["version"] for info in (found or {}).values()}
    for _service, _where, server in _servers(services):
        if not server["version"] and len(releases) == 1:
            server["version"] = RELEASES.get(next(iter(releases)), "")


def check(services: Sequence[Mapping[str, Any]], found: Found) -> None:
    """Refuse a version that is not that of the data: no server reads the files of another (H5).

    Where the data are not mounted, the unit that was installed for them tells.
    """
    for service, where, server in _servers(services):
        for kind in ("data", "unit"):
            said = {node: info["postgresql"][service["name"]][kind] for node, info in found.items()}
            has = {node: version for node, version in said.items() if version}
            if not has:
                continue
            node, version = next(iter(has.items()))
            if version != server["version"]:
                raise Problem(
                    f"{where}.version: {server['version']} is not {version}, the version of the"
                    f" database of service {service['name']} ({node}:"
                    f"{service['storage']['mount']}/postgresql); a server reads the files of its"
                    f' own version only. Write version: "{version}", or upgrade the database first'
                    ' ("Another version of PostgreSQL" in docs/operating.md).'
                )
            break


def _servers(
    services: Sequence[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], str, dict[str, Any]]]:
    for service in services:
        for index, application in enumerate(service["applications"]):
            if application["kind"] == "postgresql":
                yield service, f"{service['where']}.applications[{index}].postgresql", application
