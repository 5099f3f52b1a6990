# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node stands on, read from trees that look like those of the kernel."""

from __future__ import annotations

import json

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _topology


def interface(root, name, device="", lower=(), bonding=False):
    place = root / "net" / name
    place.mkdir(parents=True)
    if device:
        target = root / "devices" / device
        target.mkdir(parents=True, exist_ok=True)
        (place / "device").symlink_to(target)
    for one in lower:
        (place / f"lower_{one}").symlink_to(root / "net" / one)
    if bonding:
        (place / "bonding").mkdir()


def test_a_vlan_on_a_bond_stands_on_the_ports_of_the_bond(tmp_path):
    interface(tmp_path, "eth0", "pci0000:00/0000:00:1c.0/0000:02:00.0")
    interface(tmp_path, "eth1", "pci0000:00/0000:00:1c.0/0000:02:00.1")
    interface(tmp_path, "bond0", lower=["eth0", "eth1"], bonding=True)
    interface(tmp_path, "bond0.7", lower=["bond0"])
    interface(tmp_path, "veth0")
    told = _topology.interfaces(str(tmp_path / "net"))
    assert told["bond0.7"] == {"ports": ["eth0", "eth1"], "cards": ["0000:02:00"], "bond": "bond0"}
    assert told["eth1"] == {"ports": ["eth1"], "cards": ["0000:02:00"], "bond": ""}
    assert told["veth0"] == {"ports": ["veth0"], "cards": [], "bond": ""}


def block(root, name, device, slaves=(), partition=False, uuid=""):
    place = root / "devices" / device / name
    place.mkdir(parents=True)
    if partition:
        (place / "partition").write_text("1")
    if uuid:
        (place / "dm").mkdir()
        (place / "dm/uuid").write_text(uuid)
    for slave in slaves:
        (place / "slaves").mkdir(exist_ok=True)
        (place / "slaves" / slave.name).symlink_to(slave)
    return place


def test_a_volume_stands_on_the_disks_and_controllers_below_it(tmp_path):
    sda = block(tmp_path, "sda", "pci0000:00/0000:00:1f.2/ata1/block")
    part = block(tmp_path, "sda2", "pci0000:00/0000:00:1f.2/ata1/block/sda", partition=True)
    nvme = block(tmp_path, "nvme0n1", "pci0000:00/0000:00:1d.0/0000:04:00.0/nvme/nvme0")
    volume = block(tmp_path, "dm-0", "virtual/block", [part, nvme], uuid="LVM-x")
    assert _topology._stack(str(volume)) == {
        "physical": ["nvme0n1", "sda"],
        "controllers": ["0000:00:1f.2", "0000:04:00.0"],
        "paths": 1,
    }
    multipath = block(tmp_path, "dm-1", "virtual/block", [sda, nvme], uuid="mpath-x")
    assert _topology._stack(str(multipath))["paths"] == 2
    assert _topology._stack(str(tmp_path / "none"))["paths"] == 0


def test_the_disk_of_the_root_directory_is_asked_by_its_number():
    assert set(_topology.disk("/")) == {"physical", "controllers", "paths"}
    assert _topology.disk("/dev/none-of-these")["paths"] == 0


def test_the_switch_of_each_port_is_told_by_lldp():
    chassis = [{"id": [{"type": "mac", "value": "aa:bb:cc:dd:ee:ff"}]}]
    text = json.dumps({"lldp": [{"interface": [{"name": "eth0", "chassis": chassis}]}]})
    assert _topology._neighbours(text) == {"eth0": "aa:bb:cc:dd:ee:ff"}
    assert _topology._neighbours("{}") == {} == _topology._neighbours("not json")


def test_gateways_of_both_families_and_of_several_hops():
    answers = {
        "-4": [{"dst": "default", "gateway": "10.0.0.1"}],
        "-6": [{"dst": "default", "nexthops": [{"gateway": "fe80::1"}, {"gateway": "fe80::2"}]}],
    }

    def run(argv):
        return 0, json.dumps(answers[argv[2]]), ""

    assert _topology.gateways(run) == ["10.0.0.1", "fe80::1", "fe80::2"]
    assert _topology.gateways(lambda argv: (1, "", "no ip")) == []
    assert _topology.gateways(lambda argv: (0, "broken", "")) == []


def test_name_servers_behind_a_local_resolver(tmp_path):
    file, behind = tmp_path / "resolv.conf", tmp_path / "behind"
    file.write_text("# nameserver 9.9.9.9\nnameserver 127.0.0.53\n")
    behind.write_text("nameserver 10.0.0.2\nnameserver 10.0.0.3\n")
    assert _topology.resolvers(str(file), str(behind)) == ["10.0.0.2", "10.0.0.3"]
    file.write_text("nameserver 10.0.0.9\n")
    assert _topology.resolvers(str(file), str(behind)) == ["10.0.0.9"]


def test_time_servers_of_each_program(tmp_path):
    root = str(tmp_path)
    assert _topology.time_servers(root) == {"servers": [], "pools": []}
    daemon = tmp_path / "usr/lib/systemd/systemd-timesyncd"
    daemon.parent.mkdir(parents=True)
    daemon.touch()
    assert _topology.time_servers(root)["pools"] == ["the pool of the distribution"]
    (tmp_path / "etc/systemd").mkdir(parents=True)
    (tmp_path / "etc/systemd/timesyncd.conf").write_text("[Time]\n#NTP=a\nNTP=10.0.0.1 10.0.0.2\n")
    assert _topology.time_servers(root) == {"servers": ["10.0.0.1", "10.0.0.2"], "pools": []}
    (tmp_path / "etc/chrony/sources.d").mkdir(parents=True)
    (tmp_path / "etc/chrony/chrony.conf").write_text("# server x\nserver 10.0.0.5 iburst\n")
    (tmp_path / "etc/chrony/sources.d/a.sources").write_text("pool ntp.example iburst\n")
    assert _topology.time_servers(root) == {"servers": ["10.0.0.5"], "pools": ["ntp.example"]}


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("host = db.example\npassword = geheim.example\n", ["db.example"]),
        ("DB_HOST=dbserver\n", ["dbserver"]),
        ('url = "postgres://me:secret.word@10.1.1.1:5432/x"\n', ["10.1.1.1"]),
        ("ProxyPass / http://[fd00::7]:8080/\n", ["fd00::7"]),
        ("# host = old.example\n; host = older.example\n", []),
        ("host = /run/postgresql\nserver = true\nserver: nginx\n", []),
        ('<x xmlns="http://www.w3.org/2001/x"/>\n', []),
        ('"server": "mail.example:25",\n', ["mail.example"]),
        ("upstream: cache:11211\n", ["cache"]),
    ],
)
def test_hosts_of_a_configuration_are_told_and_nothing_else(tmp_path, text, hosts):
    file = tmp_path / "app.conf"
    file.write_text(text)
    assert _topology.hosts_in([str(file)]).get(str(file), []) == hosts
    assert _topology.hosts_in([str(tmp_path / "none")]) == {}


def test_the_files_of_a_unit_are_those_that_its_start_names():
    said = (
        "ExecStart={ path=/usr/bin/app ; argv[]=/usr/bin/app -c /etc/app/main.conf -p x ; }\n"
        "EnvironmentFiles=/etc/default/app (ignore_errors=yes)\n"
    )
    files = _topology.files_of(["app.service"], lambda argv: (0, said, ""))
    assert files == ["/etc/app/main.conf", "/etc/default/app"]


def test_file_systems_of_other_hosts(tmp_path):
    table = tmp_path / "mounts"
    table.write_text(
        "/dev/sda1 / ext4 rw 0 0\nnas.example:/vol/x /srv/x nfs4 rw 0 0\n"
        "//files.example/share /srv/y cifs rw 0 0\n"
    )
    assert _topology.remote_mounts(str(table)) == {
        "/srv/x": "nas.example",
        "/srv/y": "files.example",
    }


def test_this_machine_can_be_read():
    told = _topology.read(lambda argv: (1, "", ""), ["/dev/none"], [], [])
    assert "lo" in told["interfaces"]
    json.dumps(told)
