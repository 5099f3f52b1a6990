# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and the command line of one node's kernel."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from lab.paths import LabPaths
from lab.spec import LabSpec

KERNEL = "linux.uml"
SEED_UNIT = 7  # ubd7 (/dev/ubdh) carries the node's own files; data disks come before it


def tap_name(node_index: int, lan_index: int) -> str:
    """Name of the node's tap in the lab's namespace (at most 15 bytes)."""
    return f"n{node_index + 1}l{lan_index}"


def bridge_name(lan_index: int) -> str:
    """Name of a LAN's bridge in the lab's namespace."""
    return f"lan{lan_index}"


def mac_address(lab: str, node_index: int, lan_index: int) -> str:
    """A fixed locally administered address: a recreated node meets no stale ARP entry."""
    digest = hashlib.sha256(lab.encode()).digest()
    parts = (0x52, digest[0], digest[1], digest[2], lan_index, node_index + 1)
    return ":".join(f"{part:02x}" for part in parts)


def disk_path(paths: LabPaths, spec: LabSpec, node: str, disk_index: int) -> Path:
    """Image of a data disk; a shared one lies beside the nodes."""
    name = f"disk{disk_index}.img"
    return paths.nodes / name if spec.disks[disk_index].shared else paths.node(node) / name


def serial_device(paths: LabPaths, serial_index: int, end: int) -> Path:
    """The node's end of a serial line: a link to a pseudo terminal."""
    return paths.run / f"serial{serial_index}-{end}"


def memory_dir(memory_mib: int, shm: Path = Path("/dev/shm")) -> Path:
    """Place of the memory file of the kernel: in RAM if there is room."""
    try:
        room = shutil.disk_usage(shm).free
    except OSError:
        return Path("/tmp")
    usable = room > 2 * (memory_mib << 20) and os.access(shm, os.W_OK | os.X_OK)
    return shm if usable else Path("/tmp")


def command_line(name: str, spec: LabSpec, node: str, base: Path, paths: LabPaths) -> list[str]:
    """The command that boots ``node`` of the lab ``name`` from the image ``base``."""
    index = [item.name for item in spec.nodes].index(node)
    own = paths.node(node)
    argv = [
        KERNEL,
        f"ubd0={own / 'root.cow'},{base}",
        f"ubd{SEED_UNIT}r={own / 'seed.tar'}",
    ]
    for number, disk in enumerate(spec.disks):
        # The c lets two kernels open one file: a disk shared by all nodes.
        flag = "c" if disk.shared else ""
        argv.append(f"ubd{number + 1}{flag}={disk_path(paths, spec, node, number)}")
    lans = [
        (number, link)
        for number, link in enumerate(spec.lans)
        if link.name in spec.nodes[index].addresses
    ]
    for vector, (number, _link) in enumerate(lans):
        mac = mac_address(name, index, number)
        argv.append(
            f"vec{vector}:transport=tap,ifname={tap_name(index, number)},depth=128,gro=1,mac={mac}"
        )
    if index < 2:
        for number, _link in enumerate(spec.serials):
            argv.append(f"ssl{number}=tty:{serial_device(paths, number, index)}")
    argv += [
        "root=/dev/ubda",
        "rw",
        "rootfstype=ext4",
        f"mem={spec.memory_mib}M",
        "con0=null,fd:1",
        "con=null",
        f"umid={name}-{node}",
        f"uml_dir={own / 'uml'}/",
        # Without it the kernel re-executes itself on reboot and finds its taps busy.
        "noreboot",
        "quiet",
        "selinux=0",
        "apparmor=0",
        # udev would spend most of the boot on 512 unused old-style terminals.
        "pty.legacy_count=0",
        f"systemd.hostname={node}",
    ]
    return argv
