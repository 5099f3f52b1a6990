# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the host reaches the nodes: keys, ssh configuration, inventory, the BMC's password."""

from __future__ import annotations

import secrets

import yaml

from lab.command import run
from lab.netns import handle, namespace_name
from lab.paths import LabPaths
from lab.spec import LabSpec

_LONGEST_SOCKET = 107 - 18  # sun_path, less what ssh appends while it creates the socket
_ANSIBLE_SOCKET = 12  # length of the name that Ansible adds, with its slash


def make_keys(paths: LabPaths) -> None:
    """Keys of this lab, made once: the nodes' host key, the login key, the BMC password."""
    paths.keys.mkdir(parents=True, exist_ok=True)
    paths.keys.chmod(0o700)
    for name in ("ssh_host_ed25519_key", "id_ed25519"):
        if not (paths.keys / name).exists():
            target = str(paths.keys / name)
            run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", target])
    public = (paths.keys / "ssh_host_ed25519_key.pub").read_text(encoding="ascii").split()
    known = paths.keys / "known_hosts"
    known.write_text(f"* {public[0]} {public[1]}\n", encoding="ascii")
    if not paths.bmc_password.exists():
        paths.bmc_password.touch(mode=0o600)
        # IPMI 2.0 allows 20 bytes, some controllers only 16.
        paths.bmc_password.write_text(secrets.token_hex(8) + "\n", encoding="ascii")


def write_ssh_config(paths: LabPaths, name: str, spec: LabSpec) -> None:
    """A client configuration that enters the lab's namespace for every connection."""
    paths.ssh_sockets.mkdir(exist_ok=True)
    paths.ssh_sockets.chmod(0o700)
    lines = []
    for node in spec.nodes:
        lines += [
            f"Host {node.name} {node.addresses[spec.main.name]}",
            f"  HostName {node.addresses[spec.main.name]}",
            f"  ControlPath {_control_path(paths, node.name)}",
        ]
    lines += [
        "Host *",
        "  User root",
        f"  IdentityFile {paths.keys / 'id_ed25519'}",
        "  IdentitiesOnly yes",
        f"  UserKnownHostsFile {paths.keys / 'known_hosts'}",
        "  GlobalKnownHostsFile /dev/null",
        "  StrictHostKeyChecking yes",
        "  BatchMode yes",
        "  LogLevel ERROR",
        "  ConnectTimeout 15",
        "  ServerAliveInterval 5",
        "  ServerAliveCountMax 4",
        "  ControlMaster auto",
        "  ControlPersist 60",
        f"  ProxyCommand nsenter --net={handle(namespace_name(name))} nc %h %p",
    ]
    paths.ssh_config.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _control_path(paths: LabPaths, node: str) -> str:
    path = str(paths.ssh_sockets / node)
    return path if len(path) <= _LONGEST_SOCKET else "none"


def write_inventory(paths: LabPaths, spec: LabSpec) -> None:
    """An Ansible inventory with hosts and connection variables only (group lab_nodes)."""
    hosts = {node.name: {"ansible_host": node.addresses[spec.main.name]} for node in spec.nodes}
    variables = {
        "ansible_user": "root",
        "ansible_ssh_common_args": f"-F {paths.ssh_config}",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    # Ansible names its shared connections by address alone, which is the same in every lab.
    if len(str(paths.ssh_sockets)) + _ANSIBLE_SOCKET <= _LONGEST_SOCKET:
        variables["ansible_control_path_dir"] = str(paths.ssh_sockets)
    else:
        variables["ansible_ssh_args"] = "-o ControlMaster=no -o ControlPath=none"
    data = {"lab_nodes": {"hosts": hosts, "vars": variables}}
    paths.inventory.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
