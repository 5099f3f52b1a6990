# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts are not bare: what lives on them is seen, and what is not ours is left alone."""

from __future__ import annotations

import os
import pty
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import (
    _engines,
    _lines,
    _packages,
    _units,
)
from ansible_collections.failover.cluster.plugins.modules import fence_check
from ansible_collections.failover.cluster.plugins.plugin_utils import (
    _findings,
    _hosts,
    _nodes,
    _problems,
)
from ansible_collections.failover.cluster.plugins.plugin_utils import _packages as wanted
from ansible_collections.failover.cluster.plugins.plugin_utils._inventory import reading, storage

from tests.unit.bounded import within
from tests.unit.collection.conftest import put
from tests.unit.collection.modules import run
from tests.unit.failoverd.mute_mount import mute_mount

ENABLED = {"enabled": True, "boot": "systemctl disable worker.service"}

CASES = [
    (
        "H10",
        "units.worker.service.exists",
        False,
        "node2: there is no unit worker.service; install on every node what the cluster shall start there.",
    ),
    (
        "H10",
        "units.worker.service.masked",
        True,
        "node2: worker.service is masked there, so it could never start (systemctl unmask worker.service).",
    ),
    (
        "H10",
        "programs",
        {"/etc/init.d/legacy": False},
        "node2: /etc/init.d/legacy is missing or cannot be executed there; a cluster needs the same"
        " agents and scripts on every node.",
    ),
    (
        "H3",
        "units.worker.service",
        {
            "enabled": True,
            "mendable": False,
            "boot": "remove the section [Install] from /etc/containers/systemd/worker.container",
        },
        "node2: worker.service is started at boot; only the cluster may start it (remove the section"
        " [Install] from /etc/containers/systemd/worker.container).",
    ),
    (
        "H18",
        "serial",
        {"/dev/ttyS0": {"exists": True, "console": True, "name": "ttyS0", "readers": []}},
        "node2: /dev/ttyS0 is a console of the kernel (console= in its command line), so it cannot carry"
        " heartbeats; take that word off the boot loader's configuration and reboot, with systemctl mask"
        " serial-getty@ttyS0.service, or use another line.",
    ),
    (
        "H18",
        "serial",
        {
            "/dev/ttyS0": {
                "exists": True,
                "console": False,
                "name": "ttyS0",
                "readers": ["/sbin/agetty"],
            }
        },
        "node2: /dev/ttyS0 is open in /sbin/agetty, so it cannot carry heartbeats; end that (a log-in"
        " prompt: systemctl mask --now serial-getty@ttyS0.service), or use another line.",
    ),
    (
        "H21",
        "mount_units",
        {"/srv/shop": "/etc/systemd/system/srv-shop.mount"},
        "node2: /etc/systemd/system/srv-shop.mount mounts /srv/shop; only the cluster may mount it (remove"
        " that unit, then systemctl daemon-reload).",
    ),
    (
        "H23",
        "interface_types",
        {"eth0": 32, "eth1": 1},
        "failover_services[0].addresses[0]: eth0 on node2 is no Ethernet interface (type 32); virtual"
        " addresses are probed and announced by Ethernet ARP only.",
    ),
    (
        "H25",
        "drbd_version",
        "",
        "node2: its kernel 6.1.0-1-amd64 has no module drbd, which failover_services[0].storage needs;"
        " install the kernel of the distribution that has all modules (linux-image-amd64, not a cloud"
        " kernel) and boot it.",
    ),
]


@pytest.fixture
def model(build, found):
    made = build(found=found)
    made["addresses"] = {"node1": "10.0.0.1", "node2": "10.0.0.2"}
    return made


def told(model, found, repair=True):
    return list(_hosts.problems(model, "node2", found["node2"], repair))


def change(found, path, value):
    """Set one answer of node2; a mapping changes what is there."""
    here, keys = found["node2"], path.split(".", 1)
    if keys[0] == "units" and len(keys) > 1:
        unit, _dot, key = keys[1].partition(".service")
        here = here["units"][f"{unit}.service"]
        here.update(value if not key else {key.lstrip("."): value})
    else:
        put(found, f"node2.{path}", value)


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        pytest.param(*case[1:], marks=pytest.mark.finding(case[0]), id=case[3][:40])
        for case in CASES
    ],
)
def test_what_a_cluster_cannot_live_with_is_one_sentence_with_the_cure(
    model, found, path, value, sentence
):
    assert told(model, found) == []
    change(found, path, value)
    assert told(model, found) == [sentence]
    with pytest.raises(_problems.Problem) as caught:
        _findings.judge(model, found, {"clock_s": 5, "free_mib": 1, "watchdog": False}, True)
    assert str(caught.value) == sentence


@pytest.mark.finding("H3", "H19")
def test_what_a_role_can_disable_is_only_told_where_none_follows(model, found):
    change(found, "units.worker.service", ENABLED)
    change(found, "units.worker.service.triggers", ["worker.socket"])
    assert told(model, found) == []
    assert told(model, found, repair=False) == [
        "node2: worker.service is started at boot; only the cluster may start it (systemctl disable"
        " worker.service).",
        "node2: worker.service is started by worker.socket; only the cluster may start it (systemctl"
        " disable --now worker.socket).",
    ]


@pytest.mark.finding("H1")
def test_a_stock_unit_is_ours_only_if_the_collection_installed_its_package(model, found):
    """An Apache that was there before serves somebody: it is neither stopped nor complained about."""
    found["node2"]["units"]["apache2.service"] = {**ENABLED, "mendable": True}
    assert told(model, found, repair=False) == []
    stock = _nodes.questions(model, "node2")["stock_units"]
    assert stock["apache2.service"] == "apache2"
    assert wanted.ours(stock, []) == []
    found["node2"]["packages"]["ours"] = ["apache2"]
    assert wanted.ours(stock, ["apache2"]) == ["apache2.service"]
    # DRBD's would take down resources that are in use.
    assert _nodes.view(model, "node2", ["node2"])["kept"] == ["drbd.service"]
    assert stock["drbd.service"] == "drbd-utils"
    assert told(model, found, repair=False) == [
        "node2: apache2.service is started at boot; only the cluster may start it (systemctl disable"
        " apache2.service)."
    ]


@pytest.mark.finding("H1")
def test_what_was_there_before_is_remembered_across_a_run_that_was_cut_off(tmp_path):
    record = tmp_path / "packages"
    assert _packages.ours(str(record)) == []
    record.write_text("apache2\ndrbd-utils\n")
    assert _packages.ours(str(record)) == ["apache2", "drbd-utils"]


SHOWN = """Id=legacy.service
LoadState=loaded
ActiveState=inactive
UnitFileState=generated
FragmentPath=/run/systemd/generator.late/legacy.service
SourcePath=/etc/init.d/legacy
TriggeredBy=
WantedBy=graphical.target multi-user.target
User=

Id=web.service
LoadState=loaded
ActiveState=active
UnitFileState=generated
FragmentPath=/run/systemd/generator/web.service
SourcePath=/etc/containers/systemd/web.container
WantedBy=multi-user.target

Id=postgresql@15-main.service
LoadState=loaded
ActiveState=active
UnitFileState=enabled-runtime
WantedBy=postgresql.service
User=

Id=docker.service
LoadState=loaded
ActiveState=inactive
UnitFileState=disabled
TriggeredBy=docker.socket docker.timer
User=mysql

Id=gone.service
LoadState=not-found
ActiveState=inactive
UnitFileState=
"""
TRIGGERS = """Id=docker.socket
ActiveState=active
UnitFileState=disabled

Id=docker.timer
ActiveState=inactive
UnitFileState=disabled
"""


def systemctl(*answers):
    said = iter(answers)

    def run(argv):
        assert argv[:2] == ["systemctl", "show"]
        return (0, next(said), "")

    return run


@pytest.mark.finding("H3", "H10", "H11", "H19")
def test_the_init_system_tells_what_starts_a_unit_and_as_whom():
    names = ["docker", "gone", "legacy", "postgresql@15-main", "web"]
    blocks = dict(
        zip(
            ["legacy", "web", "postgresql@15-main", "docker", "gone"],
            SHOWN.split("\n\n"),
            strict=True,
        )
    )
    text = "\n\n".join(blocks[name] for name in names)
    seen = _units.inspect([f"{name}.service" for name in names], systemctl(text, TRIGGERS))
    assert {name: unit["boot"] for name, unit in seen.items() if unit["boot"]} == {
        "legacy.service": "systemctl disable legacy.service",
        "postgresql@15-main.service": "write manual into /etc/postgresql/15/main/start.conf",
        "web.service": "remove the section [Install] from /etc/containers/systemd/web.container",
    }
    assert [name for name, unit in seen.items() if not unit["mendable"]] == [
        "docker.service",
        "gone.service",
        "postgresql@15-main.service",
        "web.service",
    ]
    assert seen["docker.service"]["triggers"] == ["docker.socket"]
    assert seen["docker.service"]["user"] == "mysql"
    assert not seen["gone.service"]["exists"]


def test_an_init_system_that_leaves_a_unit_out_has_not_answered():
    """Of which unit the rest tells is not known."""
    short = "\n\n".join(SHOWN.split("\n\n")[:1])
    with pytest.raises(RuntimeError, match="told of 1 of 2 units"):
        _units.inspect(["docker.service", "gone.service"], systemctl(short, TRIGGERS))


@pytest.mark.finding("H18")
def test_who_has_a_line_open_is_seen(tmp_path):
    """A real line, and a real process that reads it."""
    # A container that runs beside the tests may have another line with this name.
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / str(os.getpid())).symlink_to("/proc/self")
    master, slave = pty.openpty()
    device = os.ttyname(slave)
    try:
        assert len(_lines.readers(device, proc=str(proc))) == 1, "this very process"
        os.close(slave)
        assert _lines.readers(device, proc=str(proc)) == []
    finally:
        os.close(master)
    (tmp_path / "cmdline").write_text("root=/dev/vda console=tty0 console=ttyS0,115200n8 quiet\n")
    assert _lines.consoles(str(tmp_path / "cmdline")) == ["/dev/tty0", "/dev/ttyS0"]


@pytest.mark.finding("H18")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["/usr/bin/python3", "-ISu", "/usr/lib/failoverd/start.py", "failoverd"], []),
        (["/usr/bin/less", "/etc/failoverd/cluster.json"], ["/usr/bin/less"]),
        (["/sbin/agetty: a title", ""], ["/sbin/agetty:"]),
    ],
)
def test_only_the_daemon_itself_may_have_its_line_open(tmp_path, words, told):
    (tmp_path / "7/fd").mkdir(parents=True)
    (tmp_path / "7/cmdline").write_text("\0".join([*words, ""]))
    (tmp_path / "7/fd/5").symlink_to("/dev/null")
    own = [engine.process for engine in _engines.ENGINES.values()]
    assert _lines.readers("/dev/null", own, str(tmp_path)) == told


def test_a_file_of_another_host_that_is_down_does_not_hold_up_the_search_for_readers(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "proc/7/fd").mkdir(parents=True)
    (tmp_path / "proc/7/fd/3").symlink_to(tmp_path / "far/file")
    proc = str(tmp_path / "proc")
    with mute_mount(tmp_path / "far") as far:
        far.mute.set()
        assert within(_lines.readers, "/dev/null", (), proc) == []


@pytest.mark.finding("H21")
def test_a_mount_is_found_however_it_is_written(tmp_path):
    table = tmp_path / "fstab"
    table.write_text(
        "# /srv/no\n/dev/vdb /srv/shop/ ext4 defaults 0 0\n/dev/vdc /srv//a\\040b ext4 noauto 0 0\n"
    )
    paths = ["/srv/shop", "/srv/a b", "/srv/no"]
    assert _lines.fstab(paths, str(table)) == ["/srv/a b", "/srv/shop"]
    assert _lines.escape("/srv/my-shop/.a b") == "srv-my\\x2dshop-.a\\x20b"
    assert _lines.escape("/.hidden") == "\\x2ehidden"
    (tmp_path / "srv-shop.automount").write_text("")
    (tmp_path / "srv-other.mount").symlink_to("/dev/null")
    found = _lines.mount_units(["/srv/shop", "/srv/other"], [str(tmp_path)])
    assert found == {"/srv/shop": f"{tmp_path}/srv-shop.automount"}


@pytest.mark.finding("H11")
def test_every_account_that_owns_shared_data_has_one_number(model, found):
    """Named ones, and those that units run as."""
    known = {"postgres": {"default": 870}}
    limits = {**known, "mysql": {"uid": 880, "gid": 880}}
    for node, uid in (("node1", 110), ("node2", 111)):
        found[node]["accounts"]["mysql"] = {"uid": uid, "gid": uid}
    with pytest.raises(
        _problems.Problem, match=r"account mysql: has different numbers \(110:110 on"
    ):
        _findings.accounts(model, found, known, False)
    chosen = _findings.accounts(model, found, limits, True)
    assert {"name": "mysql", "uid": 880, "gid": 880} in chosen
    for node in ("node1", "node2"):
        found[node]["accounts"]["mysql"] = None
    with pytest.raises(_problems.Problem, match="account mysql: exists on no node"):
        _findings.accounts(model, found, known, False)


@pytest.mark.finding("H13")
def test_a_name_may_resolve_to_any_address_of_its_node(model, found):
    limits = {"clock_s": 5, "free_mib": 1, "watchdog": False}
    found["node1"]["interfaces"]["mgmt"] = ["172.31.0.1/16"]
    found["node2"]["names"]["node1"] = ["172.31.0.1"]
    assert _findings.judge(model, found, limits, False) == []
    found["node2"]["names"]["node1"] = ["172.31.0.2"]
    with pytest.raises(_problems.Problem, match=r"resolves to 172[.]31[.]0[.]2"):
        _findings.judge(model, found, limits, False)


@pytest.mark.finding("H15")
@pytest.mark.parametrize(
    ("agent", "packages"),
    [
        ("fence_xvm", ["fence-virt"]),
        (
            "fence_apc_snmp",
            ["fence-agents-apc-snmp | fence-agents-common | fence-agents", "snmp"],
        ),
        (
            "fence_virsh",
            ["fence-agents-virsh | fence-agents-common | fence-agents", "openssh-client"],
        ),
        (
            "fence_ilo4",
            ["fence-agents-ipmilan | fence-agents-common | fence-agents", "ipmitool"],
        ),
    ],
)
def test_what_makes_an_agent_work_is_installed(agent, packages):
    assert wanted.for_agent(agent) == packages


@pytest.mark.finding("H17")
def test_a_volume_group_may_have_any_name():
    disk, scope = storage.Disk(), reading.Scope((), _problems.Problems())
    assert disk.read("x", "/dev/drbdpool/shop", scope) == "/dev/drbdpool/shop"
    for device in ("/dev/drbd0", "/dev/drbd/by-res/shop/0", "/dev/drbd_shop"):
        with pytest.raises(_problems.Problem, match="is not a backing device"):
            disk.read("x", device, scope)


@pytest.mark.finding("H8", "H14")
def test_a_device_is_asked_by_its_own_agent_with_all_its_parameters(tmp_path, monkeypatch):
    """A script may tell the password, and an account may need more than one: only the agent knows."""
    agent = tmp_path / "fence_ipmilan"
    agent.write_text('#!/bin/sh\ncat > "$0.said"\ngrep -q privlvl=operator "$0.said"\n')
    agent.chmod(0o755)
    monkeypatch.setattr(fence_check, "AGENTS", str(tmp_path))
    device: dict[str, Any] = {
        "where": "failover_fencing[0]",
        "agent": "fence_ipmilan",
        "node": "node2",
        "timeout_s": 10,
        "parameters": {
            "ip": "127.0.0.1",
            "lanplus": "1",
            "password_script": "/root/password",
            "privlvl": "operator",
        },
    }
    assert run("fence_check", devices=[device])["problems"] == []
    assert "password_script=/root/password" in (tmp_path / "fence_ipmilan.said").read_text()
    device["parameters"].pop("privlvl")
    assert len(run("fence_check", devices=[device])["problems"]) == 1
    agent.unlink()
    # Nothing knows the password yet: nothing can be said before the agent is installed.
    assert run("fence_check", devices=[device]) == {
        "changed": False,
        "problems": [],
        "unchecked": ["node2"],
        "invocation": {"module_args": {"devices": [device]}},
    }
