# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""agent: the bundled failoverd, on two nodes, without a third machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..._inventory.reading import Scope, every, put
from ..._problems import Problems
from .._base import Engine, Found, Hooks, Model
from .._lock_disks import lock_disks
from . import config, guard, keys, protection, reader, takeover


class Agent(Engine):
    """failoverd and its command failoverctl."""

    def complete(self, model: Any, scope: Scope) -> None:
        with scope.problems:
            guard.timing_problem(model["timing"])
        put(scope, model, "watchdog", guard.watchdog, model, scope)
        with scope.problems:
            sfex = model["sfex"]
            if sfex is not None:
                decides = any(m["method"] == "sfex" for m in every(model["fencing"]))
                put(scope, sfex, "times", guard.locks, sfex, model["watchdog"], decides)

    def check(self, model: Any, problems: Problems) -> None:
        with problems:
            guard.carry(model)
        with problems:
            guard.check(model, problems)

    def risks(self, model: Any) -> Mapping[str, bool | None]:
        return guard.risks(model["fencing"], model["watchdog"])

    def accept(self, model: Model, node: str) -> None:
        reader.accept(model, node)

    def judge(self, model: Model, found: Found) -> list[str]:
        for node in model["nodes"]:
            protection.watchdog(model, node, found[node])
        lock_disks(model, found)
        return []

    def notes(self, model: Model) -> list[str]:
        return guard.notes(model)

    def costs(self, model: Model) -> list[str]:
        return takeover.sentences(model)

    def ports(self, link: Mapping[str, Any]) -> Sequence[tuple[str, int]]:
        return [("udp", link["port"])]

    def files(self, model: Model, node: str, secrets: Mapping[str, str]) -> dict[str, str]:
        return {**config.files(model, node), "key": keys.text(secrets)}

    def key_steps(self, kept: Sequence[Mapping[str, str]], fresh: str) -> list[dict[str, Any]]:
        return keys.plan(kept, fresh)

    def key_at_once(self, fresh: str) -> dict[str, Any]:
        return keys.at_once(fresh)


KIND = Agent(
    name="agent",
    text="The bundled daemon failoverd. It needs no third machine.",
    most=2,
    needs=("python3-dbus-fast",),
    secrets=("key",),
    reserved=("failoverd*",),
    names=("failoverd",),
    hooks=Hooks(
        drbd={
            "8": {"fence-peer": "/usr/lib/failoverd/fence-peer"},
            "9": {
                "fence-peer": "/usr/lib/failoverd/fence-peer",
                "unfence-peer": "/usr/lib/failoverd/unfence-peer",
            },
        },
        before=("failoverd-handover.service",),
        status="/run/failoverd-page/status.sock",
        account=("/usr/sbin/failoverctl", "availability", "--since", "90d", "--output"),
        units=("failoverd.service",),
        killable=("failoverd.service",),
    ),
)
