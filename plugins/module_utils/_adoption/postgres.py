# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database of Debian's layout moves: a copy follows the server, and has all of it when it stops.

The copy is a standby. A server that stops sends everything up to its last checkpoint before it
ends, and both control files name that checkpoint then. So the copy is proved to be whole, and it
goes on with the same timeline as if it had been shut down itself.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import places
from .job import Job
from .places import Failed

OWNER = "postgres"
FOLLOWER = "failover_adopt"
"""Name under which the copy is seen in pg_stat_replication."""
SAME = (
    "Database system identifier",
    "Latest checkpoint location",
    "Latest checkpoint's REDO location",
    "Latest checkpoint's TimeLineID",
    "Latest checkpoint's NextXID",
    "Latest checkpoint's NextOID",
    "Latest checkpoint's NextMultiXactId",
)
"""What the control files of a server that was stopped and of its whole copy have in common."""
STOPPED, FOLLOWED = "shut down", "shut down in recovery"
REPLAY_S = 300.0
"""How long the copy may take for what it has and has not replayed yet."""
CATCH_UP = 16 << 20
"""Bytes that the copy may be behind before the stop; that takes no time."""
REMOVED = "has already been removed"
PROGRESS = re.compile(r"(\d+)/(\d+) kB")
SIGNAL = "standby.signal"
SMALL = {
    "archive_mode": "off",
    "external_pid_file": "",
    "hot_standby": "on",
    "huge_pages": "off",
    "listen_addresses": "",
    "logging_collector": "off",
    "shared_buffers": "16MB",
    "shared_preload_libraries": "",
    "ssl": "off",
}
"""How the copy differs from the server while both run on one host."""


class Database:
    """A cluster of PostgreSQL, with the places that the plan gave it."""

    def __init__(self, told: Mapping[str, str], home: Path) -> None:
        """told: programs, configuration, socket, port, source, copy and top, as the plan says."""
        self.source, self.copy = Path(told["source"]), Path(told["copy"])
        self._told, self._home = told, home
        stem = f"{told['version']}-{told['name']}"
        self._job = Job(home, f"{stem}-base")
        self._run, self._log = home / f"{stem}-run", home / f"{stem}.log"

    # --- while the service runs

    def follow(self, seconds: float) -> tuple[bool, str]:
        """Make the copy, and let it follow, for so long; whether it follows, and a sentence."""
        if self.copy.exists():
            if not (self.copy / SIGNAL).exists():
                raise Failed(
                    f"{self.copy}: is there already, and is not a copy that this move began. Look"
                    " at it, and move it away."
                )
            return self._followed(seconds)
        fresh = Path(f"{self.copy}{places.COPYING}")
        if self._job.code is None and not self._job.running:
            places.parents(str(self.copy), self._told["top"])
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700)
            shutil.chown(fresh, OWNER, OWNER)
            where = ["-h", self._told["socket"], "-p", self._told["port"], "-U", OWNER]
            self._job.begin(
                [
                    *as_owner(),
                    self._program("pg_basebackup"),
                    *where,
                    *("-D", str(fresh), "--checkpoint=fast", "--wal-method=stream", "--progress"),
                    "--no-password",
                ]
            )
        self._job.wait(seconds)
        if self._job.running:
            return False, self._progress()
        self._job.judged(f"The base copy of {self.source}")
        (fresh / SIGNAL).touch()
        shutil.chown(fresh / SIGNAL, OWNER, OWNER)
        (fresh / "backup_manifest").unlink(missing_ok=True)
        fresh.rename(self.copy)
        os.sync()
        self._job.forget()
        return False, f"{self.source}: the base copy is whole; now it follows the server."

    def _progress(self) -> str:
        found = PROGRESS.findall(self._job.said)
        done, whole = (int(number) // 1024 for number in found[-1]) if found else (0, 0)
        much = f"{done} of about {whole} MiB" if whole else "it begins"
        return f"{self.source}: base copy, {much}"

    def _followed(self, seconds: float) -> tuple[bool, str]:
        if not self.follows:
            self._start()
        end = time.monotonic() + seconds
        while True:
            behind = self._behind()
            if behind is not None and behind <= CATCH_UP:
                return True, f"{self.source}: its copy follows it, {behind >> 10} KiB behind."
            self._gone()
            if time.monotonic() > end:
                break
            time.sleep(0.5)
        far = "not connected yet" if behind is None else f"{behind >> 20} MiB behind"
        return False, f"{self.source}: its copy catches up, {far}"

    def _behind(self) -> int | None:
        """Bytes that the copy has not replayed, None while it is not connected."""
        answer = self._ask(
            self._told["socket"],
            "select greatest(0, pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn))::bigint"
            f" from pg_stat_replication where application_name = '{FOLLOWER}'",
        )
        return int(answer) if answer.isdigit() else None

    def _gone(self) -> None:
        """Raise Failed if the server has dropped what the copy lacks; the next run begins anew."""
        try:
            text = self._log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return
        if REMOVED not in text:
            return
        self.stop()
        self._log.unlink()
        self.copy.rename(f"{self.copy}{places.COPYING}")
        raise Failed(
            f"{self.source}: the server has dropped WAL before its copy had it. Raise wal_keep_size"
            " there (alter system, then pg_reload_conf()), and run it again: the copy begins anew."
        )

    @property
    def follows(self) -> bool:
        """Whether the server of the copy runs."""
        try:
            pid = (self.copy / "postmaster.pid").read_text(encoding="utf-8").split("\n")[0].strip()
            text = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return b"postgres" in text

    def _start(self) -> None:
        self._run.mkdir(mode=0o700, exist_ok=True, parents=True)
        self._log.parent.chmod(0o711)
        shutil.chown(self._run, OWNER, OWNER)
        self._log.touch(mode=0o600)
        shutil.chown(self._log, OWNER, OWNER)
        origin = (
            f"host={self._told['socket']} port={self._told['port']} user={OWNER}"
            f" application_name={FOLLOWER}"
        )
        settings = {
            **SMALL,
            "config_file": f"{self._told['configuration']}/postgresql.conf",
            "data_directory": str(self.copy),
            "port": self._told["port"],
            "primary_conninfo": origin,
            "unix_socket_directories": str(self._run),
        }
        options = " ".join(f"-c {key}='{value}'" for key, value in settings.items())
        self._must("pg_ctl", "start", "-D", self.copy, "-l", self._log, "-t", "600", "-o", options)

    def stop(self) -> None:
        """The server of the copy ends, if it runs."""
        if self.follows:
            self._must("pg_ctl", "stop", "-D", self.copy, "-m", "fast", "-t", "600")

    # --- when the old server has stopped

    def complete(self) -> str:
        """Prove that the copy of a stopped server is whole. Return the last checkpoint."""
        last = self.control(self.source)
        if last.get("Database cluster state") != STOPPED:
            raise Failed(
                f"{self.source}: was not shut down cleanly (pg_controldata says"
                f" {last.get('Database cluster state', 'nothing')}), so nothing proves that its"
                " copy is whole."
            )
        if self._differ(last):
            if not self.follows:
                self._start()
            self._replayed(last["Latest checkpoint location"])
        self.stop()
        found = self._differ(last)
        if found:
            raise Failed(f"{self.copy}: is not the whole copy of {self.source}: {found}.")
        return last["Latest checkpoint location"]

    def _differ(self, last: Mapping[str, str]) -> str:
        """What the control file of the copy says otherwise, "" if it is equal."""
        if self.follows:
            return "it runs"
        have = self.control(self.copy)
        wrong = [key for key in SAME if key not in have or have[key] != last.get(key)]
        if wrong:
            return f"{wrong[0]} is {have.get(wrong[0])} there and {last.get(wrong[0])} here"
        state = have.get("Database cluster state", "")
        return "" if state in (STOPPED, FOLLOWED) else f"its state is {state}"

    def _replayed(self, location: str) -> None:
        """Wait until the copy has replayed the last checkpoint of the server."""
        end = time.monotonic() + REPLAY_S
        question = f"select pg_last_wal_replay_lsn() > '{location}'::pg_lsn"
        while self._ask(str(self._run), question) != "t":
            if time.monotonic() > end or not self.follows:
                raise Failed(
                    f"{self.copy}: has not replayed the last checkpoint of {self.source}"
                    f" ({location}); {self._log} may say why."
                )
            time.sleep(0.1)

    def release(self) -> None:
        """From now on the copy is the database."""
        (self.copy / SIGNAL).unlink(missing_ok=True)
        shutil.rmtree(self._run, ignore_errors=True)
        self._log.unlink(missing_ok=True)

    def written(self, since: str) -> int | None:
        """Bytes of WAL that the running server has written since a location."""
        question = f"select pg_wal_lsn_diff(pg_current_wal_lsn(), '{since}')::bigint"
        answer = self._ask(self._told["socket"], question)
        return int(answer) if answer.isdigit() else None

    # --- how it is asked

    def control(self, data: Path) -> dict[str, str]:
        """What pg_controldata says of a directory; {} if it cannot."""
        code, out, _err = _run([*as_owner(), self._program("pg_controldata"), "-D", str(data)])
        if code != 0:
            return {}
        pairs = (line.partition(":") for line in out.splitlines())
        return {key.strip(): value.strip() for key, _colon, value in pairs}

    def _ask(self, socket: str, sql: str) -> str:
        where = ["-h", socket, "-p", self._told["port"], "-U", OWNER, "-d", "postgres"]
        argv = [*as_owner(), self._program("psql"), "-XAtw", *where, "-c", sql]
        _code, out, _err = _run(argv)
        return out.strip()

    def _program(self, name: str) -> str:
        return f"{self._told['programs']}/{name}"

    def _must(self, name: str, *words: object) -> None:
        code, out, err = _run([*as_owner(), self._program(name), *map(str, words)])
        if code != 0:
            said = " ".join((err or out).split())[-400:]
            raise Failed(f"{self.copy}: {name} failed: {said} {self._log} may say more.")


def as_owner() -> list[str]:
    """What runs a program as the account of the database."""
    return ["runuser", "-u", OWNER, "--"] if os.geteuid() == 0 else []


def _run(argv: Sequence[str]) -> tuple[int, str, str]:
    """Run a program; a server that it starts keeps none of its pipes."""
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
        env={**os.environ, "LC_ALL": "C"},
        timeout=900,
    )
    return done.returncode, done.stdout, done.stderr
