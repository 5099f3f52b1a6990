# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node has of a database that PostgreSQL replicates, and how it is made a standby again.

Decisions stand in _rejoin.py. While this works, the file PGSQL.lock is there, so that the agent of
the cluster starts no server on data that change.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import re
import selectors
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

from . import _rejoin

OWNER = "postgres"
ACCOUNT = "failover_replication"
LOCK, ALONE, PASSES = "PGSQL.lock", "alone", "passfile"
REWINDING = "rewinding"
"""A file that is there while pg_rewind works: what it leaves half done cannot be rewound again."""
KEPT = "kept-"
CONNECT_S = 5
TELL_S = 10.0
"""Pause between two messages of how far a base backup is."""
LOST, UNUSED = "lost", "unused"
"""States of a slot whose WAL is gone, and of one that keeps none yet."""
REST_S = 15
"""How long a standby that runs may take until it follows, before it is stopped."""
PRIMARY = """select system_identifier, pg_is_in_recovery(), current_setting('full_page_writes')
from pg_control_system()"""
PROGRESS = re.compile(r"(\d+)/(\d+) kB")


class Failed(Exception):
    """Nothing more can be done. The text says what happened, and what to do."""


class Refused(Failed):
    """Nothing was tried, because it must not be done, or not without a person."""


class NotRewound(Failed):
    """pg_rewind failed, as it does if the WAL since the last common checkpoint is gone."""


def rejoined(params: Mapping[str, Any], check: bool = False) -> dict[str, Any]:
    """Make the copy of a node a standby. Raises Failed.

    params are those of the module, and by_itself: nobody has asked for it.
    """
    node = Node(params)
    if check or (params["only_empty"] and node.copy().holds != "nothing"):
        return _rejoined(node, params, check)
    with node.claimed():
        return _rejoined(node, params, check)


def _rejoined(node: Node, params: Mapping[str, Any], check: bool) -> dict[str, Any]:
    began, copy, alone = time.monotonic(), node.copy(), bool(params.get("by_itself"))
    primaries: list[_rejoin.Primary] = []
    if params["only_empty"] and copy.holds != "nothing":
        plan = _rejoin.Plan("nothing", f"{copy.node}: has data already.")
    elif params["only_empty"] and check:
        # There may be no primary yet that could be asked.
        plan = _rejoin.Plan("backup", f"{copy.node}: has no data.")
    else:
        primaries = node.primaries(copy)
        if not (check or alone) and [one.node for one in primaries] == [params["other"]]:
            copy = node.rested(copy)
        copy = replace(copy, behind=node.behind(copy))
        plan = _rejoin.decide(copy, primaries, bool(params["discard"]))
    if plan.action == "refuse":
        raise Refused(plan.why)
    reason = _rejoin.person(copy, primaries, plan, node.kept()) if alone else ""
    if reason:
        raise Refused(f"{reason} It does not come back by itself: run the playbook rejoin.")
    changed, kept = plan.action != "nothing", ""
    if changed and not check:
        try:
            kept = node.bring(copy, plan)
        except NotRewound:
            plan = _rejoin.decide(replace(copy, tried=True), primaries, bool(params["discard"]))
            kept = node.bring(copy, plan)
    return {
        "changed": changed,
        "action": plan.action,
        "why": plan.why,
        "kept": kept,
        "lock": plan.lock,
        "seconds": round(time.monotonic() - began, 1),
    }


class Node:
    """This node, with the parameters of the module."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._params = params
        self._node, self._other = str(params["node"]), str(params["other"])
        self._home = Path(params["directory"])
        self._data, self._state = self._home / "postgresql", self._home / "agent"
        self._began = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())

    # --- what is there

    def copy(self) -> _rejoin.Copy:
        """What the node has."""
        holds, data, running = self._holds(), None, self._running()
        if holds == "a database" and not running:
            data = self._read()
            holds = holds if data else "broken"
        return _rejoin.Copy(
            node=self._node,
            path=str(self._data),
            holds=holds,
            data=data,
            running=running,
            streaming=running and self._streams(),
            locked=(self._state / LOCK).exists(),
            alone=(self._state / ALONE).exists(),
            tried=(self._state / REWINDING).exists(),
        )

    def behind(self, copy: _rejoin.Copy) -> bool:
        """Whether the slot of the node has lost WAL that its data need."""
        return copy.data is not None and self._slot_state() == LOST

    def kept(self) -> int:
        """How often something was taken away, and still lies there."""
        return len(list(self._home.glob(f"{KEPT}*")))

    def runs(self) -> bool:
        """Whether the server of this node runs."""
        return self._running()

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Nobody else works on the copy. Raises Refused if somebody does."""
        handle = os.open(self._home, os.O_RDONLY | os.O_DIRECTORY)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Refused(
                    f"{self._node}: another run brings the copy back. Wait until it has ended."
                ) from error
            yield
        finally:
            os.close(handle)

    def primaries(self, copy: _rejoin.Copy) -> list[_rejoin.Primary]:
        """The servers that take writes."""
        own: list[_rejoin.Primary] = []
        if copy.running and self._local("select pg_is_in_recovery()") == "f":
            own = [_rejoin.Primary(self._node, "", 0)]
            if self._has_address():
                return own
        found = self._remote(PRIMARY)
        if found is None:
            return own
        system, recovering, full = found.split("|")
        if recovering == "t":
            return own
        line = self._remote("IDENTIFY_SYSTEM", replication=True)
        if line is None:
            raise Failed(
                f"{self._params['address']}: the primary takes no connection for replication from"
                f" {self._node}. Run site.yml, so that both nodes have the same pg_hba.conf."
            )
        timeline = int(line.split("|")[1])
        before = self._remote(f"TIMELINE_HISTORY {timeline}", True) if timeline > 1 else ""
        history = _rejoin.history((before or "").partition("|")[2])
        return [*own, _rejoin.Primary(self._other, system, timeline, full == "on", history)]

    def _holds(self) -> str:
        if not self._data.is_dir() or not os.listdir(self._data):
            return "nothing"
        return "a database" if (self._data / "PG_VERSION").exists() else "other files"

    def _running(self) -> bool:
        try:
            first = (self._data / "postmaster.pid").read_text(encoding="utf-8").split("\n")[0]
        except OSError:
            return False
        return Path(f"/proc/{first.strip()}").exists()

    def _read(self) -> _rejoin.Data | None:
        """What pg_control says, None if it cannot be read."""
        code, out, _err = self._run([self._program("pg_controldata"), "-D", str(self._data)])
        if code != 0:
            return None
        try:
            timeline = _rejoin.data(out).timeline
            file = self._data / "pg_wal" / f"{timeline:08X}.history"
            text = file.read_text(encoding="utf-8") if file.exists() else ""
            return _rejoin.data(out, _rejoin.history(text))
        except (KeyError, ValueError, OSError):
            return None

    def _streams(self) -> bool:
        question = "select count(*) from pg_stat_wal_receiver where status = 'streaming'"
        return self._local(question) == "1"

    def _has_address(self) -> bool:
        _code, out, _err = self._run(["ip", "-brief", "address"], owner=False)
        return f" {self._params['address']}/" in out

    # --- what is done

    def rested(self, copy: _rejoin.Copy) -> _rejoin.Copy:
        """Stop a standby that runs and follows nobody, so that its data can be looked at."""
        end = time.monotonic() + REST_S
        while copy.running and not copy.streaming and time.monotonic() < end:
            time.sleep(0.5)
            copy = self.copy()
        if not copy.running or copy.streaming:
            return copy
        if self._local("select pg_is_in_recovery()") != "t":
            return copy
        self._mark(LOCK)
        self._must([self._program("pg_ctl"), "-D", str(self._data), "-w", "-m", "fast", "stop"])
        # That lock is ours.
        return replace(self.copy(), locked=False)

    def bring(self, copy: _rejoin.Copy, plan: _rejoin.Plan) -> str:
        """Carry a plan out. Return where what was taken away is kept. Raises Failed."""
        self._mark(LOCK)
        if self._running():
            raise Refused(f"{self._node}: its server was started meanwhile. Run it again.")
        kept = self._keep(plan)
        self._slot()
        if plan.action == "rewind":
            self._rewind(copy)
        elif plan.action == "backup":
            self._backup(kept)
        for name in (LOCK, ALONE, REWINDING):
            (self._state / name).unlink(missing_ok=True)
        forget = ["crm_resource", "--cleanup", "-r", self._params["resource"], "-N", self._node]
        self._must(forget, owner=False)
        self._follows()
        return str(kept) if kept else ""

    def _keep(self, plan: _rejoin.Plan) -> Path | None:
        """Where the old data will lie; the WAL is copied there now."""
        if not plan.keep:
            return None
        place = self._home / f"{KEPT}{self._began}"
        if not place.exists():
            self._make(place)
        if plan.keep == "wal":
            self._must(["cp", "-a", str(self._data / "pg_wal"), str(place)], owner=False)
        return place

    def _mark(self, name: str) -> None:
        """See that a file of the agent is there; root owns those that the agent made."""
        if not (self._state / name).exists():
            self._must(["touch", str(self._state / name)])

    def _make(self, place: Path) -> None:
        place.mkdir(mode=0o700)
        shutil.chown(place, OWNER, OWNER)

    def _slot(self) -> None:
        """The primary keeps the WAL from now on; a slot that lost its own is of no use."""
        slot = self._params["slot"]
        if not slot:
            return
        state = self._slot_state()
        if state in (LOST, UNUSED):
            self._command(f"DROP_REPLICATION_SLOT {slot}")
        if state in (LOST, UNUSED, None):
            self._command(f"CREATE_REPLICATION_SLOT {slot} PHYSICAL RESERVE_WAL")

    def _slot_state(self) -> str | None:
        """None if the node has no slot, or the primary does not say."""
        slot = self._params["slot"]
        return slot and self._remote(
            f"select coalesce(wal_status, '{UNUSED}') from pg_replication_slots"
            f" where slot_name = '{slot}'"
        )

    def _rewind(self, copy: _rejoin.Copy) -> None:
        # The agent left the mark of a standby on a primary's data, which cannot be recovered then.
        if copy.data is not None and copy.data.state not in (_rejoin.RESTING, _rejoin.RECOVERING):
            (self._data / "standby.signal").unlink(missing_ok=True)
        # Until the primary has written its first checkpoint, pg_rewind takes its timeline for the
        # old one: it would find nothing to do.
        self._must([self._program("psql"), "-XAtq", self._conninfo(), "-c", "checkpoint"])
        for name in ("recovery.conf", "rep_mode.conf", REWINDING):
            self._mark(name)
        try:
            self._must(
                [
                    self._program("pg_rewind"),
                    *("-D", str(self._data), f"--config-file={self._params['configuration']}"),
                    f"--source-server={self._conninfo()}",
                ]
            )
        except Failed as failed:
            raise NotRewound(str(failed)) from failed

    def _backup(self, kept: Path | None) -> None:
        """Make the copy beside, and put it in the place of the old data when it is whole."""
        fresh = self._home / "postgresql.new"
        shutil.rmtree(fresh, ignore_errors=True)
        self._make(fresh)
        slot = self._params["slot"]
        self._told(
            [
                self._program("pg_basebackup"),
                *("-d", self._conninfo(), "-D", str(fresh), "--checkpoint=fast"),
                *("--wal-method=stream", "--progress"),
                *(("--slot", slot) if slot else ()),
            ]
        )
        if self._data.exists():
            if kept is None:
                self._data.rmdir()
            else:
                self._data.rename(kept / "postgresql")
        fresh.rename(self._data)
        os.sync()

    def _follows(self) -> None:
        """Wait until the server of this node receives from the primary."""
        end = time.monotonic() + float(self._params["wait_s"])
        while not self._streams():
            if time.monotonic() > end:
                raise Failed(
                    f"{self._node}: the copy is whole, but does not follow {self._other} after"
                    f" {self._params['wait_s']} s. Look at crm_mon and at journalctl -t"
                    f" postgresql-{self._params['service']}."
                )
            time.sleep(0.5)

    # --- how it is asked and done

    def _program(self, name: str) -> str:
        return f"{self._params['programs']}/{name}"

    def _conninfo(self, replication: bool = False) -> str:
        return (
            f"host={self._params['address']} port={self._params['port']} user={ACCOUNT}"
            f" dbname=postgres passfile={self._state / PASSES} connect_timeout={CONNECT_S}"
            f"{' replication=true' if replication else ''}"
        )

    def _local(self, sql: str) -> str:
        where = ["-h", self._params["socket"], "-p", str(self._params["port"]), "-d", "postgres"]
        _code, out, _err = self._run([self._program("psql"), "-XAt", *where, "-c", sql])
        return out.strip()

    def _remote(self, sql: str, replication: bool = False) -> str | None:
        """The answer of the primary, None if it gives none."""
        argv = [self._program("psql"), "-XAt", self._conninfo(replication), "-c", sql]
        code, out, _err = self._run(argv)
        return out.strip() if code == 0 and out.strip() else None

    def _command(self, command: str) -> None:
        """Have the primary carry out a command of the replication."""
        self._must([self._program("psql"), "-XAtq", self._conninfo(True), "-c", command])

    def _run(self, argv: Sequence[str], owner: bool = True) -> tuple[int, str, str]:
        prefix = ["runuser", "-u", OWNER, "--"] if owner and os.geteuid() == 0 else []
        done = subprocess.run(
            [*prefix, *argv],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
        )
        return done.returncode, done.stdout, done.stderr

    def _must(self, argv: Sequence[str], owner: bool = True) -> None:
        """Run a program that has to succeed. Raises Failed."""
        code, out, err = self._run(argv, owner)
        if code != 0:
            said = " ".join((err or out).split())[-400:]
            raise Failed(
                f"{self._node}: {os.path.basename(argv[0])} failed: {said} Nothing was overwritten"
                " that is not kept; run it again when the reason is gone."
            )

    def _told(self, argv: Sequence[str]) -> None:
        """Run what tells its progress, and put that into the journal."""
        account = pwd.getpwnam(OWNER)
        child = subprocess.Popen(
            ["runuser", "-u", account.pw_name, "--", *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd="/",
            env={**os.environ, "LC_ALL": "C"},
        )
        errors = cast(IO[bytes], child.stderr)
        said, last = b"", 0.0
        with selectors.DefaultSelector() as selector:
            selector.register(errors, selectors.EVENT_READ)
            while True:
                selector.select()
                piece = os.read(errors.fileno(), 65536)
                if not piece:
                    break
                said = (said + piece)[-4096:]
                found = PROGRESS.findall(said.decode("utf-8", "replace"))
                if found and time.monotonic() - last > TELL_S:
                    last = time.monotonic()
                    done, whole = (int(number) // 1024 for number in found[-1])
                    self._run(
                        [
                            *("logger", "--tag", "failover"),
                            f"{self._params['service']}: base backup, {done} of {whole} MiB",
                        ],
                        owner=False,
                    )
        if child.wait() != 0:
            text = " ".join(said.decode("utf-8", "replace").split())[-400:]
            raise Failed(
                f"{self._node}: the base backup failed: {text} The old data are where they were;"
                " run it again when the reason is gone."
            )
