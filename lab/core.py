# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab as one object, for the command line, the tests and the demo."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab import access, netns, serial, uml
from lab.bmc_behaviour import BEHAVIOURS
from lab.control import ask
from lab.daemons import Daemons
from lab.errors import LabError
from lab.image import base_image, builder_lock
from lab.paths import LabPaths
from lab.progress import Progress, silent
from lab.repository import repository
from lab.seed import REPOSITORY_PORT, node_files, write_seed
from lab.snapshot import Snapshots
from lab.spec import LabSpec, check_lab_name
from lab.state import LabState
from lab.supervisor import control_path

Result = subprocess.CompletedProcess[str]


class Lab:
    """Nodes with kernels of their own, in one network namespace, below one directory."""

    def __init__(self, name: str = "lab") -> None:
        check_lab_name(name)
        self.name = name
        self._paths = LabPaths.of(name)
        self._daemons = Daemons(self._paths, self.namespace)
        self._snapshots = Snapshots(self._paths)

    # -- what is known without starting anything ---------------------------------------------

    @property
    def namespace(self) -> str:
        """Name of the network namespace that holds the lab."""
        return netns.namespace_name(self.name)

    @property
    def dir(self) -> Path:
        """Directory of everything that belongs to the lab."""
        return self._paths.root

    @property
    def inventory_path(self) -> Path:
        """Ansible inventory: hosts and connection variables only."""
        return self._paths.inventory

    @property
    def ssh_config(self) -> Path:
        """OpenSSH configuration that reaches the nodes by name or address."""
        return self._paths.ssh_config

    @property
    def spec(self) -> LabSpec:
        """Specification of the raised lab; LabError when it is down."""
        return LabState.load(self.name).spec

    @property
    def nodes(self) -> list[str]:
        """Names of the nodes."""
        return [node.name for node in self.spec.nodes]

    @property
    def bmc_password(self) -> str:
        """Password of every BMC of the lab."""
        try:
            return self._paths.bmc_password.read_text(encoding="ascii").strip()
        except OSError as error:
            raise LabError(f"the lab {self.name} was never up") from error

    # -- up and down ---------------------------------------------------------------------------

    def up(self, spec: LabSpec | None = None, progress: Progress | None = None) -> None:
        """Raise the lab, or complete it if a part is missing; returns when all nodes serve.

        :raises LabError: the host lacks something, or the lab is up with another specification.
        """
        say = progress or silent
        if os.geteuid() != 0:
            raise LabError("the lab needs root: it makes network namespaces and taps")
        self._paths.root.mkdir(parents=True, exist_ok=True)
        with self._locked():
            if self._is_up():
                state = LabState.load(self.name)
                if spec is not None and spec != state.spec:
                    raise LabError(
                        f"the lab {self.name} is up with another specification; take it down first"
                    )
            else:
                self._clear()
                state = self._prepare(spec or LabSpec(), say)
                say("making network and disks")
                netns.create(self.namespace, state.spec)
                self._make_nodes(state.spec)
                state.save(self.name)
            self._start_daemons(state)
            say(f"booting {', '.join(node.name for node in state.spec.nodes)}")
            for node in state.spec.nodes:
                self.power(node.name, "on")
        self.wait_ready(progress=say)
        say("all nodes are up")

    def down(self, purge: bool = False) -> None:
        """Stop everything and remove the nodes; keys and snapshots stay unless ``purge``."""
        if not self._paths.root.exists() and not netns.exists(self.namespace):
            return
        self._paths.root.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._clear()
        if purge:
            shutil.rmtree(self._paths.root)

    def status(self) -> dict[str, Any]:
        """Everything about the lab as plain data; ``up`` is False if it is down."""
        if not self._is_up():
            return {"name": self.name, "up": False, "snapshots": self._snapshots.names()}
        spec = self.spec
        return {
            "name": self.name,
            "up": True,
            "directory": str(self.dir),
            "namespace": self.namespace,
            "suite": spec.suite,
            "inventory": str(self.inventory_path),
            "ssh_config": str(self.ssh_config),
            "nodes": {node.name: self._node_status(spec, node.name) for node in spec.nodes},
            "serial": self._serial_lines(spec),
            "processes": {name: self._daemons.running(name) for name in self._daemons.names()},
            "snapshots": self._snapshots.names(),
        }

    def wait_ready(
        self,
        timeout: float = 180,
        nodes: Sequence[str] | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Wait until ssh answers and systemd has finished starting on every powered node.

        :raises LabError: not within ``timeout`` seconds, with the name of the node.
        """
        say = progress or silent
        deadline = time.monotonic() + timeout
        waited = [
            name
            for name in (self.nodes if nodes is None else nodes)
            if self.power_state(name) == "on"
        ]

        def wait(name: str) -> None:
            last = ""
            while time.monotonic() < deadline:
                left = max(1.0, deadline - time.monotonic())
                done = self.ssh(
                    name, "systemctl is-system-running --wait", timeout=min(left, 60), check=False
                )
                last = (done.stdout + done.stderr).strip()
                if last in ("running", "degraded"):
                    say(f"  {name} is {last}")
                    return
                time.sleep(0.2)
            raise LabError(f"{name} is not ready after {timeout:.0f} s: {last or 'no answer'}")

        if waited:
            with ThreadPoolExecutor(len(waited)) as pool:
                list(pool.map(wait, waited))

    # -- the nodes -----------------------------------------------------------------------------

    def ssh(
        self,
        node: str,
        command: str | Sequence[str],
        timeout: float = 60,
        check: bool = True,
        input: str | None = None,
    ) -> Result:
        """Run a shell command on a node as root.

        :raises LabError: with ``check``, when it fails or takes longer than ``timeout`` seconds;
            without ``check`` a timeout is reported as exit status 124.
        """
        self.spec.node(node)
        words = [command] if isinstance(command, str) else list(command)
        argv = ["ssh", "-F", str(self.ssh_config), node, *words]
        if input is None:
            argv.insert(1, "-n")
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=timeout, input=input, check=False
            )
        except subprocess.TimeoutExpired:
            done = subprocess.CompletedProcess(argv, 124, "", f"no end within {timeout:.0f} s")
        if check and done.returncode != 0:
            reason = done.stderr.strip() or done.stdout.strip()
            raise LabError(f"{node}: {' '.join(words)} failed ({done.returncode}): {reason}")
        return done

    def power(self, node: str, action: str) -> None:
        """``off``, ``on`` or ``reset``; after ``off`` no process of the node exists any more."""
        if action not in ("on", "off", "reset"):
            raise LabError(f"power: {action} is none of on, off, reset")
        self._ask_node(node, action)

    def power_state(self, node: str) -> str:
        """``on`` or ``off``."""
        if not self._daemons.running(node):
            self.spec.node(node)
            return "off"
        return str(self._ask_node(node, "status")["power"])

    def freeze(self, node: str) -> None:
        """Stop every process of the node, as a paused virtual machine."""
        self._ask_node(node, "freeze")

    def thaw(self, node: str) -> None:
        """Let a frozen node run on."""
        self._ask_node(node, "thaw")

    def link(self, node: str, link: str, state: str) -> None:
        """Set one node's end of a link.

        ``up``; ``down``: cut from everything; on a LAN also ``isolate``: cut from the other nodes
        but not from gateway and BMCs, ``mute`` and ``deaf``: only what it sends or receives,
        ``no-udp``: only datagrams to and from the other nodes.
        A serial line is cut as a whole.
        """
        spec = self.spec
        wire = spec.link(link)
        index = [item.name for item in spec.nodes].index(spec.node(node).name)
        if wire.kind == "serial":
            ask(serial.control_path(self._paths), {"line": link, "state": state})
            return
        if link not in spec.nodes[index].addresses:
            raise LabError(f"{node} is not on {link}")
        netns.set_port(self.namespace, uml.tap_name(index, spec.lans.index(wire)), state)

    def bmc(self, node: str, behaviour: str) -> None:
        """Make a node's BMC behave: normal, hang, refuse, feign, lie or dead (see lab.bmc)."""
        if behaviour not in BEHAVIOURS:
            raise LabError(f"bmc: {behaviour} is none of {', '.join(BEHAVIOURS)}")
        path = self._paths.behaviour(self.spec.node(node).name)
        path.write_text(behaviour + "\n", encoding="ascii")

    def mend(self) -> None:
        """Undo every injected fault: all links up, BMCs normal, nodes thawed (not powered)."""
        spec = self.spec
        for node in spec.nodes:
            for link in spec.links:
                if link.kind == "serial" or link.name in node.addresses:
                    self.link(node.name, link.name, "up")
            if node.bmc:
                self.bmc(node.name, "normal")
            if self.power_state(node.name) == "on":
                self.thaw(node.name)

    def power_log(self, node: str) -> list[dict[str, Any]]:
        """What the node's power supply was asked, and what it did; times as in the supervisor."""
        path = self._paths.logs / f"{node}-power.jsonl"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def console(self, node: str) -> str:
        """Console output of the node's present (or last) life."""
        path = self._paths.console(self.spec.node(node).name)
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def journals(self, lines: int = 200) -> dict[str, str]:
        """The last journal lines of each node, or why there are none; never raises."""

        def read(node: str) -> str:
            try:
                if self.power_state(node) == "off":
                    return f"(off) console:\n{self.console(node)[-4000:]}"
                command = f"journalctl --no-pager -o short-precise -n {lines}"
                return self.ssh(node, command, timeout=30).stdout
            except (LabError, OSError) as error:
                return f"({error})"

        try:
            nodes = self.nodes
        except LabError:
            return {}
        with ThreadPoolExecutor(len(nodes)) as pool:
            return dict(zip(nodes, pool.map(read, nodes), strict=True))

    def run_in(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a process in the lab's network, on the gateway; options are Popen's."""
        return subprocess.Popen(self.inside(argv), **options)

    def inside(self, argv: Sequence[str]) -> list[str]:
        """The command that runs ``argv`` in the lab's network; LabError when it is down."""
        if not self._is_up():
            raise LabError(f"the lab {self.name} is not up")
        return netns.inside(self.namespace, list(argv))

    # -- snapshots -----------------------------------------------------------------------------

    def has_snapshot(self, name: str) -> bool:
        """True when ``name`` exists and fits this lab."""
        if name not in self._snapshots.names():
            return False
        try:
            self._snapshots.check(name, LabState.load(self.name))
        except LabError:
            return False
        return True

    def snapshots(self) -> list[str]:
        """Names of all snapshots."""
        return self._snapshots.names()

    def snapshot_save(self, name: str, progress: Progress | None = None) -> None:
        """Shut the nodes down in order, keep their disks, and boot them again."""
        say = progress or silent
        with self._locked():
            say("shutting the nodes down")
            self._shut_down(300)
            say("copying the disks")
            self._snapshots.save(name, LabState.load(self.name))
            self._boot_all(say)
        self.wait_ready(progress=say)

    def snapshot_restore(self, name: str, progress: Progress | None = None) -> None:
        """Cut the power, put the saved disks back, mend all links, and boot."""
        say = progress or silent
        with self._locked():
            self._snapshots.check(name, LabState.load(self.name))
            for node in self.nodes:
                self.power(node, "off")
            say("copying the disks")
            self._snapshots.restore(name, LabState.load(self.name))
            self.mend()
            self._boot_all(say)
        self.wait_ready(progress=say)

    # -- inside --------------------------------------------------------------------------------

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._paths.lock.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise LabError(f"another command works on the lab {self.name}") from error
            yield

    def _is_up(self) -> bool:
        return self._paths.spec.exists() and netns.exists(self.namespace)

    def _prepare(self, spec: LabSpec, say: Callable[[str], None]) -> LabState:
        with builder_lock(say):
            image = base_image(spec.suite, say)
            packages = repository(image, spec.suite, say, following=spec.following)
        # The logs of the last lab stay until the next one, to show why it failed.
        shutil.rmtree(self._paths.logs, ignore_errors=True)
        for directory in (self._paths.run, self._paths.logs, self._paths.nodes):
            directory.mkdir(exist_ok=True)
        access.make_keys(self._paths)
        access.write_ssh_config(self._paths, self.name, spec)
        access.write_inventory(self._paths, spec)
        return LabState(spec, image, packages)

    def _make_nodes(self, spec: LabSpec) -> None:
        for node in spec.nodes:
            directory = self._paths.node(node.name)
            directory.mkdir()
            (directory / "uml").mkdir()
            files = node_files(self.name, spec, node.name)
            write_seed(directory / "seed.tar", files, self._paths.keys)
            for number, disk in enumerate(spec.disks):
                path = uml.disk_path(self._paths, spec, node.name, number)
                with path.open("ab") as handle:
                    os.truncate(handle.fileno(), disk.size_mib << 20)

    def _start_daemons(self, state: LabState) -> None:
        gateway = state.spec.main.gateway
        served = ["--bind", gateway, "--directory", str(state.repository), str(REPOSITORY_PORT)]
        self._daemons.ensure("packages", "http.server", served, None)
        if state.spec.serials:
            ready = serial.control_path(self._paths)
            self._daemons.ensure("serial", "lab.serve", ["serial", self.name], ready)
        for node in state.spec.nodes:
            ready = control_path(self._paths, node.name)
            self._serve(node.name, "supervisor", node.name, ready)
            if node.bmc:
                self._serve(f"{node.name}-bmc", "bmc", node.name, None)

    def _serve(self, name: str, kind: str, node: str, ready: Path | None) -> None:
        self._daemons.ensure(name, "lab.serve", [kind, self.name, node], ready)

    def _clear(self) -> None:
        """Stop everything and remove the disks of the nodes, from any state that a crash left."""
        for name in self._daemons.names():
            self._daemons.stop(name)
        netns.remove(self.namespace)
        self._paths.spec.unlink(missing_ok=True)
        for directory in (self._paths.run, self._paths.nodes, self._paths.ssh_sockets):
            shutil.rmtree(directory, ignore_errors=True)

    def _shut_down(self, timeout: float) -> None:
        for node in self.nodes:
            if self.power_state(node) == "on":
                self.ssh(node, "systemctl poweroff", check=False, timeout=20)
        deadline = time.monotonic() + timeout
        for node in self.nodes:
            while self.power_state(node) == "on":
                if time.monotonic() > deadline:
                    raise LabError(f"{node} did not shut down within {timeout:.0f} s")
                time.sleep(0.1)

    def _boot_all(self, say: Progress) -> None:
        say("booting")
        for node in self.nodes:
            self.power(node, "on")

    def _ask_node(self, node: str, action: str) -> dict[str, Any]:
        self.spec.node(node)
        return ask(control_path(self._paths, node), {"action": action, "by": "lab"}, timeout=20)

    def _node_status(self, spec: LabSpec, node: str) -> dict[str, Any]:
        item = spec.node(node)
        index = [other.name for other in spec.nodes].index(node)
        status: dict[str, Any] = {"addresses": dict(item.addresses), "bmc": item.bmc}
        try:
            status |= self._ask_node(node, "status")
        except LabError as error:
            status |= {"power": "off", "error": str(error)}
        status["links"] = {
            link.name: netns.port_state(self.namespace, uml.tap_name(index, number))
            for number, link in enumerate(spec.lans)
            if link.name in item.addresses
        }
        return status

    def _serial_lines(self, spec: LabSpec) -> dict[str, str]:
        if not spec.serials:
            return {}
        try:
            return dict(ask(serial.control_path(self._paths), {})["lines"])
        except LabError as error:
            return {link.name: str(error) for link in spec.serials}
