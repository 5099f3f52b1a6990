# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two daemons and all that they watch, begun and ended together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.unit.failoverd.postgres_server import PORT, Server

from .cluster import DB, WEB, document
from .network import NODES, Network

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = CHECKOUT / "roles/engine_agent/files"
LIMIT_S = 120.0
AGENT = """#!/usr/bin/python3 -s
# Loads about what an agent of the fence-agents package does.
import argparse, logging, logging.handlers, socket, subprocess, sys, tempfile
asked = dict(line.strip().split("=", 1) for line in sys.stdin if "=" in line)
print("Status: ON")
sys.exit(0 if asked.get("action") == "status" else 1)
"""
PROC = """version: 8.4.11 (api:1/proto:86-101)
srcversion: 0123456789ABCDEF01234567

 0: cs:Connected ro:{roles} ds:UpToDate/UpToDate C r-----
    ns:4096 nr:0 dw:4096 dr:2048 al:8 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
"""


class Pair:
    """Processes and files below path; a context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stack = ExitStack()
        self._network = Network()
        self._environment = {
            **os.environ,
            "PYTHONPATH": f"{FILES}:{CHECKOUT}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self.daemons: dict[str, int] = {}
        """Process numbers by node."""

    def __enter__(self) -> Pair:
        try:
            self._begin()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def status(self, node: str) -> dict[str, Any]:
        """What its daemon says; empty if it does not answer."""
        argv = [sys.executable, "-m", "failoverd.cli", "status", "--json"]
        run = {"FAILOVERD_RUN": str(self._path / node / "run")}
        done = subprocess.run(
            argv, env={**self._environment, **run}, capture_output=True, check=False, text=True
        )
        return dict(json.loads(done.stdout)) if done.returncode == 0 else {}

    def wait(self) -> None:
        """Until node1 runs the service, every check has been answered, and node2 could take it."""
        until = time.monotonic() + LIMIT_S
        while not _settled(self.status("node1")):
            if time.monotonic() > until:
                logs = "\n".join((self._path / n / "log").read_text() for n in NODES)
                raise RuntimeError(f"the cluster did not settle: {logs}")
            time.sleep(1.0)

    def _begin(self) -> None:
        self._stack.callback(self._network.down)
        self._network.up()
        server = Server()
        self._stack.callback(server.remove)
        server.start()
        web = self._start(
            self._network.inside("node1", *_python("-m", "http.server", "80")),
            stderr=subprocess.DEVNULL,
        )
        lines = [str(self._path / f"line.{node}") for node in NODES]
        self._ready(_python("-m", "tests.idle_cost.cable", *lines))
        agent = self._program("agent", AGENT)
        places = {
            "serial": dict(zip(NODES, lines, strict=True)),
            "disk": {node: self._disk(node) for node in NODES},
            "mount": str(self._path / "mount"),
            "agent": agent,
            "socket": str(server.directory),
            "port": PORT,
        }
        for node in NODES:
            self._drbd(node, "Secondary/Secondary")
        for node in NODES:
            self._daemon(node, places, {DB: server.pid, WEB: web.pid})

    def _daemon(self, node: str, places: dict[str, Any], units: dict[str, int]) -> None:
        base = self._path / node
        (base / "etc").mkdir()
        (base / "etc/cluster.json").write_text(json.dumps(document(node, places)))
        (base / "etc/key").write_text("ab" * 32)
        bus = self._bus(base / "bus")
        self._ready(
            _python(
                "-m", "tests.idle_cost.manager", bus, *(f"{u}={pid}" for u, pid in units.items())
            )
        )
        peer = next(name for name in NODES if name != node)
        setup = self._program(f"{node}/drbdsetup", self._setup(node, peer))
        argv = _python("-s", "-m", "tests.idle_cost.node", str(base / "drbd"), setup)
        for name in ("etc", "state", "run"):
            argv += [f"--{name}", str(base / name)]
        argv += ["--sysrq", str(base / "sysrq")]
        log = self._stack.enter_context((base / "log").open("wb"))
        # The bus that the daemon takes for the system's.
        inside = self._network.inside(node, "env", f"DBUS_SYSTEM_BUS_ADDRESS={bus}", *argv)
        daemon = self._start(inside, stderr=log)
        self.daemons[node] = daemon.pid

    def _drbd(self, node: str, roles: str) -> None:
        (self._path / node / "drbd").write_text(PROC.format(roles=roles))

    def _setup(self, node: str, peer: str) -> str:
        change = "sed -i s,ro:[A-Za-z/]*,ro:{}, {}"
        return "\n".join(
            [
                "#!/bin/sh",
                '[ "$1" = primary ] || exit 0',
                change.format("Secondary/Primary", self._path / peer / "drbd"),
                change.format("Primary/Secondary", self._path / node / "drbd"),
                "",
            ]
        )

    def _disk(self, node: str) -> str:
        """A block device with an empty file system."""
        (self._path / node).mkdir()
        image = self._path / node / "disk"
        with image.open("wb") as file:
            file.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
        made = subprocess.run(
            ["losetup", "--find", "--show", str(image)], check=True, capture_output=True, text=True
        )
        device = made.stdout.strip()
        self._stack.callback(subprocess.run, ["losetup", "--detach", device], check=False)
        return device

    def _bus(self, socket: Path) -> str:
        address = f"unix:path={socket}"
        argv = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address"]
        return self._ready([*argv, f"--address={address}"])

    def _program(self, name: str, text: str) -> str:
        path = self._path / name
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    def _ready(self, argv: list[str]) -> str:
        """Start it and wait for its first line, which is returned."""
        child = self._start(argv, stdout=subprocess.PIPE)
        assert child.stdout is not None
        line = child.stdout.readline().decode().strip()
        if not line:
            raise RuntimeError(f"{argv[0]} has ended")
        return line

    def _start(
        self, argv: list[str], stdout: int = subprocess.DEVNULL, stderr: Any = None
    ) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(argv, env=self._environment, stdout=stdout, stderr=stderr)
        self._stack.callback(_end, child)
        return child


def _python(*words: str) -> list[str]:
    return [sys.executable, *words]


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait(60)
    if child.stdout is not None:
        child.stdout.close()


def _settled(status: dict[str, Any]) -> bool:
    """Everything runs and was asked, and all three links are up."""
    if not status:
        return False
    service = status["services"][0]
    checks = [check["state"] for part in service["resources"] for check in part["monitor"]]
    links = [link["state"] for link in status["links"]]
    return bool(
        service["state"] == "running"
        and service["standby"]["able"]
        and len(checks) == 4
        and set(checks) == {"ok"}
        and links == ["up", "up", "up"]
    )
