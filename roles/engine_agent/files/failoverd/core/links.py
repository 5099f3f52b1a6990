# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Links that fail one by one, and heartbeats that come late: told to people, never acted on."""

from __future__ import annotations

from .change import changed
from .state import Life, LinkView, State
from .turn import Turn

LATE_SHARE = 0.5
"""A silence of this share of the dead time is warned of, if the peer is heard again (F21)."""


def watch(turn: Turn) -> None:
    """F11, F20: a lost link is told once; it is back only after it was steady for a while.

    Only while the peer is alive: when it is gone, no link is to blame.
    """
    state, dead_s = turn.state, turn.state.config.timing.dead_s
    quiet = not state.links and len(state.peer.heard) == len(state.config.links)
    if quiet and not any(turn.passed(link.at + dead_s) for link in state.peer.heard):
        return
    views = tuple([_look(turn, _view(state, name)) for name in state.config.links])
    told = tuple([view for view in views if view.down])
    if told != state.links:
        turn.set(links=told)


def late(turn: Turn, gap_s: float) -> None:
    """F21: it was nearly taken for dead. Told again only when it gets worse."""
    peer, dead_s = turn.state.peer, turn.state.config.timing.dead_s
    if gap_s < LATE_SHARE * dead_s or gap_s < peer.latest_s * 1.2:
        return
    turn.set_peer(latest_s=gap_s)
    turn.note(
        "late",
        f"{turn.state.config.peer} was not heard for {gap_s:.1f} s, of {dead_s:g} s after which it"
        f" counts as silent; if load is the reason, set dead_s to {suggested(gap_s):g}",
        alert=True,
    )


def suggested(gap_s: float) -> float:
    """A dead time in seconds that such a gap does not come near to."""
    return float(int(gap_s * 3) + 1)


def heard_at(state: State, name: str) -> float | None:
    """When the peer was last heard over that link, None if not in its present life."""
    for link in state.peer.heard:
        if link.name == name:
            return link.at
    return None


def _view(state: State, name: str) -> LinkView:
    for view in state.links:
        if view.name == name:
            return view
    return LinkView(name)


def _look(turn: Turn, view: LinkView) -> LinkView:
    state, timing = turn.state, turn.state.config.timing
    if state.peer.life is not Life.ALIVE or not turn.passed(state.peer.since + timing.dead_s):
        return changed(view, steady_since=None) if view.steady_since is not None else view
    at = heard_at(state, view.name)
    heard = at is not None and not turn.passed(at + timing.dead_s)
    peer = state.config.peer
    if not heard:
        if not view.down:
            text = f"link {view.name} is down: {peer} is heard over other links only"
            turn.note("link-down", text, alert=True)
        return LinkView(view.name, down=True)
    if not view.down:
        return view
    if view.steady_since is None:
        return changed(view, steady_since=turn.now)
    if not turn.passed(view.steady_since + timing.link_steady_s):
        return view
    turn.note("link-up", f"link {view.name} is up again")
    return LinkView(view.name)
