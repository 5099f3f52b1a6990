# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports senders that sign with the key of this cluster but are not the peer (F80)."""

from __future__ import annotations

from collections.abc import Callable

SHOWN_S = 60.0
"""The status shows a stranger for so long after its last heartbeat."""
AGAIN_S = 3600.0
"""The same stranger is reported once in so long."""


class Strangers:
    """Remembers the last stranger. nodes: this node, then its peer."""

    def __init__(
        self, cluster: str, nodes: tuple[str, str], alert: Callable[[str, str], None]
    ) -> None:
        self._own = nodes[0]
        self._ours = f"cluster {cluster} with the nodes {nodes[0]} and {nodes[1]}"
        self._alert = alert
        self._told: tuple[str, float] | None = None
        self._text = ""
        self._at = 0.0

    def met(self, link: str, cluster: str, node: str, now: float) -> None:
        """A heartbeat of a stranger came. cluster, node: the names in it."""
        says, self._at = f"cluster {cluster}, node {node}", now
        self._text = (
            f"link {link}: heartbeats signed with this cluster's key come from {says}; this node"
            f" belongs to {self._ours}: "
        )
        self._text += (
            "the other node has the configuration of this one, or the network brings this node's"
            " own heartbeats back"
            if node == self._own
            else "failover_name and the names of the nodes have to be the same on both nodes, and"
            " no other cluster may have the same key"
        )
        who, at = self._told or ("", float("-inf"))
        if now >= at + (AGAIN_S if who == says else SHOWN_S):
            self._told = (says, now)
            self._alert("stranger", self._text)

    def problem(self, now: float) -> str:
        """The text for the status, empty if no stranger was heard lately."""
        return self._text if self._text and now < self._at + SHOWN_S else ""
