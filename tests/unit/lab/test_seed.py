# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a node out of the shared image."""

from __future__ import annotations

import tarfile
from pathlib import Path

from lab.seed import node_files, write_seed
from lab.spec import LabSpec
from lab.uml import mac_address


def test_a_node_knows_its_name_its_addresses_and_the_others() -> None:
    files = node_files("one", LabSpec(), "node2")
    assert files["etc/hostname"] == "node2\n"
    assert "192.168.1.11 node1" in files["etc/hosts"]
    assert "Address=192.168.2.12/24" in files["etc/systemd/network/10-eth1.network"]
    assert mac_address("one", 1, 1) in files["etc/systemd/network/10-eth1.link"]


def test_only_the_main_lan_has_a_way_out() -> None:
    files = node_files("one", LabSpec(), "node1")
    assert "Gateway=192.168.1.254" in files["etc/systemd/network/10-eth0.network"]
    assert "Gateway" not in files["etc/systemd/network/10-eth1.network"]


def test_packages_come_from_the_gateway_only() -> None:
    sources = node_files("one", LabSpec(), "node1")["etc/apt/sources.list"].splitlines()
    assert sources == ["deb [trusted=yes] http://192.168.1.254:80/ ./"]


def test_the_login_key_is_let_in_and_its_private_half_stays_out(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    for name in ("id_ed25519", "id_ed25519.pub", "ssh_host_ed25519_key"):
        (keys / name).write_text(f"{name} content\n", encoding="ascii")
    write_seed(tmp_path / "seed.tar", {"etc/hostname": "node1\n"}, keys)
    with tarfile.open(tmp_path / "seed.tar") as archive:
        names = archive.getnames()
        login = archive.extractfile("root/.ssh/authorized_keys")
        assert login and login.read() == b"id_ed25519.pub content\n"
        assert archive.getmember("etc/ssh/ssh_host_ed25519_key").mode == 0o600
    assert not any(name.endswith("id_ed25519") for name in names)
    assert (tmp_path / "seed.tar").stat().st_mode & 0o077 == 0
