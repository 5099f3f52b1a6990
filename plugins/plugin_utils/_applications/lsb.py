# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""lsb: a script of /etc/init.d."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import _units
from .._daemon import forms
from .._inventory.kinds import Key, Name, Text
from .._inventory.reading import Scope, put
from ._base import Application


class Script(Text):
    """A script of /etc/init.d that the system can do without."""

    def __init__(self) -> None:
        super().__init__(
            form=forms.SCRIPT.pattern,
            rule="is not the name of a script of /etc/init.d.",
            words="script of `/etc/init.d`",
        )

    def read(self, where: str, value: Any, scope: Scope) -> str:
        script = super().read(where, value, scope)
        _units.permitted(where, f"{script}.service")
        return script


class Lsb(Application):
    """The daemon runs the script itself."""

    def title(self, item: Any) -> str:
        return str(item["lsb"])

    def unit(self, item: Any, name: str, service: str) -> str:
        # What systemd would start at boot by itself (F59).
        return f"{item['lsb']}.service"

    def complete(self, made: Any, item: Any, service: Any, scope: Scope) -> None:
        put(scope, made, "script", item.__getitem__, "lsb")

    def program(self, service: Mapping[str, Any], application: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "type": "lsb",
            "instance": f"{service['name']}-{application['name']}",
            "script": application["script"],
        }

    def programs(self, application: Mapping[str, Any]) -> Sequence[str]:
        return [f"/etc/init.d/{application['script']}"]


KIND = Lsb(
    name="lsb",
    written="{lsb: NAME}",
    keys={
        "lsb": Key(Script(), "Init script.", required=True),
        "name": Key(Name(), "Name of the application.", otherwise="that of the script"),
    },
    made_by="systemd",
)
