# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair of DRBD with a service on it, as people make it with their hands, and what it says."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lab import Lab

ADDRESS = "10.44.9.200"
PREFIX = 22
INTERFACE = "srv0"
PORT = 7070
BOOK = "/usr/local/lib/book.py"
RESYNC = ("Sync", "PausedSync", "StartingSync", "WFBitMap", "WFSync", "Ahead", "Behind")
"""How the states of a connection begin in which blocks are copied."""
INSTALL = """set -e
printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d
apt-get -qq update
DEBIAN_FRONTEND=noninteractive apt-get -qqy install --no-install-recommends {packages}
rm /usr/sbin/policy-rc.d
"""
UNIT = """[Unit]
Description=The book of {name}
[Service]
ExecStart=/usr/bin/python3 {book} {mount}/book {port}
"""
RESOURCE = """# By hand, long ago.
resource {name} {{
  net {{ protocol C; cram-hmac-alg sha1; shared-secret "ours-since-2009"; }}
  disk {{ c-plan-ahead 0; resync-rate 100M; }}
{sides}}}
"""
SIDE = """  on {node} {{
    device {device};
    disk {disk};
    address {address}:{port};
    meta-disk internal;
  }}
"""


@dataclass(frozen=True)
class Data:
    """What DRBD says of the copy of one node."""

    generations: tuple[str, ...]
    """Current, of the bitmap, and two older ones."""
    copied_kib: int
    """Sent and received since the device was made."""
    out_of_sync_kib: int
    state: str
    """Connection, roles and disks, as /proc/drbd shows them."""


@dataclass(frozen=True)
class Pair:
    """The hosts, and what is the name of things on them."""

    lab: Lab
    name: str
    disk: str
    minor: int
    port: int

    @property
    def mount(self) -> str:
        """Where the file system belongs."""
        return f"/srv/{self.name}"

    @property
    def file(self) -> str:
        """The resource file."""
        return f"/etc/drbd.d/{self.name}.res"

    @property
    def unit(self) -> str:
        """The unit of the service."""
        return f"{self.name}-book.service"

    def each(self, command: str, input: str | None = None, timeout: float = 60.0) -> list[str]:
        """Run a command on both hosts at once; what they print."""

        def one(node: str) -> str:
            return self.lab.ssh(node, command, timeout=timeout, input=input).stdout

        with ThreadPoolExecutor() as pool:
            return list(pool.map(one, self.lab.nodes))

    def install(self, *packages: str) -> None:
        """As people do who do not want anything to start by itself."""
        self.each(INSTALL.format(packages=" ".join(packages)), timeout=400.0)

    def text(self) -> str:
        """The resource file."""
        link = self.lab.spec.lans[-1].name
        sides = "".join(
            SIDE.format(
                node=node.name,
                device=f"/dev/drbd{self.minor}",
                disk=self.disk,
                address=node.addresses[link],
                port=self.port,
            )
            for node in self.lab.spec.nodes
        )
        return RESOURCE.format(name=self.name, sides=sides)

    def make(self, node: str) -> None:
        """Two empty disks become a pair, and files lie on it, mounted on the node."""
        self.each(f"cat >{self.file}", input=self.text())
        self.each(f"cat >{BOOK}", input=Path(__file__).with_name("book.py").read_text("utf-8"))
        unit = UNIT.format(name=self.name, book=BOOK, mount=self.mount, port=PORT)
        self.each(f"cat >/etc/systemd/system/{self.unit}; systemctl daemon-reload", input=unit)
        self.each(
            f"modprobe drbd; drbdadm create-md --force {self.name} && drbdadm up {self.name}",
            timeout=120.0,
        )
        self.wait_connected()
        self.lab.ssh(node, f"drbdadm -- --clear-bitmap new-current-uuid {self.name}/0")
        self.lab.ssh(
            node, f"drbdadm primary {self.name} && mkfs.ext4 -q /dev/drbd{self.minor}", timeout=120
        )
        self.mounted(node)
        write = "for i in $(seq 12); do head -c 1000000 /dev/urandom >file$i; done"
        self.lab.ssh(
            node, f"cd {self.mount} && {write} && sha256sum file* >sums && sync", timeout=120
        )

    def wait_connected(self) -> None:
        """Both hosts see each other."""

        def connected() -> bool:
            return all(one.state.startswith("cs:Connected") for one in self.data())

        wait(connected, f"{self.name}: a connection")

    def mounted(self, node: str) -> None:
        """Primary and mounted, by hand."""
        self.lab.ssh(
            node,
            f"drbdadm primary {self.name} && mkdir -p {self.mount}"
            f" && mount /dev/drbd{self.minor} {self.mount}",
        )

    def serve(self, node: str) -> None:
        """The address and the service, on a host where the file system is mounted."""
        address = f"ip address add {ADDRESS}/{PREFIX} dev {INTERFACE}"
        self.lab.ssh(node, f"{address} && systemctl start {self.unit}")

    def unmounted(self, node: str) -> None:
        """The service, the address and the mount are gone; the device is Primary yet."""
        address = f"ip address del {ADDRESS}/{PREFIX} dev {INTERFACE}"
        self.lab.ssh(node, f"systemctl stop {self.unit} && {address} && umount {self.mount}")

    def secondary(self, node: str) -> None:
        """And nobody uses the device."""
        self.lab.ssh(node, f"drbdadm secondary {self.name}")

    def whole(self, node: str) -> bool:
        """All files that were written at first are there, as they were."""
        command = f"cd {self.mount} && sha256sum --quiet -c sums"
        return self.lab.ssh(node, command, check=False, timeout=90).returncode == 0

    def written(self, node: str) -> list[int]:
        """The numbers that the book holds, in its order."""
        lines = self.lab.ssh(node, f"cat {self.mount}/book").stdout.split()
        return [int(line) for line in lines]

    def data(self) -> list[Data]:
        """Of each host, by DRBD's own tool and by the kernel's file."""
        told = self.each(f"drbdadm get-gi {self.name}; cat /proc/drbd")
        return [parsed(text, self.minor) for text in told]

    def look(self) -> list[str]:
        """What a refused run could have changed, on each host."""
        device = f"/dev/drbd{self.minor}"
        commands = (
            "sha256sum /etc/drbd.conf /etc/drbd.d/* /etc/systemd/system/*.service",
            "ls -A /etc/drbd.d /etc/failoverd /etc/failover /var/lib/failoverd /var/lib/failover",
            "dpkg-query -f '${Package} ${db:Status-Abbrev}\\n' -W | sha256sum",
            f"grep -E '^ *{self.minor}: ' /proc/drbd",
            f"grep {device} /proc/self/mounts",
            f"systemctl is-active {self.unit}",
            f"drbdadm get-gi {self.name}",
        )
        return self.each(f"({'; '.join(commands)}; true) 2>&1")

    def forget(self) -> None:
        """Nothing of it stays but what lies on the disks."""
        self.each(
            f"systemctl stop {self.unit}; umount {self.mount}; drbdadm down {self.name};"
            f" ip address del {ADDRESS}/{PREFIX} dev {INTERFACE}; rm -f {self.file}*; true"
        )


def parsed(text: str, minor: int) -> Data:
    """What ``drbdadm get-gi`` prints, and /proc/drbd behind it.

    The lowest bit of the current generation only says that the node is Primary.
    """
    told = re.search(r"^((?:[0-9A-F]{16}:){4})", text, re.MULTILINE)
    assert told, f"drbdadm get-gi shows no generations: {text}"
    current, *others = told[1].split(":")[:4]
    generations = (f"{int(current, 16) & ~1:016X}", *others)
    found = re.search(rf"^ *{minor}: (cs:.*)\n(.*)$", text, re.MULTILINE)
    assert found, f"/proc/drbd does not show minor {minor}: {text}"
    numbers = dict(word.split(":") for word in found[2].split() if word.count(":") == 1)
    return Data(
        generations=generations,
        copied_kib=int(numbers["ns"]) + int(numbers["nr"]),
        out_of_sync_kib=int(numbers["oos"]),
        state=found[1],
    )


def wait(condition: Callable[[], bool], what: str, timeout: float = 90.0) -> None:
    """Wait for something to be seen; fail with ``what`` was not."""
    until = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < until, f"{what}: not seen within {timeout:.0f} s"
        time.sleep(0.2)
