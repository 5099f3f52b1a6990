# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of proposals: what makes them, and what their files say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._problems import Problem
from .drbd import propose as drbd
from .findings import Findings
from .heartbeat import propose as heartbeat
from .hosts import NODE, Host
from .inventory import Inventory
from .pacemaker import propose as pacemaker
from .server import propose as server

Propose = Callable[[Sequence[Host], str, Findings], Inventory | None]


@dataclass(frozen=True)
class Kind:
    """One kind of import."""

    title: str
    """What is imported."""
    propose: Propose
    steps: Sequence[str]
    """What to do with a proposal, in this order. {file} is the inventory, {cluster} its cluster."""


VALIDATE = (
    "Read {file}, and decide what is listed above.",
    "Check it: ansible-playbook -i {file} failover.cluster.validate",
)
HEARTBEAT = Kind(
    "Import of a Heartbeat cluster",
    heartbeat.propose,
    (
        *VALIDATE,
        "Make a backup of the data.",
        "Install the packages while the service runs: ansible-playbook -i {file}"
        " failover.cluster.site --tags packages",
        "The interruption begins: stop Heartbeat on the standby, then on the node that runs the"
        " services: systemctl disable --now heartbeat",
        "Build the cluster: ansible-playbook -i {file} failover.cluster.site. It takes over the"
        " data as they are, and starts the services. The interruption ends.",
        "Try a switchover: ansible-playbook -i {file} failover.cluster.failover -e service=NAME",
        "Remove the packages of Heartbeat last, when you do not want to go back any more.",
    ),
)
DRBD = Kind(
    "Import of a pair of DRBD",
    drbd.propose,
    (
        *VALIDATE,
        "Make a backup of the data.",
        "Install the packages while the services run: ansible-playbook -i {file}"
        " failover.cluster.site --tags packages",
        "Keep DRBD's own unit from the next boot on, on both hosts: systemctl disable drbd. Not"
        " --now: that would take the resources down.",
        "The interruption begins: stop what switches over (systemctl disable --now keepalived, cron"
        " jobs, scripts), then the applications; take the addresses away, unmount the file systems,"
        " and make the resources Secondary (drbdadm secondary NAME). DRBD stays up.",
        "Build the cluster: ansible-playbook -i {file} failover.cluster.site. It takes over the"
        " data as they are, and starts the services. The interruption ends.",
        "Try a switchover: ansible-playbook -i {file} failover.cluster.failover -e service=NAME",
    ),
)
PACEMAKER = Kind(
    "Import of a cluster of Pacemaker",
    pacemaker.propose,
    (
        *VALIDATE,
        "Make a backup of the data, and of the CIB: cibadmin --query > cib.xml",
        "Install the packages while the services run: ansible-playbook -i {file}"
        " failover.cluster.site --tags packages",
        "The interruption begins: stop the old cluster on all nodes at once (pcs cluster stop"
        " --all, or crm cluster stop on each), then systemctl disable pacemaker corosync. If the"
        " inventory keeps that engine, move /etc/corosync/corosync.conf and /var/lib/pacemaker/cib"
        " away.",
        "Build the cluster: ansible-playbook -i {file} failover.cluster.site. It takes over the"
        " data as they are, and starts the services. The interruption ends.",
        "Try a switchover: ansible-playbook -i {file} failover.cluster.failover -e service=NAME",
    ),
)
SERVER = Kind(
    "A single server, and a second one beside it",
    server.propose,
    (
        "Read {file}, decide what is listed above, and define the variables that it names.",
        "Check it: ansible-playbook -i {file} failover.cluster.validate",
        "Read the plan of the move: ansible-playbook -i {file} failover.cluster.adopt_move -e"
        " cluster={cluster} -e service=NAME --check",
        "Make a backup of the data, and run the same without --check. It copies while the service"
        " runs, and stops it once. docs/importing.md tells the way, and the way back.",
    ),
)
KINDS: Mapping[str, Kind] = {
    "heartbeat": HEARTBEAT,
    "drbd": DRBD,
    "pacemaker": PACEMAKER,
    "server": SERVER,
}
"""Name -> kind."""


@dataclass(frozen=True)
class Proposal:
    """What an import ends with. inventory: "" if the cluster cannot be described."""

    inventory: str
    report: str
    findings: Sequence[Mapping[str, str]]
    needs: Sequence[str]
    samples: Mapping[str, str]
    """Sound values of some of these, for a trial."""

    @property
    def data(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "describable": bool(self.inventory),
            "needs": list(self.needs),
            "findings": [dict(one) for one in self.findings],
        }

    def json(self) -> str:
        """The same as a text."""
        return json.dumps(self.data, indent=2, ensure_ascii=False) + "\n"


def make(kind: str, answers: Mapping[str, Mapping[str, Any]], cluster: str, file: str) -> Proposal:
    """Return the proposal. answers: node of the play -> address (may be "") and host.

    Raises Problem for answers that are none.
    """
    hosts = [_host(name, answer) for name, answer in answers.items()]
    names = [host.name for host in hosts]
    if len(set(names)) < len(names):
        raise Problem(f"{', '.join(answers)}: are one host under several names.")
    findings = Findings()
    inventory = KINDS[kind].propose(hosts, cluster, findings)
    written = inventory is not None and not findings.refused
    text, needs, steps = "", [], []
    if inventory is not None and written:
        needs = inventory.needs()
        if needs:
            findings.add(
                "decide",
                "",
                f"the proposal uses variables that you have to define: {', '.join(needs)}. Keep"
                " those that begin with vault_ in an Ansible vault.",
            )
        text = inventory.text(
            f"{KINDS[kind].title}: a proposal, not yet a cluster.\n"
            f"Read the findings beside it, then: ansible-playbook -i {file}"
            " failover.cluster.validate"
        )
        steps = [step.format(file=file, cluster=inventory.cluster) for step in KINDS[kind].steps]
    title = f"{KINDS[kind].title} ({', '.join(names)})"
    samples = inventory.samples if inventory is not None else {}
    return Proposal(text, findings.report(title, steps), findings.plain(), needs, samples)


def _host(name: str, answer: Mapping[str, Any]) -> Host:
    told = answer["host"]
    nodename = str(told.get("nodename", ""))
    if not NODE.fullmatch(nodename):
        raise Problem(f"{name}: its host name is none that a node can have.")
    address = str(answer.get("address") or "")
    return Host(nodename, "" if address == nodename else address, told)
