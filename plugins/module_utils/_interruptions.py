# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which running services a change interrupts, and the word that it needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

DOWN = ("stopped", "broken", "blocked")
SHOWN = 5


def real(
    found: Iterable[Mapping[str, Any]],
    status: Mapping[str, Any],
    leaving: Collection[str],
    alone: bool = False,
) -> list[dict[str, Any]]:
    """Return those of what was found that take something from somebody now.

    found: service, text, and here, whether it happens only where the service runs on this node.
    status: what the engine says; while it says nothing, every service may run.
    leaving: services whose stop was asked for. alone: no other node lives that could fail to hear
    this one, which is all that happens elsewhere than here.
    """
    states = {service["name"]: service for service in status.get("services", ())}
    near = [one for one in found if one["here"] or not alone]
    return [dict(one) for one in near if one["service"] not in leaving and _up(one, states)]


def _up(one: Mapping[str, Any], states: Mapping[str, Mapping[str, Any]]) -> bool:
    service = states.get(one["service"])
    if service is None:
        return not states
    return service["local" if one["here"] else "state"] not in DOWN


def lines(found: Iterable[Mapping[str, Any]], seconds: Mapping[str, float]) -> list[str]:
    """Return what would happen as sentences, with what a stop and a start took last."""
    told = []
    for one in found:
        cost = seconds.get(one["service"])
        price = "were not measured yet" if cost is None else f"took {cost:g} s when last measured"
        told.append(f"{one['text']}; its last stop and start {price}.")
    return told


def refusal(sentences: Sequence[str], names: Iterable[str], permitted: Collection[str]) -> str:
    """Return why a change may not be made, "" if all that it interrupts was named."""
    missing = set(names) - set(permitted)
    if not missing:
        return ""
    more = f" and {len(sentences) - SHOWN} more" if len(sentences) > SHOWN else ""
    wanted = ",".join(sorted({*missing, *permitted}))
    return (
        f"it would interrupt services: {' '.join(sentences[:SHOWN])}{more} Run it again with"
        f" -e interrupt={wanted} at a time when that may be."
    )
