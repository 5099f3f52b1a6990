# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failover_fencing: how a silent peer is excluded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._daemon import Lease, timing
from .._problems import Problem, refuse
from . import agents
from .kinds import Key, Kind, Name, Number, Text, nearest
from .nested import Choice, Free, ListOf
from .reading import Read, Scope, attempt, same

MANAGED = {
    "action": "the cluster chooses the action itself.",
    "delay": "a fixed delay follows the node and not its role; use failover_timing.fence_delay_s.",
}


class Agent(Text):
    """A fence agent by its name. An unknown one has to be on the nodes already."""

    def __init__(self) -> None:
        super().__init__(
            form=r"fence_[a-z0-9_]+",
            rule="is not the name of a fence agent such as fence_ipmilan.",
            words="fence agent",
        )

    def read(self, where: str, value: Any, scope: Scope) -> str:
        agent = super().read(where, value, scope)
        if agent not in agents.KNOWN:
            close = agents.meant(agent)
            if close:
                refuse(where, agent, f"is not a fence agent of Debian; {close} may be meant.")
        return agent


class Parameters(Free):
    """Parameters of a device; most of them are nobody's business, so that none is shown."""

    def __init__(self) -> None:
        super().__init__(
            r"[A-Za-z][A-Za-z0-9_-]*",
            "not the name of a parameter.",
            MANAGED,
            {True: "1", False: "0"},
        )

    def _one(self, where: str, key: Any, item: Any) -> str:
        value = str(super()._one(where, key, item))
        # The agents' own reader takes off quotes and blanks at the ends (H24).
        if value != value.strip() or value[:1] in ("'", '"') or value[-1:] in ("'", '"'):
            raise Problem(
                f"{where}.{key}: begins or ends with a quote or a blank, which fence agents take"
                " off; choose another."
            )
        return value


class Devices(Kind):
    """Parameters of the device of each node."""

    type = "dict"

    def read(self, where: str, value: Any, scope: Scope) -> Read:
        if not isinstance(value, Mapping):
            same(where, value)
            refuse(where, value, "is not a mapping.")
        result = Read()
        for key in value:
            if key not in scope.nodes:
                hint = nearest(key, scope.nodes)
                nodes = ", ".join(scope.nodes)
                scope.problems.add(
                    f"{where}: holds what is not a node;{hint} the nodes are {nodes}."
                )
        for node in scope.nodes:
            item = value.get(node)
            place = f"{where}.{node}"
            if item is None:
                scope.problems.add(f"{place}: missing; it must be given.")
            read = attempt(scope, PARAMETERS.read, place, item or {}, scope)
            dict.__setitem__(result, node, read)
        return result

    def says(self) -> str:
        return "mapping with one mapping of parameters for each node"


PARAMETERS = Parameters()
DEFAULT = Lease()
LEASE_SAYS = {
    "lease_s": "How long an owner may go on without hearing peer or ping targets, in seconds.",
    "margin_s": "Between the reset of the owner and the takeover, in seconds.",
    "window_s": "How long the standby may still take over afterwards, in seconds.",
}
METHODS: Mapping[str, Mapping[str, Key]] = {
    "stonith": {
        "name": Key(Name(), "Name of the method.", otherwise="the name of the agent"),
        "agent": Key(Agent(), "Any agent of fence-agents, such as fence_ipmilan.", required=True),
        "nodes": Key(Devices(), "Parameters of the device of each node.", required=True),
        "parameters": Key(
            PARAMETERS, "Parameters of all devices. Keep passwords in a vault.", default={}
        ),
        "timeout_s": Key(
            Number(*timing.FENCE_S), "How long the device may take, in seconds.", default=30.0
        ),
    },
    "sfex": {"name": Key(Name(), "Name of the method.", otherwise="`sfex`")},
    "watchdog": {
        "name": Key(Name(), "Name of the method.", otherwise="`lease`"),
        **{
            name: Key(Number(*limits), LEASE_SAYS[name], default=getattr(DEFAULT, name))
            for name, limits in timing.LEASE.items()
        },
    },
}
FENCING = ListOf(Choice("method", METHODS, "What excludes a silent peer.", placed=True))
