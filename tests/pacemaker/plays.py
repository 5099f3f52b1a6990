# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of the collection on the containers, over ssh."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.command import run
from tests.pacemaker import clusters, room

COLLECTIONS = room.CHECKOUT / "build" / "collections"
HOSTS = "127.0.0.1 localhost\n" + "".join(f"{a} {n}\n" for n, a in room.ALL.items())
LIMIT_S = 1500.0
SSH = "-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"


@dataclass(frozen=True)
class Said:
    """What ansible-playbook ended with."""

    code: int
    text: str

    @property
    def changed(self) -> int:
        """Tasks that changed something, of all hosts."""
        return sum(map(int, re.findall(r"\bchanged=(\d+)", self.text)))

    @property
    def flat(self) -> str:
        """The text in one line, for sentences that Ansible breaks."""
        return " ".join(self.text.split())


class Site:
    """An inventory of the containers. nodes: those of the cluster."""

    def __init__(self, place: Path) -> None:
        self.nodes = dict(room.NODES)
        self._place = place
        self._key = place / "key"
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self._key)])
        public = self._key.with_suffix(".pub").read_text(encoding="utf-8")
        room.reachable()
        for node in room.ALL:
            command = "mkdir -p -m 700 /root/.ssh && cat >/root/.ssh/authorized_keys"
            room.inside(node, "sh", "-c", command, text=public)
            # A mount of the engine cannot be replaced.
            room.inside(node, "sh", "-c", "cat >/etc/hosts", text=HOSTS)

    def play(self, book: str, *words: str, **variables: Any) -> Said:
        """Run a playbook of the collection. variables: of the cluster."""
        hosts = {node: {"ansible_host": address} for node, address in self.nodes.items()}
        given = {**clusters.variables(self.nodes), **variables}
        group = {"shop": {"hosts": hosts, "vars": {**login(self._key), **given}}}
        return run_book(self._place, group, book, *words)


def login(key: Path) -> dict[str, str]:
    """How Ansible comes into a container."""
    return {
        "ansible_user": "root",
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_private_key_file": str(key),
        "ansible_ssh_common_args": SSH,
    }


def run_book(place: Path, groups: dict[str, Any], book: str, *words: str) -> Said:
    """Run a playbook of the collection on the hosts of these groups. place: for its files."""
    inventory = place / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"children": groups}}), encoding="utf-8")
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            *("-i", str(inventory), f"failover.cluster.{book}", *words),
        ],
        cwd=place,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")},
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(place / "home"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_PIPELINING": "true",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    return Said(done.returncode, done.stdout)


def address(name: str) -> list[str]:
    """The nodes that have an address."""
    return [
        node
        for node in room.NODES
        if any(
            one["local"] == name
            for link in json.loads(room.inside(node, "ip", "-json", "address"))
            for one in link["addr_info"]
        )
    ]


def mounted(path: str) -> list[str]:
    """The nodes on which something is mounted there."""
    return [node for node in room.NODES if room.asked(node, "findmnt", path)[0] == 0]
