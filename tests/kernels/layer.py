# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer above a disk of a node (device mapper), which passes everything on until it shall not."""

from __future__ import annotations

from lab import Lab

INSTALL = "apt-get -qq update && apt-get -qqy install dmsetup"


def table(device: str, target: str) -> str:
    """The table that maps the whole of ``device``; a word of the shell."""
    return f'"0 $(blockdev --getsz {device}) {target}"'


def create(name: str, device: str) -> str:
    """The command that makes /dev/mapper/NAME above a device."""
    return f"dmsetup create {name} --table {table(device, f'linear {device} 0')}"


def fail(lab: Lab, node: str, name: str, device: str, how: str) -> None:
    """From now on everything that is asked of the layer ``errors`` or ``hangs``.

    Does not wait for an answer: the node may have to reset itself.
    """
    command = f"dmsetup suspend --nolockfs --noflush {name}"
    if how == "errors":
        command += (
            f" && dmsetup load {name} --table {table(device, 'error')} && dmsetup resume {name}"
        )
    lab.ssh(node, f"({command}) >/dev/null 2>&1 </dev/null &")


def mend(lab: Lab, node: str, name: str, device: str) -> None:
    """Everything passes again, also what was held up."""
    linear = table(device, f"linear {device} 0")
    lab.ssh(node, f"dmsetup load {name} --table {linear} && dmsetup resume {name}")


def unit(commands: str) -> str:
    """A unit that runs the commands at each boot before the cluster begins."""
    return f"""[Unit]
Description=A layer above a disk that can be made to fail
Before=failoverd.service pacemaker.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'modprobe dm-mod && {commands.replace("$", "$$")}'
[Install]
WantedBy=multi-user.target
"""


def install(lab: Lab, node: str, name: str, commands: str, enable: str) -> None:
    """Put the unit there; ``enable`` is what systemctl is to do with it."""
    path = f"/etc/systemd/system/{name}.service"
    lab.ssh(
        node,
        f"{INSTALL} && cat >{path} && systemctl {enable} {name}",
        input=unit(commands),
        timeout=180,
    )
