# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's management controller: real IPMI 2.0 over UDP 623 in front of its power supply.

For the tests of faults it can misbehave: see lab.bmc_behaviour.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pyghmi.ipmi import bmc

from lab.bmc_behaviour import behaviour
from lab.control import ask
from lab.errors import LabError
from lab.paths import LabPaths
from lab.state import LabState
from lab.supervisor import control_path

_NETFN_CHASSIS = 0
_CHASSIS_STATUS = 1
_REFUSED = 0xD5  # completion code: not supported in present state


class NodeBmc(bmc.Bmc):
    """Chassis commands for one node."""

    def __init__(self, user: str, password: str, address: str, power: Path, knob: Path) -> None:
        super().__init__({user: password}, port=623, address=address)
        self._power = power
        self._knob = knob

    def sessionless_data(self, data: Any, sockaddr: Any) -> None:
        """A new session; a dead BMC does not answer."""
        if behaviour(self._knob) != "dead":
            super().sessionless_data(data, sockaddr)

    def handle_raw_request(self, request: Any, session: Any) -> None:
        """A command of an open session."""
        mode = behaviour(self._knob)
        if mode == "dead":
            return
        chassis = request["netfn"] == _NETFN_CHASSIS
        if mode == "hang" and chassis and request["command"] != _CHASSIS_STATUS:
            return
        super().handle_raw_request(request, session)

    def get_power_state(self) -> str:
        """off only when no process of the node exists."""
        if behaviour(self._knob) == "lie":
            return "off"
        return str(self._ask("status")["power"])

    def power_off(self) -> int:
        """Cut the power."""
        return self._command("off")

    def power_on(self) -> int:
        """Give power."""
        return self._command("on")

    def power_cycle(self) -> int:
        """Off and on; refused if it is off, as on much real hardware."""
        if self._ask("status")["power"] == "off":
            return _REFUSED
        return self._command("reset")

    def power_reset(self) -> int:
        """Hard reset."""
        return self.power_cycle()

    def _command(self, action: str) -> int:
        mode = behaviour(self._knob)
        if mode == "refuse":
            return _REFUSED
        if mode in ("feign", "lie"):
            return 0
        try:
            self._ask(action)
        except LabError:
            return 0xFF
        return 0

    def _ask(self, action: str) -> dict[str, Any]:
        return ask(self._power, {"action": action, "by": "BMC"})


def main(name: str, node: str) -> None:
    """Serve the BMC of ``node`` until killed."""
    paths = LabPaths.of(name)
    spec = LabState.load(name).spec
    password = paths.bmc_password.read_text(encoding="ascii").strip()
    address = spec.node(node).bmc
    power = control_path(paths, node)
    server = NodeBmc(spec.bmc_user, password, address, power, paths.behaviour(node))
    server.listen()
