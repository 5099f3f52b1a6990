# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The peer's machine under another name: it has the key, so it lives, and is not fenced (F80).

The two nodes disagree on the name of the cluster or of a node, as while one of them is renamed.
Nothing else that such a message says counts. It cannot answer this life, because it takes no notice
of it; so it counts only if its number is greater than all that was heard before (F19).
"""

from __future__ import annotations

from .clock import Clock
from .message import Message
from .state import State, Stranger
from .turn import Turn


def met(turn: Turn, message: Message) -> None:
    """A signed message under another name came.

    What this node itself has said may be sent back to it: that is nobody's sign of life.
    """
    peer = turn.state.peer
    if message.node == turn.state.config.node:
        return
    known, number = peer.stranger, (message.incarnation, message.sequence)
    if message.incarnation > peer.greeted and number > (known.incarnation, known.sequence):
        turn.set_peer(stranger=Stranger(*number, turn.now))


def speak(state: State, clock: Clock) -> bool:
    """One came of late."""
    at = state.peer.stranger.at
    return at is not None and not clock.passed(at + state.config.timing.dead_s)
