# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory that is proposed: its variables, its text, and what validation says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml

from .. import _model, _net
from .._inventory.kinds import NAME
from .._inventory.services import RESERVED
from .._inventory.specification import VARIABLES
from .._problems import Problem
from .findings import Findings
from .hosts import Host

TEMPLATE = re.compile(r"\{\{ ([a-z0-9_]+) \}\}")
ORDER = tuple(VARIABLES)


@dataclass
class Inventory:
    """One cluster. variables: failover_*, as an inventory holds them."""

    cluster: str
    hosts: Sequence[Host]
    variables: dict[str, Any] = field(default_factory=dict)
    samples: dict[str, str] = field(default_factory=dict)
    """A sound value for each variable that the user has to define and that is not any text."""
    more: dict[str, Any] = field(default_factory=dict)
    """Variables that only a playbook reads."""

    @property
    def nodes(self) -> list[str]:
        """The names of the nodes."""
        return [host.name for host in self.hosts]

    def group(self) -> dict[str, Any]:
        """The group, as YAML holds it."""
        hosts: dict[str, Any] = {
            host.name: {"ansible_host": host.address} if host.address else {} for host in self.hosts
        }
        ordered = {name: self.variables[name] for name in ORDER if name in self.variables}
        return {self.cluster: {"hosts": hosts, "vars": {**ordered, **self.more}}}

    def text(self, about: str) -> str:
        """The file. about: sentences for its first lines."""
        head = "".join(f"# {line}\n" for line in about.splitlines())
        body = yaml.dump(
            _plain(self.group()),
            Dumper=_Dumper,
            sort_keys=False,
            default_flow_style=None,
            width=100,
            allow_unicode=True,
        )
        return f"{head}---\n{body}"

    def needs(self) -> list[str]:
        """The variables that the inventory uses and the user has to define."""
        return sorted(set(TEMPLATE.findall(yaml.safe_dump(_plain(self.variables), width=100_000))))

    def refusals(self) -> list[str]:
        """What failover.cluster.validate would say, once these variables are defined."""
        filled = _filled(self.variables, self.samples)
        each = {
            host.name: {**filled, **({"ansible_host": host.address} if host.address else {})}
            for host in self.hosts
        }
        try:
            _model.build(self.cluster, self.nodes, each)
        except Problem as problem:
            return str(problem).splitlines()
        return []


class _Dumper(yaml.SafeDumper):
    """Without anchors: a reader of an inventory does not expect them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _plain(value: Any) -> Any:
    """The value in plain types: what a host has said carries marks of Ansible."""
    return json.loads(json.dumps(value))


def _filled(value: Any, samples: Mapping[str, str]) -> Any:
    """The value with a text of its own for each variable that is still to be defined."""
    if isinstance(value, Mapping):
        return {key: _filled(item, samples) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, samples) for item in value]
    if not isinstance(value, str):
        return value
    return TEMPLATE.sub(lambda found: samples.get(found[1], found[1]), value)


def named(wish: str, taken: Sequence[str], otherwise: str) -> str:
    """Return a name that an inventory takes, as like to the wish as can be."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", wish).strip("-_")[:20]
    if plain.lower() in RESERVED:
        plain = f"{plain}-service"
    if not NAME.fullmatch(plain):
        plain = otherwise
    result, number = plain, 2
    while result in taken:
        result, number = f"{plain}{number}", number + 1
    return result


def variable(prefix: str, node: str) -> str:
    """Return the reference to a variable that the user has to define."""
    return "{{ " + re.sub(r"[^a-z0-9]+", "_", f"{prefix}_{node}".lower()).strip("_") + " }}"


def address(text: str) -> str:
    """Return an address in its one form, "" for a text that is none."""
    try:
        return _net.address(text)
    except ValueError:
        return ""


def judged(inventory: Inventory, findings: Findings) -> None:
    """Tell what validation would refuse, if anything."""
    if findings.refused:
        return
    for sentence in inventory.refusals():
        findings.add("decide", "", f"failover.cluster.validate refuses the proposal: {sentence}")
