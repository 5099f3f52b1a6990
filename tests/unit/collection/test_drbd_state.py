# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of DRBD as read from the kernel, and the metadata that is never overwritten."""

from __future__ import annotations

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _disk, _drbd

from tests.unit.collection.modules import PLACE, run

PROC = """version: 8.4.11 (api:1/proto:86-101)
srcversion: 211FB288A383ED945B83420
 0: cs:Connected ro:Secondary/Primary ds:UpToDate/UpToDate C r-----
    ns:0 nr:8 dw:8 dr:0 al:0 bm:0 lo:0 pe:0 ua:0 ap:0 ep:1 wo:f oos:0
 1: cs:Unconfigured
10: cs:WFConnection ro:Primary/Unknown ds:UpToDate/Outdated C r-----
"""


def test_each_minor_is_read_from_its_own_line():
    assert _drbd.parse_proc(PROC, 0) == {
        "connection": "Connected",
        "role": "Secondary",
        "peer_role": "Primary",
        "disk": "UpToDate",
        "peer_disk": "UpToDate",
    }
    assert _drbd.parse_proc(PROC, 10)["peer_disk"] == "Outdated"
    for minor in (1, 2):
        assert not _drbd.configured(_drbd.parse_proc(PROC, minor))


def test_only_a_resource_with_its_peer_counts_as_linked():
    assert _drbd.linked(_drbd.parse_proc(PROC, 0))
    for minor in (1, 2, 10):
        assert not _drbd.linked(_drbd.parse_proc(PROC, minor))


def test_the_status_of_drbd_9_says_the_same():
    text = """[{"name": "shop", "role": "Primary", "devices": [{"disk-state": "UpToDate"}],
     "connections": [{"connection-state": "Connected", "peer-role": "Secondary",
     "peer_devices": [{"peer-disk-state": "Inconsistent"}]}]}]"""
    state = _drbd.parse_status(text, "shop")
    assert (state["role"], state["peer_disk"]) == ("Primary", "Inconsistent")
    assert _drbd.parse_status(text, "other") == _drbd.NONE


def test_what_somebody_else_uses_is_told_with_its_mount_points(tmp_path):
    (tmp_path / "self").mkdir()
    (tmp_path / "drbd").write_text(PROC)
    by_name = tmp_path / "by-res"
    by_name.symlink_to("/dev/drbd10")
    mounts = f"{by_name} /srv/old ext4 rw 0 0\n/dev/drbd10 /mnt xfs rw 0 0\n"
    (tmp_path / "self" / "mounts").write_text(f"{mounts}/dev/drbd1 /else ext4 rw 0 0\n")

    def file(name, minor, ours=False):
        return {"ours": ours, "resources": [name], "minors": [minor]}

    files = {"a": file("old", 10), "b": file("still", 0), "c": file("shop", 1, ours=True)}
    files["d"] = {"ours": False, "resources": ["one", "two"], "minors": [2, 3]}
    files["/etc/drbd.conf"] = {"ours": False, "resources": [], "minors": []}
    assert _drbd.used(files, lambda argv: (1, "", ""), str(tmp_path)) == {
        "old": {"role": "Primary", "mounts": ["/srv/old", "/mnt"]},
        "still": {"role": "Secondary", "mounts": []},
    }


@pytest.fixture
def resource(monkeypatch):
    """The module drbd_resource over a disk of which blkid and the observe see what is given."""
    import importlib

    commands: list[list[str]] = []
    module = importlib.import_module(f"{PLACE}.drbd_resource")

    def made(disk, check=False, generation="", **arguments):
        commands.clear()

        def command(_self, argv, **_kwargs):
            commands.append(argv)
            if argv[1] == "dump-md" and generation:
                return 1, "", 'Found meta data is "unclean", please apply-al first'
            if argv[1] in ("dump-md", "get-gi"):
                return (0, generation, "") if generation else (1, "", "No valid meta data found")
            if "--dry-run" in argv:
                return 0, "drbdsetup attach\n", ""
            return 0, "", ""

        seen = {
            "exists": True,
            "block": True,
            "size": 1,
            "signature": "",
            "zero": True,
            "used": "",
            **disk,
        }
        monkeypatch.setattr(module.AnsibleModule, "run_command", command)
        monkeypatch.setattr(module.AnsibleModule, "get_bin_path", lambda _self, name: name)
        monkeypatch.setattr(_disk, "inspect", lambda _device, _run: seen)
        monkeypatch.setattr(_drbd, "read", lambda *_args: dict(_drbd.NONE))
        said = run("drbd_resource", check=check, name="shop", disk="/dev/vdb", **arguments)
        return said, [argv for argv in commands if "create-md" in argv]

    return made


@pytest.mark.parametrize(
    ("disk", "reason"),
    [
        ({"signature": "ext4"}, "/dev/vdb: holds ext4; it is never overwritten"),
        ({"zero": False}, "/dev/vdb: holds data of an unknown kind; it is never overwritten"),
        ({"signature": "drbd", "zero": False}, "/dev/vdb: holds DRBD metadata that does not fit"),
        ({"used": "mounted"}, "/dev/vdb: is in use (mounted)."),
        ({"block": False}, "/dev/vdb: does not exist or is not a block device."),
    ],
)
def test_a_disk_that_is_not_empty_gets_no_metadata(resource, disk, reason):
    said, created = resource(disk)
    assert said["failed"] is True
    assert said["msg"].startswith(reason)
    assert created == []


def test_a_device_that_the_engine_brings_up_stays_down(resource):
    said, _created = resource({}, generation="0000000000000004:0:0:0", up=False)
    assert (said["changed"], said["done"]) == (False, [])
    assert said["state"]["connection"] == "Unconfigured"


def test_an_empty_disk_gets_metadata_and_comes_up(resource):
    said, created = resource({})
    assert said["done"] == ["metadata", "up"]
    assert created == [["drbdadm", "create-md", "--force", "shop"]]
    said, _created = resource({"signature": "ext4"}, overwrite=True)
    assert said["done"] == ["wiped ext4", "metadata", "up"]


def test_what_a_loss_of_power_or_a_removed_cluster_left_is_kept_and_comes_up(resource):
    left = "6682115B76D3AE6C:0000000000000000:4EAC70FA02195E1E:4EAB70FA02195E1E:1:1:0:0:0:0:0"
    said, created = resource({"signature": "drbd", "zero": False}, generation=left)
    assert (said["done"], said["fresh"], created) == (["up"], False, [])


def test_check_mode_writes_no_metadata(resource):
    said, created = resource({}, check=True)
    assert (said["changed"], said["done"], created) == (True, ["metadata", "up"], [])
