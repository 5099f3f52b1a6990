# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounting and unmounting for real, in a mount namespace made for the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from failoverd.resources import filesystem
from failoverd.resources.filesystem import Filesystem
from failoverd.resources.settings import ResourceSettings
from failoverd.system import mounts

from .loop_mounts import play


def test_it_is_mounted_with_its_options_and_unmounted_again(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
result["before"] = run(fs.probe()).value
run(fs.start(Situation()))
run(fs.start(Situation()))
result["during"] = run(fs.probe()).value
result["line"] = [l for l in Path("/proc/mounts").read_text().splitlines() if str(mnt) in l]
run(fs.stop())
run(fs.stop())
result["after"] = run(fs.probe()).value
""",
    )
    assert (result["before"], result["during"], result["after"]) == ("down", "up", "down")
    assert len(result["line"]) == 1
    assert "noatime" in result["line"][0]


def test_users_of_the_mount_are_ended_and_nobody_elses(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
run(fs.start(Situation()))
(mnt / "file").write_text("x")
ignore = "trap '' TERM; echo; while :; do sleep 1; done"
cwd = subprocess.Popen(["sleep", "60"], cwd=mnt)
fd = subprocess.Popen(["tail", "-f", str(mnt / "file")], stdout=subprocess.PIPE)
fd.stdout.read(1)
stubborn = subprocess.Popen(["sh", "-c", ignore], cwd=mnt, stdout=subprocess.PIPE)
stubborn.stdout.readline()
stranger = subprocess.Popen(["sleep", "60"], cwd="/")
result["stop"] = run(fs.stop())
result["state"] = run(fs.probe()).value
result["ended"] = [p.wait(10) for p in (cwd, fd, stubborn)]
result["stranger"] = stranger.poll()
stranger.kill()
result["alerts"] = alerts
""",
    )
    assert result["stop"] is None
    assert result["state"] == "down"
    assert result["ended"] == [-15, -15, -9]
    assert result["stranger"] is None
    assert any("tail" in text for text in result["alerts"])


def test_a_disk_mounted_elsewhere_and_a_path_in_use_are_refused(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
other = resource(disk, here / "other")
run(other.start(Situation()))
result["elsewhere"] = run(fs.start(Situation()))
run(other.stop())
mnt.mkdir(exist_ok=True)
subprocess.run(["mount", "-t", "tmpfs", "none", str(mnt)], check=True)
result["taken"] = run(fs.start(Situation()))
result["probe"] = run(fs.probe()).value
""",
    )
    assert "is mounted at" in result["elsewhere"]
    assert "another device is mounted there" in result["taken"]
    assert result["probe"] == "unknown"


def test_a_damaged_file_system_stays_down(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
with (here / "disk").open("r+b") as file:
    file.seek(1024)
    file.write(bytes(4096))
subprocess.run(["blockdev", "--flushbufs", disk], check=True)
result["start"] = run(fs.start(Situation()))
result["state"] = run(fs.probe()).value
""",
    )
    assert "cannot mount" in result["start"]
    assert "damaged" in result["start"]
    assert result["state"] == "down"


def test_a_full_file_system_can_still_be_stopped(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
run(fs.start(Situation()))
try:
    with (mnt / "big").open("wb") as file:
        while True:
            file.write(bytes(1 << 20))
except OSError:
    result["full"] = True
result["stop"] = run(fs.stop())
result["state"] = run(fs.probe()).value
""",
    )
    assert result["full"]
    assert (result["stop"], result["state"]) == (None, "down")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("noatime", (1024, "")),
        ("defaults,ro,nosuid", (3, "")),
        ("rw,noatime,data=ordered,commit=5", (1024, "data=ordered,commit=5")),
        ("", (0, "")),
        ("noatime, ro", (1025, "")),
        ("ro,rw,nosuid,suid", (0, "")),
    ],
)
def test_options_are_split_for_the_system_call(options: str, expected: tuple[int, str]) -> None:
    assert mounts.split_options(options) == expected


def test_a_path_with_a_space_is_found() -> None:
    line = r"36 25 147:0 / /srv/my\040shop rw,noatime shared:1 - ext4 /dev/drbd0 rw"
    assert mounts.mounted(line) == [mounts.Mount((147, 0), "/srv/my shop", "ext4")]


def test_an_absent_disk_counts_as_down_when_nothing_is_mounted(tmp_path: Path) -> None:
    import asyncio

    options = filesystem.Options("/dev/none", str(tmp_path / "mnt"), "ext4", "")
    settings = ResourceSettings("mount", "filesystem", (), 5.0, 5.0, options)
    fs = Filesystem(settings, lambda code, text: None)
    assert asyncio.run(fs.probe()).value == "down"


@pytest.mark.finding("H9")
@pytest.mark.parametrize(
    "options",
    [
        "noatime,nofail",
        "defaults,_netdev,x-systemd.requires=network.target,X-mount.mkdir",
        "noatime,comment=the shop,noauto,nouser",
        "user",
        "users,exec",
        "owner,group",
        "nodev,nosuid,noexec,dev",
        "ro,strictatime,nodiratime",
        "noatime,atime,relatime",
        "nosymfollow,lazytime,dirsync,sync",
        "data=ordered,errors=remount-ro,discard,commit=7,nofail",
        "silent,iversion,mand",
    ],
)
def test_options_mean_what_they_mean_to_mount(tmp_path: Path, options: str) -> None:
    """The roles mount with mount(8) what the daemon mounts with mount(2)."""
    result = play(
        tmp_path,
        f"""
options = {options!r}
mnt.mkdir(exist_ok=True)

def line():
    # The numbers of the mount differ, and nothing else.
    found = [l for l in Path("/proc/self/mountinfo").read_text().splitlines() if str(mnt) in l]
    return [" ".join(l.split()[2:]) for l in found]

sh("mount", "-t", "ext4", "-o", options, disk, mnt)
result["theirs"] = line()
sh("umount", mnt)
result["start"] = run(resource(disk, mnt, options).start(Situation()))
result["ours"] = line()
""",
    )
    assert result["start"] is None
    assert len(result["ours"]) == 1
    assert result["ours"] == result["theirs"]
