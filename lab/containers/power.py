# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The power switch of the containers: a socket that the host mounts into each of them.

A request is one line of an action (ACTIONS) and a node; the answer is one line too: on, off, or
``error`` and why. Only the nodes that the command line names can be switched.

A node is off when nothing of it runs and nothing of it writes. After the kill of a container, the
kernel of this host still unmounts its disks and writes the buffered data of their file systems.
"""

from __future__ import annotations

import argparse
import asyncio
import errno
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from lab.containers.engine import ENGINES, Engine
from lab.errors import LabError

ACTIONS = ("status", "off", "on", "reset")
LONGEST_REQUEST = 200


class Switch:
    """Answers requests; containers maps the name of a node to that of its container.

    disks: the block devices of one node alone.
    """

    def __init__(
        self,
        engine: Engine,
        containers: Mapping[str, str],
        disks: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self._engine = engine
        self._containers = containers
        self._disks = disks
        # Two nodes that fence each other are served one after the other, as by a real device.
        self._turn = asyncio.Lock()

    async def answer(self, request: str) -> str:
        """Return the line that answers a request."""
        action, _space, node = request.strip().partition(" ")
        if action not in ACTIONS:
            return f"error {action!r} is not an action; they are {', '.join(ACTIONS)}"
        container = self._containers.get(node)
        if container is None:
            return f"error {node!r} has no plug; they are {', '.join(self._containers)}"
        try:
            async with self._turn:
                return await asyncio.to_thread(self._act, action, node)
        except LabError as error:
            return f"error {' '.join(str(error).split())}"

    def _act(self, action: str, node: str) -> str:
        container = self._containers[node]
        if action in ("off", "reset"):
            self._engine.kill(container)
        if action in ("on", "reset"):
            self._engine.start(container)
        alive = self._engine.running(container) or any(map(claimed, self._disks.get(node, ())))
        return "on" if alive else "off"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of one client."""
        try:
            request = await asyncio.wait_for(reader.readline(), 10.0)
            writer.write((await self.answer(request.decode(errors="replace")) + "\n").encode())
            await writer.drain()
        except (OSError, ValueError, TimeoutError):
            pass  # The client is gone, slow or sends garbage: switch nothing.
        finally:
            writer.close()


def claimed(device: str) -> bool:
    """Whether a file system has the block device as its own (O_EXCL, open(2))."""
    try:
        os.close(os.open(device, os.O_RDONLY | os.O_EXCL))
    except OSError as error:
        if error.errno == errno.EBUSY:
            return True
        raise LabError(f"{device}: {error.strerror}") from None
    return False


async def listen(switch: Switch, path: Path) -> None:
    """Serve until SIGTERM. Everybody who can reach the socket may switch."""
    server = await asyncio.start_unix_server(switch.serve, path, limit=LONGEST_REQUEST)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with server:
        await ended.wait()


def detach(pid_file: Path, log: Path) -> None:
    """Continue in the background, with the process number in a file."""
    if os.fork():
        os._exit(0)
    os.setsid()
    pid_file.write_text(f"{os.getpid()}\n", encoding="ascii")
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, output), (2, output)):
        os.dup2(source, target)


def main() -> None:
    """Start the switch in the background."""
    parser = argparse.ArgumentParser(prog="python -m lab.containers.power", description=__doc__)
    parser.add_argument("--engine", choices=ENGINES, default="podman")
    parser.add_argument("--directory", type=Path, required=True, help="of socket, pid and log")
    parser.add_argument("--disk", action="append", default=[], metavar="NODE=DEVICE")
    parser.add_argument("plug", nargs="+", metavar="NODE=CONTAINER")
    given = parser.parse_args()
    containers = dict(plug.split("=", 1) for plug in given.plug)
    disks: dict[str, list[str]] = {}
    for disk in given.disk:
        node, _equals, device = disk.partition("=")
        disks.setdefault(node, []).append(device)
    given.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    detach(given.directory / "pid", given.directory / "log")
    path = given.directory / "socket"
    path.unlink(missing_ok=True)
    try:
        asyncio.run(listen(Switch(Engine(given.engine), containers, disks), path))
    finally:
        path.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
