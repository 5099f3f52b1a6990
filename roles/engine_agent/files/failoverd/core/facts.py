# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is true at present, each fact once. A rule that needs one of them asks here.

Facts of the watchdog lease are in lease, facts about who could run a service in placement.
"""

from __future__ import annotations

from .message import Local
from .state import Life, Service
from .workbench import View

SPEAKS = "signed heartbeats of it arrive, but none that answers this life of failoverd"

# -- the peer -------------------------------------------------------------------------------


def peer_was_off(view: View) -> bool:
    """The peer is proven gone by having been off: its disk cannot pass for current (F01, F05, S2).

    A goodbye is not enough: the disk of a node that left may still pass for current.
    """
    return view.peer.life is Life.GONE and view.peer.proof.powerless


def peer_is_over(view: View) -> bool:
    """No life of the peer is left that has heard this node."""
    return view.peer.life is Life.GONE and view.peer.greeted <= view.peer.dead


def peer_speaks(view: View) -> bool:
    """A signed message of the peer came of late, whether it counts or not (F73, F80)."""
    at = view.peer.signed_at
    late = at is not None and not view.passed(at + view.timing.dead_s)
    return late or stranger_speaks(view)


def stranger_speaks(view: View) -> bool:
    """The peer's machine was heard of late under another name (F80)."""
    at = view.peer.stranger.at
    return at is not None and not view.passed(at + view.timing.dead_s)


def peer_takes(view: View, service: Service) -> bool:
    """The peer is heard and could start the service."""
    report = view.report(service.name)
    return view.peer.life is Life.ALIVE and report is not None and report.able


def link_heard_at(view: View, name: str) -> float | None:
    """When the peer was last heard over that link, None if not in its present life."""
    return next((link.at for link in view.peer.heard if link.name == name), None)


def links_heard(view: View) -> tuple[str, ...]:
    """Links on which the peer was heard within the dead time (F11, F17)."""
    dead_s = view.timing.dead_s
    heard = [link for link in view.peer.heard if not view.passed(link.at + dead_s)]
    return tuple(sorted([link.name for link in heard]))


def answered(view: View) -> int:
    """The newest heartbeat of the peer's present life, which ours echoes; 0 if it is not heard."""
    peer = view.peer
    if peer.incarnation != peer.greeted or peer.life is Life.GONE:
        return 0
    return peer.sequence


# -- the kernels and the data ---------------------------------------------------------------


def kernel_answers(view: View) -> bool:
    """The peer's kernel answers over a replication link, whatever the heartbeats say (F12)."""
    return any(service.disk.connected for service in view.services)


def visibly_primary(service: Service) -> bool:
    """The peer's kernel says over the replication link that it is in use there (F12)."""
    return service.disk.connected and service.disk.peer_role == "Primary"


def peer_copy_current(view: View, service: Service) -> bool:
    """The peer's copy is connected, and as new as this one."""
    disk = service.disk
    replicated = view.settings(service).replicated
    return replicated and disk.connected and disk.peer_disk == "UpToDate"


def diverged(service: Service) -> bool:
    """F39: the kernels refuse each other, and this copy is not known to be the older one.

    After a boot the disk is not known yet, but that its copies have diverged is.
    """
    split = service.disk.split or service.split
    return split and service.disk.disk not in ("Outdated", "Inconsistent")


def promise_kept(view: View, service: Service) -> bool:
    """The peer says that it has outdated its disk, as it was asked this time (F13)."""
    report = view.report(service.name)
    return report is not None and service.promise != 0 and report.outdated == service.promise


def lacking(service: Service) -> str:
    """Why this node's replicated data may not be used, empty if it may: F08, F33, F39, F42."""
    disk = service.disk
    if disk.split and service.split_at is not None:
        return "DRBD is not connected yet (StandAlone)"
    if disk.split:
        # Either copy may hold what the other lacks; people have to say which one to keep.
        return "DRBD is StandAlone: the copies may have diverged; see the split-brain recovery"
    if service.split:
        # Its recovery begins on one node, whose copy may be the one that is to be discarded.
        return (
            "DRBD was StandAlone and has not connected since: the copies may have diverged;"
            " see the split-brain recovery"
        )
    if disk.current:
        return ""
    words = {
        "Outdated": "the disk is Outdated: the other node has newer data",
        "Inconsistent": "the disk is Inconsistent: a resync has not finished",
        "Consistent": "the disk is Consistent: whether the other node has newer data is not known",
        "Diskless": "the disk is Diskless: the backing device is detached",
        "Unknown": "the state of the disk is not known",
    }
    return words.get(disk.disk, f"the disk is {disk.disk}")


# -- this node ------------------------------------------------------------------------------


def late(view: View) -> bool:
    """Its own heartbeat is overdue by a whole interval: it does not see things as they happen."""
    return view.passed(view.state.next_beat + view.timing.heartbeat_s)


def all_stopped(view: View) -> bool:
    """Every service is provably down here."""
    return all(service.local is Local.STOPPED for service in view.services)


def frozen(service: Service) -> bool:
    """Its I/O waits until the peer is excluded (F06, F36)."""
    return bool(service.waiting) or service.disk.suspended
