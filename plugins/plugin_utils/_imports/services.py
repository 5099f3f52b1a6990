# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of proposal does to make a service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import fstab
from .findings import Findings
from .hosts import Host
from .links import Links, folded


def addresses(
    given: Sequence[dict[str, Any]],
    hosts: Sequence[Host],
    links: Links,
    replication: str,
    where: str,
    findings: Findings,
) -> list[Any]:
    """Return the addresses of a service, each on a link, or on an interface that is none.

    given: address with prefix, and interface if one was named.
    """
    result: list[Any] = []
    for one in given:
        ip = one["address"].partition("/")[0]
        reaching = links.reaching(ip)
        seen = {h.name: h.lan_of(ip, str(one.get("interface", "")))[0] for h in hosts}
        if not all(seen.values()):
            seen = {h.name: h.lan_of(ip)[0] for h in hosts}
        if reaching:
            apart = [name for name in reaching if name != replication] or reaching
            usual = len(apart) == 1 and apart[0] != replication
            result.append(
                one["address"] if usual else {"address": one["address"], "link": apart[0]}
            )
        elif all(seen.values()):
            result.append({"address": one["address"], "interface": folded(seen)})
        else:
            named = {h.name: _there(h, str(one.get("interface", ""))) for h in hosts}
            result.append(
                {"address": one["address"], "interface": folded(named)}
                if all(named.values())
                else one["address"]
            )
            findings.add(
                "decide",
                where,
                f"no interface of both nodes is in the network of {ip}. Give each node an address"
                " of its own there, or name the interface.",
            )
    return result


def _there(host: Host, interface: str) -> str:
    return interface if interface in host.interfaces else ""


def chained(applications: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the applications so that each starts after the one before, as they did."""
    result: list[dict[str, Any]] = []
    for one in applications:
        made = dict(one)
        if result:
            made["after"] = [title(result[-1])]
        result.append(made)
    return result


def title(application: dict[str, Any]) -> str:
    """The name that an application has in its service."""
    if "name" in application:
        return str(application["name"])
    if "unit" in application:
        return str(application["unit"]).removesuffix(".service")
    return str(application.get("lsb") or application.get("ocf", "").partition(":")[2])


def mounted_at_boot(mount: str, hosts: Sequence[Host], where: str, findings: Findings) -> None:
    """Tell of a directory that fstab names; only the cluster may mount it."""
    having = [
        host.name
        for host in hosts
        if any(
            one.target.rstrip("/") == mount
            for one in fstab.parse(str(host.answer.get("fstab") or ""))
        )
    ]
    if having:
        findings.add(
            "decide",
            where,
            f"{mount} stands in /etc/fstab of {' and '.join(having)}; take the line out. Only the"
            " cluster may mount it, and site.yml refuses otherwise.",
        )
