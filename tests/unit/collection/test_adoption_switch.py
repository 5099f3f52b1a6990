# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An old service leaves its place and comes back, with a real database; systemd is played."""

from __future__ import annotations

import shutil
import stat
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils._adoption import (
    edits,
    places,
    state,
    switch,
)

from .test_adoption_postgres import Move, until

RSYNC = """#!{python}
import os, shutil, sys
source, copy = sys.argv[-2:]
if os.path.exists({broken!r}):
    sys.exit("rsync: write failed: No space left on device (28)")
if os.path.isdir(copy):
    shutil.rmtree(copy)
shutil.copytree(source, copy, symlinks=True)
"""
UNITS = ["postgresql@15-main.service", "orders.service"]
ADDRESS = {"address": "192.168.1.10/24", "interface": "eth0"}


class Host:
    """A server with a database and a directory of orders."""

    def __init__(self, move: Move, tools: Path) -> None:
        self.move, self.server = move, move.server
        self.broken = tools / "broken"
        (tools / "rsync").write_text(RSYNC.format(python=sys.executable, broken=str(self.broken)))
        for name in ("nice", "ionice"):
            (tools / name).write_text(
                '#!/bin/sh\nwhile [ "$1" != rsync ] && [ "${1#/}" = "$1" ] '
                '&& [ "$1" != runuser ]; do shift; done\nexec "$@"\n'
            )
        for tool in tools.iterdir():
            tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        home = move.server.directory
        self.old = home / "15" / "main"
        self.old.parent.mkdir()
        self.server.data = self.server.data.rename(self.old)
        self.configuration = home / "etc"
        self.configuration.mkdir()
        shutil.chown(self.configuration, "postgres")
        text = f"data_directory = '{self.old}'  # ours\nlisten_addresses = 'localhost'\n"
        text += f"hba_file = '{self.configuration}/pg_hba.conf'\n"
        text += f"ident_file = '{self.configuration}/pg_ident.conf'\n"
        for name in ("pg_hba.conf", "pg_ident.conf"):
            shutil.move(self.old / name, self.configuration)
        self.main = self.configuration / "postgresql.conf"
        self.main.write_text(text)
        (self.configuration / "start.conf").write_text("# why\nauto\n")
        self.text = text
        self.orders = home / "orders"
        self.orders.mkdir()
        (self.orders / "1").write_text("one\n")
        self.enabled = {"orders.service"}
        self.active: list[str] = []
        self.addresses = [ADDRESS["address"]]
        self.said: list[str] = []
        self.failing = ""
        mount = str(move.mount)
        self.new = Path(places.new(mount, str(self.old)))
        self.work: dict[str, Any] = {
            "service": "shop",
            "mount": mount,
            "units": UNITS,
            "databases": [
                {
                    **{k: move.told[k] for k in ("version", "name", "programs", "socket", "port")},
                    "unit": UNITS[0],
                    "configuration": str(self.configuration),
                    "old": str(self.old),
                    "new": str(self.new),
                }
            ],
            "directories": [{"old": str(self.orders), "new": places.new(mount, str(self.orders))}],
            "addresses": [ADDRESS],
            "listen": {},
        }
        self.state = state.State("shop", str(move.home / "adopted"))
        self.switch = switch.Switch(self.work, self.run, self.state)

    def run(self, argv: Sequence[str]) -> tuple[int, str, str]:
        """systemctl and ip of the host."""
        self.said.append(" ".join(argv))
        verb, names = argv[1], [word for word in argv[2:] if word in UNITS]
        if argv[0] == "ip":
            self.addresses = [] if argv[2] == "del" else [argv[3]]
        elif verb == "is-active":
            return 0, "active\n" if names[0] in self.active else "inactive\n", ""
        elif verb == "is-enabled":
            return 0, "enabled\n" if names[0] in self.enabled else "static\n", ""
        elif verb == "enable":
            self.enabled |= set(names)
        elif verb == "disable":
            self.enabled -= set(names)
        elif verb == "stop" and names[0] in self.active:
            if names[0] == UNITS[0]:
                self.server.stop()
            self.active.remove(names[0])
        elif verb == "start" and names[0] == self.failing:
            return 1, "", "control process exited"
        elif verb == "start":
            if names[0] == UNITS[0]:
                told = edits.value(self.main.read_text(), "data_directory")
                self.server.data = Path(str(told))
                self.move.serve(config_file=str(self.main))
            self.active.append(names[0])
        return 0, "", ""

    def serve(self) -> None:
        """As before the move."""
        for unit in UNITS:
            self.run(["systemctl", "start", unit])

    def follow(self, direction: Any) -> None:
        """Until every copy follows."""
        told = direction(self.work)
        until(lambda: switch.Copies(told, self.state).follow(1.0)[0])

    def rows(self) -> list[str]:
        """What the database holds."""
        return self.server.psql("select n from rows order by n").split()


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    tools = tmp_path / "tools"
    tools.mkdir()
    monkeypatch.setenv("PATH", f"{tools}:/usr/sbin:/usr/bin:/sbin:/bin")
    move = Move()
    made = Host(move, tools)
    try:
        made.serve()
        made.server.psql("create table rows (n int primary key); insert into rows values (1)")
        yield made
    finally:
        for direction in (switch.forth, switch.back):
            for one in switch.Copies(direction(made.work), made.state).databases:
                one.stop()
        if UNITS[0] in made.active:
            made.server.stop()
        move.server.remove()
        shutil.rmtree(move.home, ignore_errors=True)


def test_a_service_moves_and_comes_back_with_everything(host: Host) -> None:
    host.follow(switch.forth)
    host.server.psql("insert into rows values (2)")
    (host.orders / "2").write_text("two\n")
    done = host.switch.moved()
    assert done["changed"] and done["phase"] == "moved"
    assert host.active == [] and host.enabled == set() and host.addresses == []
    assert host.said.index("systemctl stop orders.service") < host.said.index(
        "systemctl stop postgresql@15-main.service"
    )
    # The user's lines stay; one is another.
    after = host.text.replace(str(host.old), str(host.new), 1)
    assert host.main.read_text() == after
    assert (host.configuration / "start.conf").read_text() == "# why\nmanual\n"
    kept = Path(f"{host.old}.before-failover")
    assert kept.is_dir() and not host.old.exists()
    assert host.orders.is_symlink() and (host.orders / "2").read_text() == "two\n"
    assert (Path(f"{host.orders}.before-failover") / "2").exists()
    assert not host.switch.moved()["changed"]

    # The cluster serves, with what its file system holds.
    host.state.write(phase="served")
    host.serve()
    assert host.rows() == ["1", "2"]
    host.server.psql("insert into rows values (3)")
    (host.orders / "3").write_text("three\n")

    host.follow(switch.back)
    host.server.psql("insert into rows values (4)")
    host.switch.returning(True)
    for unit in reversed(UNITS):
        host.run(["systemctl", "stop", unit])
    done = host.switch.returned()
    assert done["changed"] and done["phase"] == "returned"
    assert host.server.data == host.old and host.rows() == ["1", "2", "3", "4"]
    assert not host.orders.is_symlink() and (host.orders / "3").read_text() == "three\n"
    assert host.active == UNITS and host.enabled == {"orders.service"}
    assert host.addresses == [ADDRESS["address"]]
    assert (host.configuration / "start.conf").read_text() == "# why\nauto\n"
    assert not host.switch.returned()["changed"]
    assert sorted(host.switch.confirmed()["removed"]) == sorted(
        [f"{host.orders}.before-failover", f"{host.old}.before-failover"]
    )
    assert host.rows() == ["1", "2", "3", "4"]


def test_a_failure_starts_the_old_service_again_where_it_was(host: Host) -> None:
    host.follow(switch.forth)
    host.broken.touch()
    with pytest.raises(places.Failed, match=r"No space left .* was started again in its old place"):
        host.switch.moved()
    assert host.active == UNITS and host.server.data == host.old
    assert host.main.read_text() == host.text and not host.orders.is_symlink()
    assert host.enabled == {"orders.service"} and host.addresses == [ADDRESS["address"]]
    host.server.psql("insert into rows values (2)")
    host.broken.unlink()
    host.follow(switch.forth)
    host.switch.moved()
    assert places.new(host.work["mount"], str(host.orders)) == str(host.orders.readlink())


def test_a_run_that_was_cut_off_in_the_stop_is_gone_on_with(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.follow(switch.forth)

    def cut(_seen: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(host.switch, "_leave", cut)
        host.switch.moved()
    assert host.active == [] and host.state.read()["phase"] == "stopping"
    began = host.state.read()["stopped_at"]
    # The old data were renamed already.
    host.old.rename(f"{host.old}.before-failover")
    done = host.switch.moved()
    assert done["phase"] == "moved" and done["stopped_at"] == began
    assert host.orders.is_symlink() and host.addresses == []


def test_the_data_of_the_day_of_the_move_can_be_taken_back(host: Host) -> None:
    host.follow(switch.forth)
    host.switch.moved()
    host.state.write(phase="served")
    (host.orders / "late").write_text("lost\n")
    host.switch.returning(False)
    host.switch.returned()
    assert host.rows() == ["1"] and [one.name for one in host.orders.iterdir()] == ["1"]
    assert host.main.read_text() == host.text
    # A second move has a way back of its own.
    for place in (host.new, Path(host.work["directories"][0]["new"])):
        shutil.rmtree(place)
    host.follow(switch.forth)
    host.server.psql("insert into rows values (2)")
    host.switch.moved()
    host.state.write(phase="served")
    host.serve()
    host.server.psql("insert into rows values (3)")
    host.follow(switch.back)
    host.switch.returning(True)
    for unit in reversed(UNITS):
        host.run(["systemctl", "stop", unit])
    host.switch.returned()
    assert host.rows() == ["1", "2", "3"]


def test_nothing_is_stopped_before_every_copy_follows(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switch, "FOLLOWS_S", 0.1)
    host.broken.touch()
    with pytest.raises(places.Failed):
        host.switch.moved()
    assert host.active == UNITS
    assert not any("stop" in one for one in host.said)


def test_a_setting_that_was_changed_since_stays(host: Host) -> None:
    host.follow(switch.forth)
    host.switch.moved()
    host.state.write(phase="served")
    host.main.write_text(host.main.read_text() + "work_mem = '8MB'\n")
    host.switch.returning(False)
    host.switch.returned()
    text = host.main.read_text()
    assert "work_mem = '8MB'" in text and f"data_directory = '{host.old}'" in text


def test_what_the_old_service_writes_after_its_return_is_not_copied_over(host: Host) -> None:
    host.follow(switch.forth)
    host.switch.moved()
    host.state.write(phase="served")
    host.serve()
    host.follow(switch.back)
    host.switch.returning(True)
    for unit in reversed(UNITS):
        host.run(["systemctl", "stop", unit])
    host.failing = UNITS[1]
    with pytest.raises(places.Failed, match="control process exited"):
        host.switch.returned()
    # The database runs again already.
    host.server.psql("insert into rows values (9)")
    (host.orders / "9").write_text("nine\n")
    host.failing = ""
    assert host.switch.returned()["phase"] == "returned"
    assert host.rows() == ["1", "9"] and (host.orders / "9").exists()
