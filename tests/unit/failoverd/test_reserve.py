# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""F91: a full file system does not keep a database down. A real PostgreSQL on a real full disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from failoverd.monitors.space import Space
from failoverd.resources import filesystem, reserve
from failoverd.resources.base import Resource, ResourceError, Situation, State
from failoverd.resources.filesystem import Filesystem
from failoverd.resources.service import Failed, Service
from failoverd.resources.service_settings import ServiceSettings
from failoverd.resources.settings import ResourceSettings
from failoverd.system.aside import aside

from .postgres_server import ACCOUNT, Server

pytestmark = pytest.mark.finding("S31")
REST = """
cd {0}; sync .
while head -c 1024 /dev/zero >> rest; do :; done; sync .
while head -c 1024 /dev/zero >> rest; do :; done
"""
FILL = "cat /dev/zero > {0}/big" + REST
MORE = "mkdir -p {0}/many && cd {0}/many && seq $(ls | wc -l) 100000 | xargs touch"


class Database:
    """A resource that is a PostgreSQL."""

    def __init__(self, server: Server) -> None:
        self.settings = ResourceSettings("db", "unit", ("mount",), 30.0, 30.0, None)
        self.server = server

    async def prepare(self, situation: Situation) -> None:
        """Nothing."""

    async def probe(self) -> State:
        return State.UP if self.server.alive else State.DOWN

    async def start(self, situation: Situation) -> None:
        self.server.start()
        while self.server.alive:
            with contextlib.suppress(subprocess.CalledProcessError):
                self.server.psql("select 1")
                return
            await asyncio.sleep(0.1)
        raise ResourceError("db: PostgreSQL has ended at once")

    async def stop(self) -> None:
        if self.server.alive:
            self.server.send(signal.SIGQUIT)
        await aside(self.server.ended)

    def watch(self, failed: Callable[[str], None]) -> None:
        """Nobody."""

    def close(self) -> None:
        """Nothing."""


class Told:
    def __init__(self) -> None:
        self.codes: list[str] = []

    def add(self, code: str, text: str, **more: Any) -> None:
        self.codes.append(code)


class Stage:
    """A file system on a loop device, a database on it, and the service that both are."""

    def __init__(self, device: str, mount: Path) -> None:
        self.alerts: list[str] = []
        self.texts: list[str] = []
        self.told = Told()
        self.mount = mount
        options = filesystem.Options(device, str(mount), "ext4", "noatime")
        settings = ResourceSettings("mount", "filesystem", (), 30.0, 30.0, options)
        self.fs = Filesystem(settings, self.alert)
        asyncio.run(self.fs.start(Situation()))
        (mount / "pg").mkdir()
        self.server = Server(mount / "pg")
        self.db = Database(self.server)
        parts: dict[str, Resource] = {"mount": self.fs, "db": self.db}
        shop = ServiceSettings("shop", "", 3, (settings, self.db.settings))
        self.service = Service(shop, parts, self.told)

    def alert(self, code: str, text: str) -> None:
        self.alerts.append(code)
        self.texts.append(text)

    async def look(self) -> Space:
        space = Space([self.service], 10.0, lambda event: None, self.told)
        await space.look()
        return space

    def fill(self) -> None:
        """With bytes, so that nothing is free for any account but root."""
        self.play(FILL)
        assert os.statvfs(self.mount).f_bavail < 8

    def fill_as_root(self) -> None:
        """With the blocks that are for root alone, too."""
        subprocess.run(
            ["timeout", "60", "sh", "-c", FILL.format(self.mount)],
            check=False,
            stderr=subprocess.DEVNULL,
        )

    def play(self, script: str) -> None:
        """As the database's own account."""
        text = script.format(self.mount / "pg")
        subprocess.run(
            ["timeout", "60", "sh", "-c", text],
            user=ACCOUNT,
            check=False,
            stderr=subprocess.DEVNULL,
        )

    def clean(self) -> None:
        """What fill() wrote is deleted."""
        for name in ("big", "rest"):
            (self.mount / "pg" / name).unlink()

    async def leave(self, rest: str) -> None:
        """The service is stopped, as before its data comes up on another node.

        What the database frees at its end is taken at once by whatever filled the disk.
        """
        self.server.send(signal.SIGINT)
        await aside(self.server.ended)
        self.play(rest)
        await self.fs.stop()


@pytest.fixture(params=[()], ids=["blocks-for-root"])
def stage(request: pytest.FixtureRequest, open_path: Path) -> Iterator[Stage]:
    """On a file system that mkfs.ext4 made with these options."""
    with (open_path / "disk").open("wb") as file:
        file.truncate(160 << 20)
    make = ["mkfs.ext4", "-q", *request.param, "-F", str(open_path / "disk")]
    subprocess.run(make, check=True)
    argv = ["losetup", "--find", "--show", str(open_path / "disk")]
    made = subprocess.run(argv, check=True, capture_output=True, text=True)
    device = made.stdout.strip()
    result = None
    try:
        result = Stage(device, open_path / "mnt")
        yield result
    finally:
        if result is not None and result.server.alive:
            result.server.send(signal.SIGKILL)
            asyncio.run(result.db.stop())
        subprocess.run(["umount", "-q", str(open_path / "mnt")], check=False)
        subprocess.run(["losetup", "--detach", device], check=True)


def test_without_a_reserve_a_full_disk_keeps_a_database_down(stage: Stage) -> None:
    """What the reserve is for."""

    async def main() -> None:
        await stage.service.start(1, False)
        stage.fill()
        await stage.leave(REST)
        with pytest.raises(Failed, match="has ended at once"):
            await stage.service.start(2, True)

    asyncio.run(main())


@pytest.mark.parametrize("recovery", [False, True])
def test_a_database_on_a_full_disk_starts_and_can_be_cleaned(stage: Stage, recovery: bool) -> None:
    async def main() -> None:
        await stage.service.start(1, False)
        space = await stage.look()
        assert reserve.kept(str(stage.mount)) and not space.bare
        stage.server.psql("create table t as select generate_series(1, 100000) as number")
        stage.fill()
        if recovery:
            stage.server.send(signal.SIGKILL)
            await stage.service.recover("db")
        else:
            await stage.leave(REST)
            await stage.service.start(2, True)
        assert stage.alerts.count("reserve-given-up") == 1
        assert not reserve.kept(str(stage.mount))
        assert (await stage.look()).bare == {str(stage.mount)}, "and status says so"
        assert stage.server.psql("select count(*) from t") == "100000"
        stage.server.psql("drop table t")
        stage.clean()
        # Made again as soon as there is room.
        assert not (await stage.look()).bare
        assert reserve.kept(str(stage.mount))
        assert stage.told.codes.count("reserve-kept") == 2
        await stage.service.stop()

    asyncio.run(main())


@pytest.mark.parametrize("stage", [("-m", "0"), ()], indirect=True, ids=["ours", "mkfs's"])
def test_what_root_has_filled_too_is_given_up_to_every_account(
    stage: Stage, request: pytest.FixtureRequest
) -> None:
    """On the file system that the collection makes; of another one the alert says what to do."""
    ours = "ours" in request.node.name

    async def main() -> None:
        await stage.service.start(1, False)
        await stage.look()
        stage.fill_as_root()
        await stage.leave(REST)
        if ours:
            await stage.service.start(2, True)
        else:
            with pytest.raises(Failed):
                await stage.service.start(2, True)
        assert stage.alerts.count("reserve-given-up") == 1
        assert ("tune2fs -m 0" in stage.texts[-1]) is not ours
        await stage.service.stop()

    asyncio.run(main())


def test_inodes_are_kept_back_too(stage: Stage) -> None:
    async def main() -> None:
        await stage.service.start(1, False)
        await stage.look()
        stage.play(MORE)
        assert os.statvfs(stage.mount).f_favail == 0
        await stage.leave(MORE)
        await stage.service.start(2, True)
        assert stage.alerts.count("reserve-given-up") == 1
        await stage.service.stop()

    asyncio.run(main())


def test_the_reserve_takes_nobodys_last_room_and_nothing_that_is_not_its_own(stage: Stage) -> None:
    async def main() -> None:
        path = str(stage.mount)
        stage.fill()
        assert reserve.keep(path) == 0 and not (stage.mount / reserve.NAME).exists()
        assert reserve.give_up(path) == 0
        stage.clean()
        theirs = stage.mount / reserve.NAME
        theirs.mkdir()
        (theirs / "space").write_text("precious")
        os.chown(theirs, 1, 1)
        assert reserve.keep(path) == 0
        stage.fill()
        assert reserve.give_up(path) == 0
        assert (theirs / "space").read_text() == "precious"

    asyncio.run(main())


def test_nothing_is_kept_back_where_the_file_system_is_not_mounted_any_more(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look may come while the service stops: what lies below the mount point is the host's."""

    async def main() -> None:
        path, made = str(stage.mount), os.mkdir
        await stage.fs.stop()
        with contextlib.suppress(OSError):
            assert reserve.keep(path) == 0
        assert list(stage.mount.iterdir()) == []
        await stage.fs.start(Situation())

        def late(name: Any, *args: Any, **more: Any) -> None:
            """All that has the mount open keeps it from being unmounted; a lazy one passes."""
            subprocess.run(["umount", "--lazy", path], check=True)
            made(name, *args, **more)

        monkeypatch.setattr(os, "mkdir", late)
        with contextlib.suppress(OSError):
            reserve.keep(path)
        monkeypatch.undo()
        assert list(stage.mount.iterdir()) == []

    asyncio.run(main())
