# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Single links that fail, and heartbeats that come late. People are told; nothing is done."""

from __future__ import annotations

from failoverd.core.change import changed
from failoverd.core.facts import link_heard_at
from failoverd.core.state import Life, LinkView
from failoverd.core.workbench import Step

LATE_SHARE = 0.5
"""A silence of this share of the dead time is warned of, if the peer is heard again (F21)."""


def watch(step: Step) -> None:
    """F11, F20: a lost link is told once; it is back only after it was steady for a while.

    Only while the peer is alive: when it is gone, no link is to blame.
    """
    dead_s, known = step.timing.dead_s, step.state.links
    quiet = not known and len(step.peer.heard) == len(step.config.links)
    if quiet and not any(step.passed(link.at + dead_s) for link in step.peer.heard):
        return
    views = [_look(step, _view(step, name)) for name in step.config.links]
    told = tuple([view for view in views if view.down])
    if told != known:
        step.set(links=told)


def late(step: Step, gap_s: float) -> None:
    """F21: the peer nearly counted as dead. The warning comes again only for a longer gap."""
    peer, dead_s = step.peer, step.timing.dead_s
    if gap_s < LATE_SHARE * dead_s or gap_s < peer.latest_s * 1.2:
        return
    step.set_peer(latest_s=gap_s)
    step.note(
        "late",
        f"{step.peer_name} was not heard for {gap_s:.1f} s, of {dead_s:g} s after which it"
        f" counts as silent; if load is the reason, set dead_s to {suggested(gap_s):g}",
        alert=True,
    )


def suggested(gap_s: float) -> float:
    """A dead time in seconds that such a gap does not come near to."""
    return float(int(gap_s * 3) + 1)


def _view(step: Step, name: str) -> LinkView:
    return next((view for view in step.state.links if view.name == name), LinkView(name))


def _look(step: Step, view: LinkView) -> LinkView:
    timing = step.timing
    if step.peer.life is not Life.ALIVE or not step.passed(step.peer.since + timing.dead_s):
        return changed(view, steady_since=None)
    at = link_heard_at(step, view.name)
    if at is None or step.passed(at + timing.dead_s):
        if not view.down:
            text = f"link {view.name} is down: {step.peer_name} is heard over other links only"
            step.note("link-down", text, alert=True)
        return LinkView(view.name, down=True)
    if not view.down:
        return view
    if view.steady_since is None:
        return changed(view, steady_since=step.now)
    if not step.passed(view.steady_since + timing.link_steady_s):
        return view
    step.note("link-up", f"link {view.name} is up again")
    return LinkView(view.name)
