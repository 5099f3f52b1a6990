# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""unit: a service unit of systemd that the hosts have."""

from __future__ import annotations

from typing import Any

from .. import _units
from .._daemon import forms
from .._inventory.kinds import Key, Text
from .._inventory.reading import Scope
from ._base import Application


class UnitName(Text):
    """A service unit of systemd that is nobody else's."""

    def __init__(self) -> None:
        super().__init__(
            form=forms.UNIT.pattern,
            rule="is not the name of a systemd service unit.",
            words="unit such as `haproxy.service`",
        )

    def read(self, where: str, value: Any, scope: Scope) -> str:
        unit = super().read(where, value, scope)
        _units.permitted(where, unit)
        return unit


class Unit(Application):
    """It is installed by the user, on both nodes."""

    def title(self, item: Any) -> str:
        return str(item["unit"]).removesuffix(".service")

    def unit(self, item: Any, name: str, service: str) -> str:
        return str(item["unit"])


KIND = Unit(
    name="unit",
    written="{unit: NAME.service}",
    keys={"unit": Key(UnitName(), "Service unit of systemd.", required=True)},
    made_by="host",
)
