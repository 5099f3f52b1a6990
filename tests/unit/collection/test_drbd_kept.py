# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system stays on its disk when DRBD comes below it. Needs root."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _disk, _drbd_size
from ansible_collections.failover.cluster.plugins.modules import drbd_filesystem
from ansible_collections.failover.cluster.plugins.plugin_utils import _findings, _problems

from .conftest import NODES, put, resource_file
from .room import run
from .test_drbd_adopted import begin, loops, rendered

__all__ = ["loops", "rendered"]  # fixtures

MIB = 1 << 20
LIMITS = {"clock_s": 5.0, "free_mib": 1, "watchdog": False}
KEEP = ("failover_services.0.storage.keep", True)


def shell(*argv: str) -> str:
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    return done.stdout + done.stderr


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """An empty directory in the place of /etc/drbd.d."""
    path = tmp_path / "drbd.d"
    path.mkdir()
    (path / "global_common.conf").touch()
    return path


def filled(disk: str, mib: int) -> None:
    """An ext4 of that size with a file on it."""
    shell("mkfs.ext4", "-q", "-O", "^has_journal", disk, f"{mib}M")
    shell("debugfs", "-w", "-R", f"write {__file__} ours", disk)


def whole(disk: str) -> bool:
    shell("e2fsck", "-f", "-n", disk)
    return shell("debugfs", "-R", "cat ours", disk).startswith(Path(__file__).read_text()[:2000])


def test_the_arithmetic_is_that_of_drbds_guide() -> None:
    assert _drbd_size.needed(1 << 40) == 65608 * 512  # 1 TiB: a little more than 32 MiB
    assert _drbd_size.needed(64 * MIB) == 80 * 512
    assert _drbd_size.usable(64 * MIB, "internal") == 64 * MIB - 88 * 512
    assert _drbd_size.usable(64 * MIB, "/dev/vdc") == 64 * MIB
    assert _drbd_size.place("/dev/vdc[1]", 64 * MIB) == 256 * MIB
    assert _drbd_size.place("/dev/vdc", 64 * MIB) == 80 * 512


def test_the_size_of_a_file_system_is_read_from_it(loops) -> None:
    disk, outside = loops

    def ask(argv):
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    filled(disk, 48)
    assert _disk.inspect(disk, ask)["filesystem"] == 48 * MIB
    assert _disk.inspect(outside, ask)["filesystem"] == 0


@pytest.mark.parametrize("where", ["internal", "OUTSIDE", "OUTSIDE[0]"])
def test_it_is_whole_after_drbd_has_written_its_metadata(etc, rendered, loops, where) -> None:
    disk, outside = loops
    metadata = where.replace("OUTSIDE", outside)
    filled(disk, 48 if where == "internal" else 64)
    (etc / "orders.res").write_text(rendered(disk, metadata))
    asked = {"name": "orders", "disk": disk, "metadata": metadata, "keep": "ext4", "up": False}
    said = run(etc, "drbd_resource", **asked)
    assert said.get("done") == ["metadata"], said
    assert said["fresh"]
    assert whole(disk)
    again = run(etc, "drbd_resource", **asked)
    assert again.get("done") == [], again


@pytest.mark.parametrize("overwrite", [False, True])
def test_one_that_leaves_no_room_is_refused_and_stays(etc, rendered, loops, overwrite) -> None:
    disk, _outside = loops
    filled(disk, 64)
    (etc / "orders.res").write_text(rendered(disk, "internal"))
    asked = {"name": "orders", "disk": disk, "keep": "ext4", "overwrite": overwrite}
    said = run(etc, "drbd_resource", **asked)
    assert "there is room for 67063808" in said["msg"]
    assert whole(disk)


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_another_file_system_is_refused_and_stays(etc, rendered, loops, overwrite) -> None:
    disk, _outside = loops
    shell("mkswap", disk)
    before = begin(disk, MIB)
    (etc / "orders.res").write_text(rendered(disk, "internal"))
    said = run(
        etc, "drbd_resource", name="orders", disk=disk, keep="ext4", overwrite=overwrite, up=False
    )
    assert "holds swap, not ext4; storage.keep promises" in said["msg"]
    assert begin(disk, MIB) == before


def test_a_device_for_metadata_that_is_not_empty_is_refused(etc, rendered, loops) -> None:
    disk, outside = loops
    filled(disk, 64)
    filled(outside, 100)
    (etc / "orders.res").write_text(rendered(disk, outside))
    said = run(etc, "drbd_resource", name="orders", disk=disk, metadata=outside, keep="ext4")
    assert "is no block device that is free and empty" in said["msg"]
    assert whole(disk) and whole(outside)


# -- what is told before anything is changed ------------------------------------------------


@pytest.fixture
def kept(found):
    """node1, which is preferred, has a file system on its disk, and node2 an empty disk."""
    held = {"signature": "ext4", "zero": False, "filesystem": 900 * MIB}
    found["node1"]["disks"]["shop"].update(held)
    for node in NODES:
        found[node]["disks"]["shop"].setdefault("filesystem", 0)
        found[node]["metadata"] = {}
    return found


def test_a_file_system_with_room_behind_it_passes(build, kept) -> None:
    model = build(KEEP, found=kept)
    assert _findings.judge(model, kept, LIMITS, repair=True) == []


def test_it_may_be_mounted_until_it_is_taken_over(build, kept) -> None:
    put(kept, "node1.disks.shop.used", "mounted")
    model = build(KEEP, found=kept)
    assert _findings.judge(model, kept, LIMITS, repair=True) == []
    with pytest.raises(_problems.Problem, match=r"in use on node1 \(mounted\)\. It becomes the"):
        _findings.alone(model, kept)
    put(kept, "node1.disks.shop.used", "")
    _findings.alone(model, kept)


OUTSIDE = {"block": True, "used": "", "size": 200 * MIB, "signature": "", "zero": True}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"node1.disks.shop.filesystem": 1 << 30}, "73728 bytes are missing"),
        ({"node1.disks.shop.filesystem": 1 << 30}, "at least 69632 bytes under storage.metadata"),
        ({"node2.disks.shop.size": 800 * MIB}, "of node2 has 838860800"),
        ({"node1.disks.shop.signature": "xfs"}, "of node1 holds xfs, not ext4"),
        ({"node1.disks.shop.filesystem": 0}, "cannot be told; is it whole"),
        ({"node2.disks.shop.signature": "ext4", "node2.disks.shop.zero": False}, "never overw"),
    ],
)
def test_what_cannot_be_kept_is_one_sentence(build, kept, changes, sentence) -> None:
    for path, value in changes.items():
        put(kept, path, value)
    model = build(KEEP, found=kept)
    with pytest.raises(_problems.Problem, match=sentence):
        _findings.judge(model, kept, LIMITS, repair=True)


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        ({}, ""),
        ({"block": False}, "does not exist or is not a block device"),
        ({"used": "mounted"}, "is in use"),
        ({"size": 1000}, "at least 69632 are needed there"),
        ({"signature": "ext4"}, "holds ext4; it is never overwritten"),
        ({"zero": False}, "holds data of an unknown kind"),
    ],
)
def test_metadata_outside_need_a_free_device(build, kept, seen, sentence) -> None:
    put(kept, "node1.disks.shop.filesystem", 1 << 30)
    put(kept, "node1.metadata", {"shop": {**OUTSIDE, **seen}})
    put(kept, "node2.disks.shop.size", 2 << 30)
    metadata = {"node1": "/dev/vdc1", "node2": "internal"}
    model = build(KEEP, ("failover_services.0.storage.metadata", metadata), found=kept)
    if not sentence:
        assert _findings.judge(model, kept, LIMITS, repair=True) == []
        return
    with pytest.raises(_problems.Problem, match=sentence):
        _findings.judge(model, kept, LIMITS, repair=True)


def test_once_it_is_replicated_nothing_is_judged_again(build, kept) -> None:
    for node in NODES:
        kept[node]["drbd_files"] = {"/etc/drbd.d/shop.res": resource_file()}
        put(kept, f"{node}.disks.shop.signature", "drbd")
        put(kept, f"{node}.disks.shop.used", "held")
    model = build(KEEP, found=kept)
    assert _findings.judge(model, kept, LIMITS, repair=True) == []
    _findings.alone(model, kept)


def test_keep_and_adopt_exclude_each_other(build) -> None:
    with pytest.raises(_problems.Problem, match=r"keep: true contradicts adopt"):
        build(KEEP, ("failover_services.0.storage.adopt", True))


def test_metadata_outside_are_for_what_is_kept_or_adopted(build) -> None:
    with pytest.raises(_problems.Problem, match="or one that keeps a file system"):
        build(("failover_services.0.storage.metadata", "/dev/vdc1"))


def test_what_a_new_disk_holds_is_told_before_anything_is_copied(etc, rendered, loops) -> None:
    """A run that was cut off, then another preferred node in the inventory."""
    disk, _outside = loops
    filled(disk, 48)
    (etc / "orders.res").write_text(rendered(disk, "internal"))
    run(etc, "drbd_resource", name="orders", disk=disk, keep="ext4", up=False)
    said = run(etc, "drbd_resource", name="orders", disk=disk, up=False)
    assert (said["fresh"], said["holds"], said["changed"]) == (True, "ext4", False)


def test_a_check_tells_what_a_disk_would_hold_after_it_was_wiped(etc, rendered, loops) -> None:
    disk, _outside = loops
    filled(disk, 64)
    (etc / "orders.res").write_text(rendered(disk, "internal"))
    asked = {"name": "orders", "disk": disk, "overwrite": True, "up": False, "check": True}
    said = run(etc, "drbd_resource", **asked)
    assert (said["fresh"], said["holds"]) == (True, "")
    assert whole(disk)


def test_an_empty_disk_holds_nothing(etc, rendered, loops) -> None:
    disk, _outside = loops
    (etc / "orders.res").write_text(rendered(disk, "internal"))
    said = run(etc, "drbd_resource", name="orders", disk=disk, up=False)
    assert (said["fresh"], said["holds"]) == (True, "")


@pytest.mark.parametrize(
    ("create", "disk", "peer", "role", "ready"),
    [
        (False, "UpToDate", "Inconsistent", "Secondary", True),
        (False, "Inconsistent", "UpToDate", "Secondary", False),
        (False, "UpToDate", "Inconsistent", "Primary", False),
        (False, "UpToDate", "DUnknown", "Unknown", False),
        (True, "UpToDate", "Inconsistent", "Secondary", False),
        (True, "UpToDate", "UpToDate", "Secondary", True),
    ],
)
def test_what_is_kept_is_opened_while_it_is_copied(create, disk, peer, role, ready) -> None:
    volume = object.__new__(drbd_filesystem.Volume)
    volume.params = {"create": create}
    assert volume.ready({"disk": disk, "peer_disk": peer, "peer_role": role}) is ready
