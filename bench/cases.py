# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to the owner of the service. One case each; a system reacts, or is told to act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lab.demo.scenes import Stage

Deed = Callable[[Stage, str], None]


@dataclass(frozen=True)
class Case:
    """One trouble, or one wish of an operator."""

    name: str
    what: str
    cause: Deed | None
    """Done to the owner; None: the system itself is asked to move the service."""
    undo: Deed
    moves: bool = True
    """The service is expected on the other node afterwards."""


def _nothing(stage: Stage, owner: str) -> None:
    del stage, owner


def _power_off(stage: Stage, owner: str) -> None:
    stage.lab.power(owner, "off")


def _power_on(stage: Stage, owner: str) -> None:
    if stage.lab.power_state(owner) != "on":
        stage.lab.power(owner, "on")


def _freeze(stage: Stage, owner: str) -> None:
    stage.lab.freeze(owner)


def _thaw(stage: Stage, owner: str) -> None:
    stage.lab.mend()
    _power_on(stage, owner)


def _cut_lan(stage: Stage, owner: str) -> None:
    stage.lab.link(owner, "lan", "down")


def _mend(stage: Stage, owner: str) -> None:
    del owner
    stage.lab.mend()


def _kill_postmaster(stage: Stage, owner: str) -> None:
    stage.lab.ssh(owner, "pkill -9 -o -u postgres -x postgres")


CASES = {
    case.name: case
    for case in (
        Case("power_off", "the owner loses its power", _power_off, _power_on),
        Case("kernel_hung", "the kernel of the owner hangs", _freeze, _thaw),
        Case("postmaster", "the postmaster is killed", _kill_postmaster, _nothing, moves=False),
        Case("switchover", "an operator moves the service", None, _nothing),
        Case("lan_cut", "the owner loses the service LAN", _cut_lan, _mend),
    )
}
