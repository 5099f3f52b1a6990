# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change of the configuration takes from running services. Nothing is asked or touched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from failoverd.config import Config
from failoverd.links.settings import UdpSettings

from .former import same


@dataclass(frozen=True)
class Interruption:
    """One service, and what would happen to it, as a sentence."""

    service: str
    text: str
    here: bool = True
    """It happens only where the service runs on this node; otherwise wherever it runs."""


def interruptions(now: Config, before: Config) -> list[Interruption]:
    """What a change from before to now, both of this node, interrupts."""
    return [*_parts(now, before), *_moves(now, before), *_deaf(now, before)]


def _parts(now: Config, before: Config) -> Iterator[Interruption]:
    """A part with other options, or a new one, cannot be put in place while the rest runs."""
    wanted = {service.name: service.resources for service in now.services}
    for service in before.services:
        name, old, new = service.name, service.resources, wanted.get(service.name)
        if new is None:
            why = "because it is not in the configuration any more"
            yield Interruption(name, f"{name} is stopped, {why}")
            continue
        parts = {r.name for r in new if not same(r, old)} | {
            r.name for r in old if not same(r, new)
        }
        if parts:
            why = f"because of {', '.join(sorted(parts))}"
            yield Interruption(name, f"{name} is stopped and started again, {why}")


def _moves(now: Config, before: Config) -> Iterator[Interruption]:
    """A service that shall be elsewhere goes there by itself."""
    were = {service.name: service for service in before.services}
    for service in now.services:
        old = were.get(service.name)
        if old is None or not service.failback or service.preferred == now.node:
            continue
        if (service.preferred, service.failback) != (old.preferred, old.failback):
            why = "its preferred node, because failback is automatic"
            yield Interruption(service.name, f"{service.name} moves to {service.preferred}, {why}")


def _deaf(now: Config, before: Config) -> Iterator[Interruption]:
    """Between two restarts one node has the old configuration and the other one the new."""
    known = {service.name for service in before.services}
    for why in _reasons(now, before):
        for service in now.services:
            if service.name in known:
                yield Interruption(
                    service.name,
                    f"{service.name} may fail over, because the nodes do not hear each other"
                    f" between the restarts of their daemons: {why}",
                    here=False,
                )


def _reasons(now: Config, before: Config) -> Iterator[str]:
    """Why a daemon with one configuration does not hear a daemon with the other."""
    if not _ways(now) & _ways(before):
        yield "no link stays as it is; change one of them now, and the others in a later run"
    if now.keys[0] not in before.keys or before.keys[0] not in now.keys:
        yield "the key is another one; the playbook rotate_keys brings a new one without that"
    pauses = (now.timing.heartbeat_s, before.timing.dead_s)
    if max(pauses[0] / pauses[1], before.timing.heartbeat_s / now.timing.dead_s) >= 1:
        yield "heartbeat_s of one is not below dead_s of the other; go there in several runs"


def _ways(config: Config) -> set[tuple[object, ...]]:
    """The ways between the nodes, whatever the links are called."""
    return {
        (link.address, link.peer_address, link.port)
        if isinstance(link, UdpSettings)
        else (link.device, link.baud)
        for link in config.links
    }
