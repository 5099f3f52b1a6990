# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the host reaches the nodes."""

from __future__ import annotations

from pathlib import Path

import yaml

from lab.access import write_inventory, write_ssh_config
from lab.paths import LabPaths
from lab.spec import LabSpec


def test_the_inventory_holds_hosts_and_connection_only(tmp_path: Path) -> None:
    paths = LabPaths(tmp_path)
    write_inventory(paths, LabSpec())
    group = yaml.safe_load(paths.inventory.read_text(encoding="utf-8"))["lab_nodes"]
    assert group["hosts"]["node1"] == {"ansible_host": "192.168.1.11"}
    assert group["vars"]["ansible_user"] == "root"
    assert group["vars"]["ansible_ssh_common_args"] == f"-F {paths.ssh_config}"
    # Two labs have the same addresses; a shared connection must not lead into the other one.
    separate = group["vars"].get("ansible_control_path_dir") == str(paths.ssh_sockets)
    assert separate or "ControlMaster=no" in group["vars"]["ansible_ssh_args"]
    assert all(name.startswith("ansible_") for name in group["vars"])


def test_ssh_enters_the_lab_s_own_namespace(tmp_path: Path) -> None:
    paths = LabPaths(tmp_path)
    write_ssh_config(paths, "one", LabSpec())
    text = paths.ssh_config.read_text(encoding="utf-8")
    assert "ProxyCommand nsenter --net=/run/netns/failover-one nc %h %p" in text
    assert "StrictHostKeyChecking yes" in text


def test_connections_are_not_shared_where_the_path_is_too_long(tmp_path: Path) -> None:
    paths = LabPaths(tmp_path / ("x" * 100))
    paths.root.mkdir()
    write_ssh_config(paths, "one", LabSpec())
    assert "ControlPath none" in paths.ssh_config.read_text(encoding="utf-8")
