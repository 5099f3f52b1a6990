# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application of one's own in the service: examples/ocf-agent and a small server.

The server listens on a port of the loopback interface; told by SIGUSR1 it closes the port and lives
on, which no process monitor can see.
"""

from __future__ import annotations

import dataclasses

import yaml

from lab.demo.playbook import CHECKOUT
from tests.kernels import observe
from tests.kernels.conftest import OUT, Cluster, Site

NAME = "keeper"
PORT = 7700
AGENT = "/usr/lib/ocf/resource.d/example/daemon"
PROGRAM = "/usr/local/sbin/keeper"
SERVER = f"""#!/usr/bin/python3 -sS
import signal, socket
server = socket.create_server(("127.0.0.1", {PORT}))
signal.signal(signal.SIGUSR1, lambda *_: server.close())
while True:
    try:
        server.accept()[0].close()
    except OSError:
        signal.pause()
"""


def instance(cluster: Cluster) -> str:
    """What the agent calls it; also the name of its scope."""
    return f"{cluster.stage.service}-{NAME}"


def scope(cluster: Cluster) -> str:
    """Where what the agent started lives."""
    return f"failover-{instance(cluster)}.scope"


def process(cluster: Cluster, node: str) -> str:
    """Its process number there, empty while there is none."""
    said = cluster.lab.ssh(node, f"cat /run/{instance(cluster)}.pid", check=False).stdout.strip()
    alive = cluster.lab.ssh(node, f"test -d /proc/{said or 0}", check=False).returncode == 0
    return said if alive else ""


def states(cluster: Cluster, node: str) -> dict[str, str]:
    """What each of its checks says there."""
    found = observe.service(cluster, node)
    for resource in found.get("resources", []):
        if resource["name"] == NAME:
            return {check["name"]: check["state"] for check in resource["monitor"]}
    return {}


def add(cluster: Cluster) -> None:
    """Make it a part of the running service: started by hand, then site.yml."""
    if states(cluster, cluster.owner):
        return
    lab = cluster.lab
    agent = (CHECKOUT / "examples/ocf-agent").read_text(encoding="utf-8")
    for node in lab.nodes:
        for path, text in ((AGENT, agent), (PROGRAM, SERVER)):
            lab.ssh(node, f"install -D -m 755 /dev/stdin {path}", input=text)
    words = f"OCF_RESOURCE_INSTANCE={instance(cluster)} OCF_RESKEY_program={PROGRAM}"
    lab.ssh(cluster.owner, f"{words} {AGENT} start")
    target = cluster.site.target
    data = yaml.safe_load(target.inventory.read_text(encoding="utf-8"))
    (group,) = data.values()
    group["vars"]["failover_services"][0]["applications"].append(
        {
            "ocf": "example:daemon",
            "name": NAME,
            "parameters": {"program": PROGRAM},
            # It listens a while after its start, which on these kernels takes a second or two.
            "monitor": [{"port": PORT, "interval_s": 1, "confirmations": 10}],
            "after": ["postgresql"],
        }
    )
    inventory = OUT / f"{NAME}.yml"
    inventory.write_text(yaml.safe_dump(data), encoding="utf-8")
    # A service is stopped and started again for a new part.
    word = f"interrupt={cluster.stage.service}"
    Site(lab, dataclasses.replace(target, inventory=inventory)).play("site", "-e", word)
