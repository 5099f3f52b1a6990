# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of a node's kernel."""

from __future__ import annotations

from pathlib import Path

from lab.paths import LabPaths
from lab.spec import Disk, LabSpec
from lab.uml import command_line, mac_address, memory_dir

BASE = Path("/images/base.img")
PATHS = LabPaths(Path("/labs/one"))


def words(node: str, spec: LabSpec | None = None) -> list[str]:
    return command_line("one", spec or LabSpec(), node, BASE, PATHS)


def test_nodes_share_the_base_and_nothing_else() -> None:
    own = [[word for word in words(node) if "/labs/one/" in word] for node in ("node1", "node2")]
    assert not set(own[0]) & set(own[1])
    assert f"ubd0=/labs/one/nodes/node2/root.cow,{BASE}" in words("node2")


def test_the_kernel_exits_on_reboot_so_that_its_taps_are_free() -> None:
    assert "noreboot" in words("node1")


def test_a_shared_disk_is_one_file_opened_without_lock() -> None:
    spec = LabSpec(disks=(Disk(), Disk(size_mib=8, shared=True)))
    first, second = words("node1", spec), words("node2", spec)
    assert "ubd2c=/labs/one/nodes/disk1.img" in first
    assert "ubd2c=/labs/one/nodes/disk1.img" in second
    assert "ubd1=/labs/one/nodes/node1/disk0.img" in first


def test_each_node_holds_its_own_end_of_the_serial_line() -> None:
    assert "ssl0=tty:/labs/one/run/serial0-0" in words("node1")
    assert "ssl0=tty:/labs/one/run/serial0-1" in words("node2")


def test_interfaces_carry_fixed_addresses_that_differ() -> None:
    every = {mac_address(lab, node, lan) for lab in "ab" for node in (0, 1) for lan in (0, 1)}
    assert len(every) == 8
    assert f"mac={mac_address('one', 0, 1)}" in ",".join(words("node1")).split(",")
    # Unicast and locally administered.
    assert all(int(mac[:2], 16) & 3 == 2 for mac in every)


def test_kernels_of_two_labs_do_not_claim_one_name() -> None:
    other = command_line("two", LabSpec(), "node1", BASE, LabPaths(Path("/labs/two")))
    umid = [word for word in words("node1") if word.startswith("umid=")]
    assert umid and umid[0] not in other


def test_memory_lies_elsewhere_when_there_is_no_room_in_ram(tmp_path: Path) -> None:
    assert memory_dir(1 << 30, tmp_path) == Path("/tmp")
    assert memory_dir(1, tmp_path) == tmp_path
    assert memory_dir(1, tmp_path / "missing") == Path("/tmp")
