# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page: completing and checking it, what it needs, and what of it is a secret."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

from ._inventory.page import LOCALHOST
from ._inventory.reading import every
from ._problems import Problem

PACKAGES = ("python3-aiohttp", "python3-prometheus-client")
UNITS = ("failover-page*",)
"""Patterns of units that are its own."""
PROTECTION = ("certificate", "key", "token")


def complete(model: Any, nodes: Sequence[str]) -> None:
    """Fill in what was not given, and refuse a page that anybody could see."""
    page = model["page"]
    if page is None:
        return
    if not model["hooks"]["status"]:
        raise Problem(
            f"failover_page: the engine {model['engine']} has no status that the page could read;"
            " leave it out."
        )
    page.setdefault("listen", dict.fromkeys(nodes, LOCALHOST))
    if ("certificate" in page) != ("key" in page):
        raise Problem("failover_page: certificate and key belong together; give both or neither.")
    missing = [name for name in PROTECTION if name not in page]
    for address in page["listen"].values():
        if missing and not ipaddress.ip_address(address).is_loopback:
            raise Problem(
                f"failover_page.listen: {address} can be reached by other hosts, which needs TLS"
                f" and a token; give {' and '.join(missing)}, or listen on {LOCALHOST}."
            )


def check(model: Any) -> None:
    """Refuse the port of an application: after a failover both are on one node."""
    page = model["page"]
    if page is None:
        return
    for service in every(model["services"]):
        for application in service["applications"]:
            if application.get("port") == page["port"]:
                raise Problem(
                    f"failover_page.port: {page['port']} is the port of {application['kind']} of"
                    f" service {service['name']}; give one of them another port."
                )


def public(page: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What may be read by anybody."""
    return None if page is None else {key: item for key, item in page.items() if key != "token"}
