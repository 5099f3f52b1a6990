# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two kernels with DRBD 8.4, played: the playbooks and modules are real, and so are the disks.

A node is a directory. Its Python reads /proc/drbd, /sys/class/block and /etc/drbd.d from there, and
its drbdadm changes the played kernels, which are one file for both nodes.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[3]
MINOR = 0
ORDERS = ("disconnect", "connect", "net-options", "verify", "resize", f"/dev/drbd{MINOR}")
TICKS = 6
"""Looks at the kernel that a resync or verification lasts."""
COMMON = "00000000000000C0"
ZERO = "0" * 16

TOOLS = ("drbdadm", "drbdsetup", "systemctl", "systemd-run", "resize2fs")
TOOL = """#!{python}
import sys
sys.path.insert(0, {checkout!r})
from tests.unit.inventory.played_drbd import Kernels
sys.exit(Kernels({directory!r}).tool({node!r}, sys.argv))
"""
PYTHON = """#!/bin/sh
export PYTHONPATH={node}:{checkout} PATH={node}:/usr/sbin:/sbin:$PATH
exec {python} "$@"
"""
SITE = """
import builtins, io, os
from tests.unit.inventory.played_drbd import Kernels
real = builtins.open
here = ("/sys/class/block/", "/etc/drbd.d/")
def opened(path, *arguments, **more):
    if path == "/proc/drbd":
        return io.StringIO(Kernels({directory!r}).proc({node!r}))
    if path == "/proc/self/mounts":
        return io.StringIO(Kernels({directory!r}).mounts({node!r}))
    if isinstance(path, str) and path.startswith(here):
        path = {root!r} + path
    return real(path, *arguments, **more)
builtins.open = opened
import glob
globbed = glob.glob
def found(pattern, **more):
    if pattern.startswith(here):
        return [one[len({root!r}):] for one in globbed({root!r} + pattern, **more)]
    return globbed(pattern, **more)
glob.glob = found
"""


@dataclass(frozen=True)
class Kernels:
    """Both kernels, in one file."""

    directory: str

    @contextmanager
    def state(self) -> Iterator[dict[str, Any]]:
        """What both are; changes are kept."""
        with (Path(self.directory) / "kernels.json").open("r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            told = json.load(file)
            yield told
            file.seek(0)
            file.truncate()
            json.dump(told, file)

    def proc(self, name: str) -> str:
        """/proc/drbd of a node; what is under way goes on by one look."""
        with self.state() as state:
            self._tick(state)
            node, peer = _pair(state, name)
            linked = node["cs"] not in ("StandAlone", "WFConnection")
            text = "version: 8.4.11 (api:1/proto:86-101)\n"
            text += f" {MINOR}: cs:{node['cs']}"
            text += f" ro:{node['role']}/{peer['role'] if linked else 'Unknown'}"
            text += f" ds:{node['disk']}/{peer['disk'] if linked else 'DUnknown'} C r-----\n"
            text += (
                f"    ns:0 nr:0 dw:0 dr:0 al:0 bm:0 lo:0 pe:0 ua:0 ap:0 wo:f oos:{node['oos']}\n"
            )
            if node["cs"].startswith(("Sync", "Verify")):
                word = "sync'ed" if node["cs"].startswith("Sync") else "verified"
                text += f"\t[=====>..............] {word}: {100 - 10 * state['left']}.0% (8/64)K\n"
                text += "\tfinish: 0:00:09 speed: 1,000 (1,000) K/sec\n"
            return text

    def mounts(self, name: str) -> str:
        """/proc/self/mounts of a node: a Primary is mounted."""
        with self.state() as state:
            if state["nodes"][name]["role"] != "Primary":
                return ""
        return f"/dev/drbd{MINOR} {self.directory}/{name}/mount ext4 rw 0 0\n"

    def tool(self, name: str, argv: list[str]) -> int:
        """A program of a node; return its exit status."""
        program, verb, options = Path(argv[0]).name, argv[1], argv[2:-1]
        with self.state() as state:
            state["log"].append([name, verb, *options])
            node, peer = _pair(state, name)
            if program == "systemctl":
                return 0 if node["guard"] else 3
            if program == "systemd-run":
                node["guard"] = True
                Path(argv[-3]).unlink(missing_ok=True)
            elif (program, verb) == ("drbdsetup", "show"):
                print(f'net {{ verify-alg "{node["alg"]}"; }}' if node["alg"] else "net { }")
            elif verb == "get-gi":
                print(":".join([*node["gi"], "1:1:0:1:0:0:0"]))
            elif verb == "disconnect":
                if node["cs"] == "Connected":
                    peer["cs"] = "WFConnection"
                node["cs"] = "StandAlone"
            elif verb == "connect":
                node.update(cs="WFConnection", discards="--discard-my-data" in options)
                if peer["cs"] == "WFConnection":
                    self._handshake(state, node, peer)
            elif verb == "net-options":
                node["alg"] = options[0].partition("=")[2]
                if node["alg"] and node["cs"] == "Connected":
                    peer["alg"] = node["alg"]
            elif verb == "verify":
                if not node["alg"] or node["cs"] != "Connected":
                    print("State change failed: (-14) Need a verify algorithm", file=sys.stderr)
                    return 11
                node["cs"], peer["cs"], state["left"] = "VerifyS", "VerifyT", TICKS
            elif verb == "resize":
                self._resize(state, node, peer)
            elif program != "resize2fs":
                return 20
        return 0

    def _handshake(self, state: dict[str, Any], node: dict[str, Any], peer: dict[str, Any]) -> None:
        if node["alg"] != peer["alg"]:
            node["cs"] = peer["cs"] = "StandAlone"
        elif node["gi"][0] == peer["gi"][0]:
            node["cs"] = peer["cs"] = "Connected"
        elif node["discards"] == peer["discards"]:
            node["cs"] = peer["cs"] = "StandAlone"
        else:
            victim, source = (node, peer) if node["discards"] else (peer, node)
            source["cs"], victim["cs"], victim["disk"] = "SyncSource", "SyncTarget", "Inconsistent"
            node["oos"] = peer["oos"] = node["oos"] + peer["oos"]
            state["left"] = TICKS

    def _resize(self, state: dict[str, Any], node: dict[str, Any], peer: dict[str, Any]) -> None:
        for one in (node, peer):
            one["bytes"] = state["grown"]
            for name, other in state["nodes"].items():
                if other is one:
                    _size(Path(self.directory) / name, f"drbd{MINOR}", state["grown"])
        node["cs"], peer["cs"], peer["disk"] = "SyncSource", "SyncTarget", "Inconsistent"
        state["left"] = TICKS

    def _tick(self, state: dict[str, Any]) -> None:
        nodes = list(state["nodes"].values())
        if not nodes[0]["cs"].startswith(("Sync", "Verify")):
            return
        state["left"] -= 1
        if state["left"] > 0:
            return
        verified = nodes[0]["cs"].startswith("Verify")
        source = next((one for one in nodes if one["cs"] == "SyncSource"), nodes[0])
        for one in nodes:
            one.update(cs="Connected", disk="UpToDate", oos=state["differ"] if verified else 0)
            one["gi"] = [source["gi"][0], ZERO, *source["gi"][1:3]]
            if verified and one["guard"]:
                one.update(guard=False, alg="")


def _pair(state: dict[str, Any], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    peer = next(other for other in state["nodes"] if other != name)
    return state["nodes"][name], state["nodes"][peer]


def _size(node: Path, device: str, count: int) -> None:
    path = node / "root/sys/class/block" / device / "size"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{count // 512}\n", encoding="ascii")


class Played:
    """The hosts of a test."""

    def __init__(self, directory: Path, names: list[str], service: str, disk: bytes) -> None:
        self.directory = directory
        self.names = names
        room = 1 << 20
        nodes: dict[str, dict[str, Any]] = {}
        for name in names:
            home = directory / name
            (home / "root/etc/drbd.d").mkdir(parents=True)
            self._script(home / "python", PYTHON, node=str(home))
            (home / "mount").mkdir()
            for tool in TOOLS:
                self._script(home / tool, TOOL, node=name)
            site = SITE.format(directory=str(directory), node=name, root=str(home / "root"))
            (home / "sitecustomize.py").write_text(site, encoding="utf-8")
            self.disk(name).write_bytes(disk + bytes(room))
            (home / f"root/etc/drbd.d/{service}.res").write_text(
                f'# Written by failover.cluster;\nresource "{service}" {{\n'
                f'on "{os.uname().nodename}" {{ device "/dev/drbd{MINOR}" minor {MINOR};'
                f' disk "{self.disk(name)}"; }} }}\n',
                encoding="utf-8",
            )
            _size(home, f"drbd{MINOR}", len(disk))
            _size(home, self.disk(name).name, len(disk) + room)
            nodes[name] = {
                "cs": "Connected",
                "role": "Secondary",
                "disk": "UpToDate",
                "gi": [COMMON, ZERO, ZERO, ZERO],
                "oos": 0,
                "alg": "",
                "discards": False,
                "guard": False,
                "bytes": len(disk),
            }
        state = {"nodes": nodes, "left": 0, "differ": 0, "grown": 0, "log": []}
        (directory / "kernels.json").write_text(json.dumps(state), encoding="utf-8")
        self.kernels = Kernels(str(directory))

    def _script(self, path: Path, text: str, node: str) -> None:
        filled = text.format(
            python=sys.executable, checkout=str(CHECKOUT), directory=str(self.directory), node=node
        )
        path.write_text(filled, encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def disk(self, name: str) -> Path:
        """What lies below the device of a node."""
        return self.directory / name / f"lower-{name}"

    def variables(self, name: str) -> dict[str, Any]:
        """Those of a host of the inventory."""
        return {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": str(self.directory / name / "python"),
        }

    def split(self) -> None:
        """Both copies were written without the other one."""
        with self.kernels.state() as state:
            for number, node in enumerate(state["nodes"].values(), 1):
                node["gi"] = [f"{number * 256:016X}", COMMON, ZERO, ZERO]
                node["cs"] = "StandAlone" if number == 1 else "WFConnection"
                node["oos"] = 12 * number

    def orders(self) -> list[list[str]]:
        """What the tools were told, except for questions."""
        with self.kernels.state() as state:
            return [one for one in state["log"] if one[1] in ORDERS]

    def grow(self, *names: str) -> None:
        """What lies below the devices of these nodes gets 16 MiB more."""
        with self.kernels.state() as state:
            for name in names:
                count = state["nodes"][name]["bytes"] + (16 << 20)
                _size(self.directory / name, self.disk(name).name, count + (1 << 20))
                state["grown"] = count

    def differ(self, kib: int) -> None:
        """So much a verification will find."""
        with self.kernels.state() as state:
            state["differ"] = kib

    def node(self, name: str) -> dict[str, Any]:
        """One of the kernels."""
        with self.kernels.state() as state:
            return dict(state["nodes"][name])

    def change(self, name: str, **what: Any) -> None:
        """Change one of the kernels."""
        with self.kernels.state() as state:
            state["nodes"][name].update(what)
