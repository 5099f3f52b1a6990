# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that turn the shared base image into a node, as a tar on a disk."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from lab.spec import LabSpec
from lab.uml import mac_address

REPOSITORY_PORT = 80


def node_files(name: str, spec: LabSpec, node: str) -> dict[str, str]:
    """Path and content of every file the node gets besides its keys."""
    index = [item.name for item in spec.nodes].index(node)
    files = {
        "etc/hostname": f"{node}\n",
        "etc/hosts": hosts(spec),
        "etc/apt/sources.list": (
            f"deb [trusted=yes] http://{spec.main.gateway}:{REPOSITORY_PORT}/"
            f" {f'{spec.suite}/' if spec.following else './'}\n"
        ),
    }
    for number, link in enumerate(spec.lans):
        address = spec.nodes[index].addresses.get(link.name)
        if address is None:
            continue
        stem = f"etc/systemd/network/10-{link.interface}"
        mac = mac_address(name, index, number)
        files[f"{stem}.link"] = f"[Match]\nMACAddress={mac}\n\n[Link]\nName={link.interface}\n"
        gateway = f"Gateway={link.gateway}\n" if link is spec.main else ""
        # An interface without carrier keeps its address, as with a pulled cable.
        files[f"{stem}.network"] = (
            f"[Match]\nName={link.interface}\n\n"
            f"[Network]\nAddress={address}/{link.network.prefixlen}\n{gateway}"
            "LinkLocalAddressing=ipv6\nIPv6AcceptRA=no\nConfigureWithoutCarrier=yes\n"
            "IgnoreCarrierLoss=yes\nKeepConfiguration=static\n"
        )
    return files


def hosts(spec: LabSpec) -> str:
    """``/etc/hosts``: every node by its address on the main LAN."""
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    lines += [f"{node.addresses[spec.main.name]} {node.name}" for node in spec.nodes]
    lines.append(f"{spec.main.gateway} gateway")
    return "\n".join(lines) + "\n"


def write_seed(target: Path, files: dict[str, str], keys: Path) -> None:
    """Write the seed: the node's files, its ssh host keys and the key that may log in."""
    with tarfile.open(target, "w") as archive:
        for path, text in sorted(files.items()):
            _add(archive, path, text.encode(), 0o644)
        for key in sorted(keys.glob("ssh_host_*_key*")):
            mode = 0o644 if key.suffix == ".pub" else 0o600
            _add(archive, f"etc/ssh/{key.name}", key.read_bytes(), mode)
        login = (keys / "id_ed25519.pub").read_bytes()
        _add(archive, "root/.ssh/authorized_keys", login, 0o600)
    target.chmod(0o600)


def _add(archive: tarfile.TarFile, path: str, content: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(path)
    entry.size = len(content)
    entry.mode = mode
    archive.addfile(entry, io.BytesIO(content))
