# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that only crm_simulate plays: nodes come and go, resources fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree as ET

from ansible_collections.failover.cluster.plugins.module_utils import _cib
from ansible_collections.failover.cluster.plugins.module_utils._engines import pacemaker
from ansible_collections.failover.cluster.plugins.plugin_utils._engines.pacemaker import (
    cib,
    corosync,
)

from tests.pacemaker import room

EMPTY = """<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.7" epoch="1" num_updates="0"
admin_epoch="0" have-quorum="1"><configuration><crm_config/><nodes/><resources/><constraints/>
</configuration><status/></cib>"""
MARK = "@@@"
PLAY = f"""set -e
cat >/run/in.xml
for _ in 1 2 3 4 5 6; do
  crm_simulate --xml-file=/run/in.xml --simulate --save-output=/run/out.xml "$@" >/run/said
  mv /run/out.xml /run/in.xml
  # Events are played once, and the transition that they bring about. Nothing to do is the end.
  [ $# -gt 0 ] || sed -n '/^Transition Summary/,/^Executing/p' /run/said | grep -q '[*]' || break
  set --
done
cat /run/in.xml
echo '{MARK}'
CIB_file=/run/in.xml crm_mon -1 --inactive --output-as=xml"""
"""Gives the CIB after it, and what crm_mon says of that."""


class Cluster:
    """The cluster of a model, as it is after some events."""

    def __init__(self, model: dict[str, Any]) -> None:
        self.nodes = list(model["nodes"])
        live = _cib.parse(EMPTY)
        for node in self.nodes:
            words = {"id": str(corosync.number(node)), "uname": node}
            ET.SubElement(live.find("configuration/nodes") or live[0][1], "node", words)
        self.give(live, model)
        self.play(*(f"--node-up={node}" for node in self.nodes))

    def give(self, live: ET.Element, model: dict[str, Any]) -> None:
        """Put what the model wants into a CIB, and go on with that."""
        after = _cib.merged(live, cib.configuration(model))
        self.text = ET.tostring(after, encoding="unicode")

    def change(self, model: dict[str, Any]) -> None:
        """Another inventory."""
        self.give(_cib.parse(self.text), model)
        self.play()

    def constrain(self, text: str) -> None:
        """Somebody else adds a constraint."""
        made = _cib.parse(self.text)
        for place in made.iterfind("configuration/constraints"):
            place.append(_cib.parse(text))
        self.text = ET.tostring(made, encoding="unicode")
        self.play()

    def lose(self, *nodes: str) -> None:
        """Nodes lose their power."""
        self.play(*(f"--node-fail={node}" for node in nodes))

    def bring(self, *nodes: str) -> None:
        """Nodes boot."""
        self.play(*(f"--node-up={node}" for node in nodes))

    def fail(self, resource: str, node: str, times: int) -> None:
        """A monitor of a resource fails, so often; each time it is healed."""
        for _time in range(times):
            self.play(f"--op-inject={resource}_monitor_10000@{node}=7")

    def fail_to_stop(self, broken: str, action: str, node: str) -> None:
        """A resource can no longer work on a node, and an action fails that would give it up."""
        failure = f"--op-inject={broken}_monitor_10000@{node}=5"
        self.play(failure, f"--op-fail={action}_0@{node}=1")

    def promotable(self, service: str, *nodes: str) -> None:
        """DRBD's agent says that both copies are good."""
        for node in nodes:
            self.measure(node, f"master-failover.{service}.drbd", "10000")
        self.play()

    def measure(self, node: str, name: str, value: str) -> None:
        """An agent sets an attribute of a node, or takes it away."""
        made = _cib.parse(self.text)
        for state in made.iterfind(f"status/node_state[@uname='{node}']"):
            place = state.find("transient_attributes")
            if place is None:
                place = ET.SubElement(state, "transient_attributes", id=state.get("id", ""))
            made_set = place.find("instance_attributes")
            if made_set is None:
                made_set = ET.SubElement(place, "instance_attributes", id=f"status-{node}")
            for pair in made_set.findall(f"nvpair[@name='{name}']"):
                made_set.remove(pair)
            words = {"id": f"status-{node}-{name}", "name": name, "value": value}
            if value:
                ET.SubElement(made_set, "nvpair", words)
        self.text = ET.tostring(made, encoding="unicode")

    def play(self, *events: str) -> None:
        """Play events, and transitions until nothing moves any more."""
        out = room.inside("node1", "sh", "-c", PLAY, "sh", *events, text=self.text)
        self.text, _mark, told = out.partition(MARK)
        self._told = ET.fromstring(told)

    def asked(self, argv: Sequence[str]) -> tuple[int, str, str]:
        """What a tool of Pacemaker answers on the first node; what it changes is played."""
        tool = argv[1]
        if tool == "cat":
            return 0, f"{pacemaker.HEAD}\ntotem {{\n  cluster_name: shop\n}}\n", ""
        if tool == "uname":
            return 0, self.nodes[0], ""
        room.put(self.nodes[0], "/run/asked.xml", self.text)
        answer = room.asked(self.nodes[0], "env", "CIB_file=/run/asked.xml", *argv[1:])
        if tool == "crm_resource":
            self.text = room.inside(self.nodes[0], "cat", "/run/asked.xml")
            self.play()
        return answer

    def where(self) -> dict[str, list[str]]:
        """On which nodes each service has parts that run."""
        return {
            group.get("id", "").removeprefix(_cib.PREFIX): sorted(
                {node.get("name", "") for node in group.iter("node")}
            )
            for group in self._told.iter("group")
        }

    def copies(self, service: str, kind: str = "drbd") -> dict[str, str]:
        """The role of each copy of a replicated disk or database by its node."""
        return {
            node.get("name", ""): copy.get("role", "")
            for copy in self._told.iterfind(
                f".//clone[@id='failover.{service}.{kind}.pair']/resource"
            )
            for node in copy.iter("node")
        }

    def status(self) -> dict[str, Any]:
        """What the modules read out of it, by service."""
        told = pacemaker.read(self._told, "shop", self.nodes[0])
        return {service["name"]: service for service in told["services"]}

    def address(self, ident: str) -> list[str]:
        """The nodes that have an address of their own place."""
        found = self._told.iterfind(f"resources/resource[@id='{ident}']/node")
        return [node.get("name", "") for node in found]

    def off(self) -> list[str]:
        """Nodes that are not members."""
        nodes = self._told.iterfind("nodes/node")
        return [node.get("name", "") for node in nodes if node.get("online") != "true"]

    def verified(self) -> str:
        """What crm_verify says of it, "" if it is good."""
        command = "cat >in.xml; crm_verify --xml-file=in.xml -VV 2>&1; true"
        return room.inside("node1", "sh", "-c", command, text=self.text)
