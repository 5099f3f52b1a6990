# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ocf: a resource agent, of the package resource-agents or of somebody's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._daemon import forms
from .._inventory.kinds import Flag, Key, Name, Text
from .._inventory.nested import Free
from .._inventory.reading import Scope, put
from ._base import Application


class Ocf(Application):
    """The daemon starts it in a scope, which is its unit."""

    def title(self, item: Any) -> str:
        return str(item["ocf"]).partition(":")[2]

    def unit(self, item: Any, name: str, service: str) -> str:
        return f"failover-{service}-{name}.scope"

    def complete(self, made: Any, item: Any, service: Any, scope: Scope) -> None:
        put(scope, made, "agent", item.__getitem__, "ocf")
        put(scope, made, "parameters", lambda: dict(item["parameters"].items()))
        put(scope, made, "promoted", item.__getitem__, "promoted")

    def program(self, service: Mapping[str, Any], application: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "type": "ocf",
            "instance": f"{service['name']}-{application['name']}",
            **{key: application[key] for key in ("agent", "parameters", "promoted")},
        }

    def packages(self, application: Mapping[str, Any]) -> Sequence[str]:
        return ["resource-agents"] if application["agent"].startswith("heartbeat:") else []

    def programs(self, application: Mapping[str, Any]) -> Sequence[str]:
        return [f"/usr/lib/ocf/resource.d/{application['agent'].replace(':', '/')}"]


KIND = Ocf(
    name="ocf",
    written="{ocf: PROVIDER:NAME}",
    keys={
        "ocf": Key(
            Text(
                form=forms.AGENT.pattern,
                rule="is not an agent such as heartbeat:nginx.",
                words="agent such as `heartbeat:nginx`",
            ),
            "OCF agent.",
            required=True,
        ),
        "name": Key(Name(), "Name of the application.", otherwise="that of the agent"),
        "parameters": Key(
            Free(forms.PARAMETER.pattern, "not the name of a parameter."),
            "Parameters of the agent.",
            default={},
        ),
        "promoted": Key(Flag(), "Whether the agent is promoted after its start.", default=False),
    },
    made_by="daemon",
)
