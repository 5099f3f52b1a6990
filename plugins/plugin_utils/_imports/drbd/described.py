# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources that both hosts describe."""

from __future__ import annotations

from collections.abc import Sequence

from ..findings import Findings
from ..hosts import Host
from .resources import Resource, read


def resources(hosts: Sequence[Host], findings: Findings) -> dict[str, Resource]:
    """The resources of DRBD, as the first host describes them."""
    found = {}
    for host in hosts:
        files = host.answer.get("drbd_files") or {}
        texts = {str(path): str(file["text"]) for path, file in files.items()}
        found[host.name], wrong = read(texts)
        for path, why in wrong:
            findings.add("danger", f"{host.name}: {path}", f"{why}; DRBD cannot read it either.")
    first, *others = found
    for other in others:
        if found[other] != found[first]:
            findings.add(
                "danger",
                "DRBD",
                f"its configuration differs between {first} and {other}. The proposal follows"
                f" {first}.",
            )
    return found[first]
