# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real file systems fill up, turn read-only and vanish, in a mount namespace made for the test."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from failoverd.core.events import SpaceUsed
from failoverd.monitors.mountwatch import wrong
from failoverd.monitors.space import Space, percent_used
from failoverd.system import aside as aside_module
from failoverd.system import mounts
from failoverd.system.aside import aside

PROLOGUE = """
import asyncio, json, os, subprocess, sys
from pathlib import Path
from failoverd.resources.service_settings import ServiceSettings
from failoverd.monitors.mountwatch import MountWatch
from failoverd.monitors.space import Space
from failoverd.resources import filesystem
from failoverd.resources.filesystem import Filesystem
from failoverd.resources.settings import ResourceSettings
from failoverd.resources.service import Service

here = Path(sys.argv[1])
mnt = here / "mnt"
told, failed, events = [], [], []


class History:
    def add(self, code, text, alert=False, service="", data=None):
        told.append([code, text, alert])


async def until(condition):
    for _round in range(3000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"did not come true: {told} {failed} {events}")


def service(device, options):
    made = filesystem.Options(device, str(mnt), "ext4", options)
    settings = ResourceSettings("mount", "filesystem", (), 20.0, 20.0, made)
    resource = Filesystem(settings, lambda code, text: None)
    result = Service(ServiceSettings("shop", "", 3, (settings,)), {"mount": resource}, History())
    result.on_failure(lambda name, why, silent: failed.append([name, why]))
    return result


with (here / "disk").open("wb") as file:
    file.truncate(16 << 20)
subprocess.run(["mkfs.ext4", "-q", "-F", "-N", "64", str(here / "disk")], check=True)
disk = subprocess.run(["losetup", "--find", "--show", str(here / "disk")], check=True,
                      capture_output=True, text=True).stdout.strip()


async def main():
    shop = service(disk, OPTIONS)
    def post(event):
        events.append([event.service, event.percent, event.room, event.path])

    space = Space([shop], 10.0, post, History())
    # An hour: what is noticed was noticed by an event.
    watch = MountWatch([shop], History(), LOOK_S)
    watching = asyncio.ensure_future(watch.run())
    try:
"""
EPILOGUE = """
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)

try:
    asyncio.run(main())
finally:
    subprocess.run(["umount", "-q", str(mnt)])
    subprocess.run(["losetup", "--detach", disk])
print(json.dumps({"told": told, "failed": failed, "events": events}))
"""


def play(
    tmp_path: Path, body: str, options: str = "noatime", look_s: float = 3600.0
) -> dict[str, Any]:
    """Run the body in a mount namespace of its own; returns what was told."""
    indented = "".join(f"        {line}\n" for line in body.strip().splitlines())
    script = tmp_path / "play.py"
    head = PROLOGUE.replace("OPTIONS", repr(options)).replace("LOOK_S", repr(look_s))
    text = head + indented + EPILOGUE
    script.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        env={
            "PYTHONPATH": str(Path(mounts.__file__).parents[2]),
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        },
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def alerts(result: dict[str, Any]) -> list[str]:
    return [text for _code, text, alert in result["told"] if alert]


def test_f45_a_file_system_that_fills_is_posted_when_it_changes(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
await space.look()
await shop.start(1, False)
await space.look()
await space.look()
(mnt / "big").write_bytes(bytes(12 << 20))
await space.look()
assert space.used == {str(mnt): events[-1][1]}
await shop.stop()
await space.look()
assert not space.used
""",
    )
    [[_one, empty, much, path], [_two, full, little, _path]] = result["events"]
    assert empty < 30 and 80 < full <= 100
    assert path == str(tmp_path / "mnt")
    assert much == 8 << 20, "the last power of two that is free"
    assert 0 < little <= 2 << 20


def test_f45_inodes_run_out_too(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
await shop.start(1, False)
for number in range(40):
    (mnt / str(number)).touch()
await space.look()
""",
    )
    [[_name, percent, _room, _path]] = result["events"]
    assert percent > 75, "though hardly a block is used"


@pytest.mark.finding("S31")
def test_f91_where_no_file_can_be_made_there_is_no_room(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
await shop.start(1, False)
for number in range(200):
    try:
        (mnt / str(number)).touch()
    except OSError:
        break
await space.look()
""",
    )
    assert result["events"][-1][1:3] == [100, 0]


def test_a_file_system_that_turns_read_only_is_noticed_by_event(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
await shop.start(1, False)
subprocess.run(["mount", "-o", "remount,ro", str(mnt)], check=True)
await until(lambda: failed)
subprocess.run(["mount", "-t", "tmpfs", "none", str(here)], check=True)
subprocess.run(["umount", str(here)], check=True)
await asyncio.sleep(0.1)
""",
    )
    assert result["failed"] == [["mount", "has become read-only"]], "told once"


def test_f44_an_ext4_that_finds_an_error_is_noticed(tmp_path: Path) -> None:
    """The kernel turns it read-only by itself: no mount changes, so there is no event."""
    result = play(
        tmp_path,
        """
await shop.start(1, False)
trigger = Path("/sys/fs/ext4") / Path(disk).name / "trigger_fs_error"
trigger.write_text("test")
await until(lambda: failed)
""",
        options="noatime,errors=remount-ro",
        look_s=0.05,
    )
    assert result["failed"] == [["mount", "has become read-only"]]
    [text] = alerts(result)
    assert "1 errors are recorded in the file system" in text


def test_an_unmount_by_hand_is_noticed_and_an_ordered_one_is_not(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
await shop.start(1, False)
await shop.stop()
await asyncio.sleep(0.1)
assert not failed
await shop.start(2, False)
subprocess.run(["umount", str(mnt)], check=True)
await until(lambda: failed)
""",
    )
    assert result["failed"] == [["mount", "is not mounted any more"]]


def test_one_that_is_meant_to_be_read_only_is_left_alone(tmp_path: Path) -> None:
    result = play(
        tmp_path,
        """
await shop.start(1, False)
watch.look()
""",
        options="noatime,ro",
    )
    assert result["failed"] == []


@pytest.mark.parametrize(
    ("words", "options", "expected"),
    [
        ("rw,noatime - ext4 /dev/drbd0 rw,errors=remount-ro", "", ""),
        ("rw,noatime - ext4 /dev/drbd0 ro", "", "has become read-only"),
        ("rw,noatime - ext4 /dev/drbd0 rw,emergency_ro", "", "has become read-only"),
        ("ro,noatime - ext4 /dev/drbd0 rw", "noatime,ro", ""),
        ("rw - ext4 /dev/drbd0 rw,shutdown", "", "was shut down by the kernel after an error"),
    ],
)
def test_what_the_kernel_says_of_a_mount(words: str, options: str, expected: str) -> None:
    table = mounts.mounted(f"36 25 147:0 / /srv/shop {words}")
    assert wrong(table, "/srv/shop", options) == expected
    assert wrong(table, "/srv/other", options) == "is not mounted any more"


def stat(**words: int) -> os.statvfs_result:
    names = [
        "bsize",
        "frsize",
        "blocks",
        "bfree",
        "bavail",
        "files",
        "ffree",
        "favail",
        "flag",
        "namemax",
    ]
    return os.statvfs_result([words.get(name, 0) for name in names])


def test_percent_is_what_df_shows() -> None:
    assert percent_used(stat(blocks=100, bfree=60, bavail=50)) == 45
    assert percent_used(stat(blocks=1000, bfree=999, bavail=999)) == 1
    assert percent_used(stat(blocks=100, bfree=5, bavail=0)) == 100
    assert percent_used(stat(blocks=100, bfree=90, bavail=90, files=10, ffree=2, favail=2)) == 80
    assert percent_used(stat()) == 0


class Mounted:
    """A service with one path that is always mounted."""

    mounted = ("/srv/shop",)

    class settings:
        name = "shop"


def test_f44_a_file_system_that_hangs_costs_one_thread_and_one_alert(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release, calls = threading.Event(), []

    def hanging(path: str) -> os.statvfs_result:
        calls.append(path)
        release.wait(60)
        return stat(blocks=100, bfree=50, bavail=50)

    monkeypatch.setattr(os, "statvfs", hanging)
    events: list[SpaceUsed] = []
    codes: list[str] = []

    class Told:
        def add(self, code: str, text: str, **more: Any) -> None:
            codes.append(code)

    async def main() -> None:
        space = Space([Mounted()], 0.05, events.append, Told())  # type: ignore[list-item, arg-type]
        for _round in range(4):
            await space.look()
        assert (calls, codes, events) == (["/srv/shop"], ["file-system-hangs"], [])
        release.set()
        while space.silent:
            await space.look()
        assert codes == ["file-system-hangs", "file-system-answers"]
        assert [(event.service, event.percent) for event in events] == [("shop", 50)]

    asyncio.run(main())


def test_a_call_that_hangs_does_not_hold_up_the_end_of_the_loop() -> None:
    release = threading.Event()

    async def main() -> None:
        done, _rest = await asyncio.wait([aside(release.wait, 60)], timeout=0.05)
        assert not done
        assert await aside(len, "abc") == 3
        with pytest.raises(ZeroDivisionError):
            await aside(divmod, 1, 0)

    asyncio.run(main())
    assert not release.is_set()
    release.set()
    assert aside_module.threading is threading
