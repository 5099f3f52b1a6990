# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared disks: what the inventory says, what the daemon reads of it, and the lock area itself."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from failoverd.config import parse
from failoverd.core.lock import Record
from failoverd.fencing.sfex.format import Area, decode_area, decode_record, encode

from .conftest import put
from .modules import run

SHARED = {"type": "shared", "disk": "/dev/vdb", "mount": "/srv/shop"}
CHANGES = [
    ("failover_services.0.storage", SHARED),
    ("failover_sfex", {"disk": "/dev/vdc"}),
    ("failover_watchdog", {"device": "/dev/watchdog0", "timeout_s": 6}),
    ("failover_fencing.1", {"method": "sfex"}),
    ("failover_fencing.2", {"method": "watchdog"}),
    ("failover_ping_targets", ["192.168.1.254"]),
]


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[str]:
    """An empty block device."""
    image = tmp_path / "disk"
    with image.open("wb") as handle:
        handle.truncate(16 << 20)
    made = subprocess.run(
        ["losetup", "-f", "--show", str(image)], check=True, capture_output=True, text=True
    )
    device = made.stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "-d", device], check=False)


def rendered(build, found, node="node1"):
    """The daemon's configuration as the collection writes it."""
    from ansible_collections.failover.cluster.plugins.plugin_utils._engines.agent import config

    model = build(*CHANGES, found=found)
    texts = {**config.files(model, node), "key": "ab" * 32}
    return model, parse(texts)


def test_the_daemon_reads_what_the_inventory_says(build, found):
    model, config = rendered(build, found)
    core = config.core()
    assert [kind.value for kind in core.kinds] == ["stonith", "sfex", "lease"]
    assert core.lease.takeover_s == 10 + 6 + 2
    assert core.services[0].locked and not core.services[0].replicated
    resources = {r.name: r for r in config.services[0].resources}
    assert list(resources)[:2] == ["sfex", "mount"]
    assert resources["mount"].after == ("sfex",)
    assert resources["address-192.168.1.10"].after == ("sfex",)
    # lease 5 + watchdog 6 + margin 2: the default follows the watchdog.
    assert resources["sfex"].options.times.timeout_s == 13
    assert model["services"][0]["storage"]["mmp"] is True


def test_inventory_and_daemon_tell_the_same_time_of_a_takeover(build, found):
    from ansible_collections.failover.cluster.plugins.plugin_utils._engines.agent import takeover

    model, config = rendered(build, found)
    told = takeover.costs(model)
    assert {name: tuple(both) for name, both in told.items()} == config.takeover_costs()
    # dead 3 + three head starts of 6 + agent 30, then timeout 13 + collision 1.5; the lease 10 + 6 + 2.
    assert told == {"ipmilan": [0.8, 51.0], "sfex": [65.5, 65.5], "lease": [18.0, 18.0]}
    assert "multi-mount protection adds about 22 s" in takeover.sentences(model)[-1]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            [("failover_sfex.timeout_s", 12)],
            "failover_sfex.timeout_s: 12 is less than lease_s 5 + watchdog 6 + margin 2 = 13; a lock"
            " must not be taken while its owner may still write.",
        ),
        (
            [("failover_watchdog", ...), ("failover_fencing.2", ...)],
            "failover_watchdog: without a watchdog a frozen owner goes on writing when it wakes up,"
            " after its lock was taken; give what is missing, or accept the risk with"
            " failover_unsafe: [sfex_without_watchdog].",
        ),
        (
            [("failover_watchdog.module", "softdog")],
            "failover_watchdog.module: the watchdog is software: it does not fire in a machine that"
            " is frozen; give what is missing, or accept the risk with failover_unsafe:"
            " [software_watchdog].",
        ),
        (
            [("failover_ping_targets", ...)],
            "failover_fencing[2]: watchdog needs failover_ping_targets; without one that it reaches,"
            " no node may take over.",
        ),
        (
            [("failover_watchdog.timeout_s", 3)],
            "failover_watchdog.timeout_s: 3 is not longer than dead_s (3); a pause that the peer"
            " tolerates must not reset the node.",
        ),
        (
            [("failover_fencing.2.lease_s", 6)],
            "failover_fencing[2].lease_s: 6 is too short; its first half (3) must be longer than"
            " dead_s (3), or a service stops before its peer even counts as silent.",
        ),
        (
            [("failover_sfex.disk", "/dev/vdb")],
            "failover_sfex.disk: /dev/vdb is the disk of service shop on node1.",
        ),
        (
            [("failover_sfex", ...), ("failover_services.0.storage.lock", 2)],
            "failover_services[0].storage.lock: means nothing without failover_sfex.",
        ),
        (
            [("failover_sfex", ...)],
            "failover_fencing[1]: sfex says nothing about service shop, which has no lock; its"
            " storage must be of type shared, with failover_sfex.",
        ),
    ],
)
def test_what_cannot_protect_is_refused_with_its_numbers(build, changes, sentence):
    with pytest.raises(ValueError) as caught:
        build(*json.loads(json.dumps(CHANGES)), *changes)
    assert str(caught.value) == sentence


@pytest.fixture
def judged(build, found):
    """Judges two nodes that have a watchdog and see both disks, with one answer changed."""
    from ansible_collections.failover.cluster.plugins.plugin_utils import _findings

    for node in found.values():
        node["watchdog"] = {"exists": True, "loadable": False, "identity": "iTCO_wdt"}
        node["lock_disk"] = {"exists": True, "block": True, "size": 8 << 20, "used": ""}

    def judge(path="", value=None, *changes):
        model = build(*json.loads(json.dumps(CHANGES)), *changes, found=found)
        model["addresses"] = {"node1": "10.0.0.1", "node2": "10.0.0.2"}
        if path:
            put(found, path, value)
        limits = {"clock_s": 5, "free_mib": 10, "watchdog": False}
        return _findings.judge(model, found, limits, repair=False)

    return judge


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        (
            "node2.disks.shop.size",
            1 << 20,
            "services[0].storage.disk: is not the same disk on both",
        ),
        ("node2.lock_disk.size", 1 << 20, "it has 8388608 bytes on node1 and 1048576 on node2."),
        ("node2.lock_disk.exists", False, "failover_sfex.disk: /dev/vdc does not exist on node2."),
        ("node1.lock_disk.block", False, "/dev/vdc on node1 is not a block device."),
        ("node1.lock_disk.used", "mounted", "/dev/vdc on node1 is in use (mounted)."),
        (
            "node2.watchdog.exists",
            False,
            "node2: there is no watchdog /dev/watchdog0; without it this node may not own services"
            " (failover_watchdog).",
        ),
        (
            "node1.watchdog.identity",
            "Software Watchdog",
            "node1: /dev/watchdog0 is a software watchdog, which dies with a frozen kernel;",
        ),
    ],
)
def test_what_a_protection_stands_on_has_to_be_on_both_nodes(judged, path, value, sentence):
    with pytest.raises(ValueError) as caught:
        judged(path, value)
    assert sentence in str(caught.value)


def test_f29_a_driver_that_will_be_loaded_is_a_watchdog_and_one_that_is_not_there_is_none(judged):
    driver = ("failover_watchdog.module", "iTCO_wdt")
    absent = {"exists": False, "loadable": True, "identity": ""}
    assert judged("node2.watchdog", absent, driver) == []
    with pytest.raises(ValueError, match="and its kernel has no driver iTCO_wdt; without it"):
        judged("node2.watchdog", {**absent, "loadable": False}, driver)


def test_f29_a_software_watchdog_has_to_be_accepted(judged):
    unsafe = ("failover_unsafe", ["software_watchdog"])
    assert judged("node1.watchdog.identity", "Software Watchdog", unsafe) == []


def test_a_watchdog_is_looked_at_without_opening_it(tmp_path):
    from ansible_collections.failover.cluster.plugins.module_utils import _node

    def run(argv):
        return (0 if argv[-1] == "known" else 1), "", ""

    of = tmp_path / "class" / "watchdog" / "watchdog0"
    of.mkdir(parents=True)
    (of / "identity").write_text("iTCO_wdt\n", encoding="ascii")
    there = tmp_path / "watchdog0"
    there.touch()
    said = _node.watchdog(str(there), "", run, str(tmp_path))
    assert said == {"exists": True, "loadable": False, "identity": "iTCO_wdt"}
    (tmp_path / "module" / "loaded").mkdir(parents=True)
    gone = str(tmp_path / "watchdog7")
    assert _node.watchdog(gone, "loaded", run, str(tmp_path))["loadable"]
    assert not _node.watchdog(gone, "other", run, str(tmp_path))["exists"]


def area(device, **more):
    """Run the module for one lock."""
    return run("sfex_area", device=device, cluster="shop", **{"locks": {"shop": 1}, **more})


def test_an_area_is_made_once_and_the_daemon_can_read_it(loop):
    assert area(loop, check=True)["changed"] is True
    assert area(loop)["done"] == ["area", "lock 1: shop"]
    again = area(loop)
    assert (again["changed"], again["owners"]) == (False, {"shop": ""})
    assert area(loop, locks={"shop": 1, "mail": 2})["done"] == ["lock 2: mail"]
    blocks = Path(loop).read_bytes()
    assert decode_area(blocks[:4096], "shop") == Area("shop", 64)
    assert decode_record(blocks[4096:8192], "shop", "shop") == Record("shop", "shop")


def test_a_lock_that_somebody_has_is_left_alone(loop):
    area(loop)
    held = encode(Record("shop", "shop", "node2", 5, 9))
    with Path(loop).open("r+b", buffering=0) as handle:
        os.pwrite(handle.fileno(), held, 4096)
        os.fsync(handle.fileno())
    result = area(loop)
    assert (result["changed"], result["owners"]) == (False, {"shop": "node2"})
    assert Path(loop).read_bytes()[4096:8192] == held


def test_foreign_data_and_other_clusters_are_never_overwritten(loop):
    with Path(loop).open("r+b", buffering=0) as handle:
        os.pwrite(handle.fileno(), b"precious" * 512, 8 << 12)
        os.fsync(handle.fileno())
    before = Path(loop).read_bytes()
    assert "data of an unknown kind" in area(loop)["msg"]
    assert Path(loop).read_bytes() == before


def test_the_area_of_another_cluster_and_a_renumbered_lock_are_refused(loop):
    area(loop)
    other = run("sfex_area", device=loop, cluster="mill", locks={"shop": 1})
    assert "area of locks of cluster shop, not mill" in other["msg"]
    assert "lock 1 is that of service shop, not of mail" in area(loop, locks={"mail": 1})["msg"]
    assert "is missing there" in area(loop, locks={"shop": 1, "mail": 2}, create=False)["msg"]


AGENTS = b"SFEX" + b"1\0\0\0" + b"3\0\0\0" + b"512\0\0\0\0\0" + b"64\0\0"
"""The head of an area that sfex_init 1.3 of Debian 12 made on a block device."""


@pytest.fixture
def agents(tmp_path, monkeypatch):
    """Stands for sfex_init, which the test's machine may not have."""
    (tmp_path / "head").write_bytes(AGENTS)
    tool = tmp_path / "sfex_init"
    tool.write_text(
        f'#!/bin/sh\ntest "$1 $2" = "-n 64" && dd if={tmp_path}/head of="$3" conv=notrunc,fsync\n'
    )
    tool.chmod(0o755)
    from ansible_collections.failover.cluster.plugins.module_utils import _sfex

    monkeypatch.setattr(_sfex, "INIT", str(tool))


def test_an_area_of_the_agent_sfex_is_made_once(loop, agents):
    assert "missing there" in area(loop, form="sfex", create=False)["msg"]
    assert area(loop, form="sfex", check=True)["done"] == ["area"]
    assert not any(Path(loop).read_bytes()[:4096])
    assert area(loop, form="sfex")["changed"]
    assert Path(loop).read_bytes()[: len(AGENTS)] == AGENTS
    assert not area(loop, form="sfex", create=False)["changed"]
    assert "has room for 64 locks" in area(loop, form="sfex", locks={"shop": 65})["msg"]
    assert "has the area of the agent sfex" in area(loop)["msg"]


def test_the_agent_overwrites_neither_data_nor_the_locks_of_failoverd(loop, agents):
    area(loop)
    before = Path(loop).read_bytes()
    said = area(loop, form="sfex")["msg"]
    assert "is the area of locks of cluster shop, in another form;" in said
    assert Path(loop).read_bytes() == before
    with Path(loop).open("r+b", buffering=0) as handle:
        os.pwrite(handle.fileno(), b"precious" * 512, 0)
        os.fsync(handle.fileno())
    assert "data of an unknown kind" in area(loop, form="sfex")["msg"]


def test_a_shared_disk_is_formatted_once_with_protection(loop, tmp_path):
    options = {"service": "shop", "device": loop, "path": str(tmp_path / "mount"), "mmp": True}
    try:
        assert run("shared_filesystem", check=True, state="opened", **options)["formatted"]
        assert run("shared_filesystem", state="opened", **options)["formatted"]
        shown = subprocess.run(
            ["dumpe2fs", "-h", loop], check=True, capture_output=True, text=True
        ).stdout
        assert "mmp" in shown
        assert re.search(r"MMP update interval: +1$", shown, re.MULTILINE), shown
        # What root's processes fill would be missing in the daemon's reserve.
        assert re.search(r"^Reserved block count: +0$", shown, re.MULTILINE), shown
        (tmp_path / "mount" / "kept").touch()
        assert not run("shared_filesystem", state="closed", **options)["formatted"]
        assert not run("shared_filesystem", state="opened", **options)["formatted"]
        assert (tmp_path / "mount" / "kept").exists()
    finally:
        run("shared_filesystem", state="closed", **options)


def test_a_shared_disk_with_something_else_is_never_formatted(loop, tmp_path):
    subprocess.run(["mkfs.ext4", "-q", loop], check=True)
    options = {
        "service": "shop",
        "device": loop,
        "path": str(tmp_path / "mount"),
        "filesystem": "xfs",
    }
    said = run("shared_filesystem", state="opened", **options)
    assert "holds ext4; it is never overwritten" in said["msg"]
