# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another major version of a database: planned, done by a real pg_upgrade, cut off anywhere, undone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _pg_upgrade
from ansible_collections.failover.cluster.plugins.module_utils._pg_upgrade import Place
from ansible_collections.failover.cluster.plugins.plugin_utils import _pg_upgrade_plan

from tests.unit.failoverd.postgres_server import PORT, Server, _programs

from .modules import run as run_module

DATA = "/srv/shop/postgresql"
INFO = {
    "version": "15",
    "kept": {},
    "size": 40 << 20,
    "free": 900 << 20,
    "tablespaces": 0,
    "answers": True,
    "begun": {},
    "installed": ["15", "17"],
}
BEGUN = {"stage": "copying", "former": "15", "wanted": "17", "initdb": [], "preload": ""}


def plan(info: dict[str, Any] | None = None, wanted: str = "17", **more: Any) -> dict[str, Any]:
    found = {"node1": {**INFO, **(info or {})}, "node2": {**INFO, "version": ""}}
    return _pg_upgrade_plan.plan("shop", "node1", found, DATA, wanted, **more)


def test_the_plan_tells_the_downtime_and_the_way_back():
    told = plan()
    assert (told["work"], told["former"], told["problems"]) == ("upgrade", "15", [])
    said = " ".join(told["lines"])
    assert "copies 40 MiB" in said and "Expected downtime" in said
    assert told["kept"] == f"{DATA}.15" and told["kept"] in said


def test_a_version_that_it_has_is_left_alone():
    assert plan(wanted="15")["work"] == "nothing"


def test_the_former_version_in_the_inventory_is_the_way_back_and_says_what_is_lost():
    after = {"version": "17", "kept": {"postgresql.15": "15"}}
    told = plan(after, wanted="15")
    assert (told["work"], told["problems"]) == ("back", [])
    assert "NOT in it any more" in told["lines"][-1]


@pytest.mark.parametrize(
    ("info", "more", "said"),
    [
        ({"answers": False}, {}, "does not answer"),
        ({}, {"maintenance": True}, "maintenance: is on"),
        ({"free": 500 << 20}, {}, "needs 40 + 512 = 552"),
        ({"tablespaces": 1}, {}, "tablespaces"),
        ({"kept": {"postgresql.15": "15"}}, {}, "is there already"),
        ({"installed": ["15"]}, {}, "node1: postgresql-17 is not installed there."),
        ({"version": "17"}, {"wanted": "15"}, "no way back"),
        ({"begun": BEGUN}, {"wanted": "18"}, "finish it first"),
    ],
)
def test_what_forbids_it_is_told_before_anything_stops(
    info: dict[str, Any], more: dict[str, Any], said: str
):
    [problem] = plan(info, **more)["problems"]
    assert said in problem


def test_what_is_cloned_needs_no_room_and_what_would_be_installed_is_not_missing():
    assert plan({"free": 0}, transfer="clone")["problems"] == []
    assert plan({"installed": ["15"]}, installs=True)["problems"] == []


def test_a_run_that_was_cut_off_is_finished_whatever_it_left():
    left = {"version": "", "answers": False, "begun": BEGUN, "free": 0}
    told = plan(left, maintenance=True)
    assert (told["work"], told["former"], told["problems"]) == ("upgrade", "15", [])
    assert "this run finishes it" in told["lines"][0]


def test_data_that_an_earlier_run_put_into_their_place_may_have_been_written():
    """A run that fails then must not bring the former ones back."""
    assert plan({"version": "17", "begun": {**BEGUN, "stage": "switched"}})["switched"]
    assert not plan({"begun": BEGUN})["switched"] and not plan()["switched"]


def command(argv: Sequence[str]) -> tuple[int, str, str]:
    done = subprocess.run(list(argv), capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.remove()


def begin(server: Server) -> None:
    server.start()
    for _round in range(3000):
        try:
            server.psql("select 1")
            return
        except subprocess.CalledProcessError:
            time.sleep(0.01)
    raise AssertionError("the server does not answer")


def test_a_real_database_becomes_one_that_pg_upgrade_made_and_its_former_data_stay(server: Server):
    """This machine has one version: pg_upgrade takes that too."""
    has = _programs().parent.name
    at = Place(str(server.data), has, has, str(server.directory), PORT)
    begin(server)
    server.psql("create table rows as select generate_series(1, 1000) as key")
    told = _pg_upgrade.look(at.data, at.socket, at.port, command)
    assert (told["version"], told["answers"], told["begun"]) == (has, True, {})
    _pg_upgrade.prepare(at, False, command)
    assert server.psql("select count(*) from rows") == "1000"
    with pytest.raises(RuntimeError, match="was not stopped in order"):
        _pg_upgrade.transfer(at, False, command)
    server.psql("insert into rows values (1001)")
    server.stop()
    _pg_upgrade.transfer(at, False, command)
    assert _pg_upgrade.version(at.aside) == has
    begin(server)
    assert server.psql("select count(*) from rows") == "1001"
    server.psql("insert into rows values (1002)")
    server.stop()
    assert not Path(at.work).exists()
    _pg_upgrade.undo(at)
    assert names(server.directory) == ["data"]
    begin(server)
    assert server.psql("select count(*) from rows") == "1001"


def test_what_pg_upgrade_cannot_carry_over_is_told_while_the_server_runs(server: Server):
    has = _programs().parent.name
    at = Place(str(server.data), has, has, str(server.directory), PORT)
    begin(server)
    server.psql(
        "create function lost() returns int language c as '$libdir/plpgsql', 'plpgsql_call_handler'"
    )
    server.psql("update pg_proc set probin = '$libdir/no_such_library' where proname = 'lost'")
    with pytest.raises(RuntimeError, match="no_such_library"):
        _pg_upgrade.prepare(at, False, command)
    assert not Path(at.new).exists() and not Path(at.mark).exists()
    assert server.psql("select 1") == "1"


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


class Machine:
    """Programs that make the files that the real ones make. The data are a number."""

    def __init__(self, data: Path) -> None:
        self.data, self.copies = data, 0
        data.mkdir()
        (data / "PG_VERSION").write_text("15\n")
        (data / "rows").write_text("1")

    def __call__(self, argv: Sequence[str]) -> tuple[int, str, str]:
        words = list(argv)
        program = next(Path(word).name for word in words if "/bin/" in word or word == "psql")
        if program == "psql":
            database = {"datcollate": "C", "datctype": "C", "datlocprovider": "c"}
            told = {"database": database, "encoding": "UTF8", "checksums": "off"}
            return 0, json.dumps({**told, "segment": 16 << 20, "preload": ""}), ""
        if program == "initdb":
            (Path(words[words.index("-D") + 1]) / "PG_VERSION").write_text("17\n")
        elif "--check" not in words:
            self.copies += 1
            new = Path(words[words.index("--new-datadir") + 1])
            assert not (new / "rows").exists(), "a copy into one that was begun"
            (new / "rows").write_text((self.data / "rows").read_text())
        return 0, "", ""


class CutOff(BaseException):
    """The process is killed."""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(Place, "work", property(lambda self: f"{tmp_path}/work"))
    monkeypatch.setattr(shutil, "chown", lambda *_words: None)
    return Machine(tmp_path / "postgresql")


def place(machine: Machine, former: str = "15", wanted: str = "17") -> Place:
    return Place(str(machine.data), former, wanted)


def cut_at(number: int, monkeypatch: pytest.MonkeyPatch, step: Any) -> bool:
    """Kill the process before the change of that number; False if it has ended before."""
    left = number
    real: dict[str, Any] = {"rename": os.rename, "mkdir": os.mkdir, "rmtree": shutil.rmtree}

    def counted(name: str) -> Any:
        def call(*words: Any, **more: Any) -> Any:
            nonlocal left
            if left == 0:
                raise CutOff
            left -= 1
            return real[name](*words, **more)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(os, "rename", counted("rename"))
        patched.setattr(os, "mkdir", counted("mkdir"))
        patched.setattr(shutil, "rmtree", counted("rmtree"))
        try:
            step()
        except CutOff:
            return True
    return False


def test_a_run_that_is_cut_off_anywhere_is_finished_by_the_next(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    at = place(machine)
    for number in range(40):
        _pg_upgrade.prepare(at, False, machine)
        cut = cut_at(number, monkeypatch, lambda: _pg_upgrade.transfer(at, False, machine))
        _pg_upgrade.transfer(at, False, machine)
        assert (_pg_upgrade.version(at.data), _pg_upgrade.version(at.aside)) == ("17", "15")
        assert (machine.data / "rows").read_text() == "1"
        _pg_upgrade.undo(at)
        assert names(machine.data.parent) == ["postgresql"]
        if not cut:
            break
    else:
        raise AssertionError("never ran to its end")
    assert number > 5


def test_what_was_written_after_a_run_was_cut_off_is_in_the_copy(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
):
    """It had copied and not yet renamed; then the service ran again with its former data."""
    at = place(machine)
    for number in range(40):
        _pg_upgrade.prepare(at, False, machine)
        cut_at(number, monkeypatch, lambda: _pg_upgrade.transfer(at, False, machine))
        ran = _pg_upgrade.version(at.data) == "15"
        if ran:
            (machine.data / "rows").write_text("2")
        _pg_upgrade.transfer(at, False, machine)
        assert (machine.data / "rows").read_text() == ("2" if ran else "1")
        _pg_upgrade.undo(at)
        (machine.data / "rows").write_text("1")
        if not ran:
            break
    assert not ran


def test_the_way_back_keeps_both_and_failed_it_keeps_both_too(machine: Machine):
    at = place(machine)
    _pg_upgrade.prepare(at, False, machine)
    _pg_upgrade.transfer(at, False, machine)
    _pg_upgrade.finish(at)
    (machine.data / "rows").write_text("2")
    home = place(machine, "17", "15")

    def held() -> dict[str, str]:
        return {one.name: (one / "rows").read_text() for one in machine.data.parent.iterdir()}

    _pg_upgrade.back(home)
    _pg_upgrade.back(home)
    _pg_upgrade.undo(home)
    assert held() == {"postgresql": "2", "postgresql.15": "1"}
    _pg_upgrade.back(home)
    _pg_upgrade.finish(home)
    assert held() == {"postgresql": "1", "postgresql.17": "2"}


def test_a_check_changes_nothing_and_a_step_that_is_done_is_not_changed(machine: Machine):
    asked: dict[str, Any] = {"data": str(machine.data), "former": "15", "wanted": "17"}
    assert run_module("postgresql_upgrade", check=True, state="prepared", **asked)["changed"]
    assert names(machine.data.parent) == ["postgresql"]
    for state in ("switched", "undone", "finished"):
        assert not run_module("postgresql_upgrade", state=state, **asked)["changed"]


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ({"datlocprovider": "c"}, []),
        (
            {"datlocprovider": "i", "daticulocale": "ja"},
            ["--locale-provider=icu", "--icu-locale=ja"],
        ),
        (
            {"datlocprovider": "b", "datlocale": "C.UTF-8"},
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
        ),
    ],
)
def test_the_new_database_sorts_and_checks_as_the_former_one(
    provider: dict[str, str], words: list[str]
):
    database = {"datcollate": "ja_JP.UTF-8", "datctype": "C", **provider}
    told = {"database": database, "encoding": "EUC_JP", "checksums": "on", "segment": 64 << 20}
    made = _pg_upgrade._initdb(told, "17")
    assert made[:3] == ["--encoding=EUC_JP", "--lc-collate=ja_JP.UTF-8", "--lc-ctype=C"]
    assert made[3:] == [*words, "--data-checksums", "--wal-segsize=64"]
    assert "--no-data-checksums" in _pg_upgrade._initdb({**told, "checksums": "off"}, "18")
