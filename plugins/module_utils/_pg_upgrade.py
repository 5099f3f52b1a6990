# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a database into another major version of PostgreSQL, and back, on the node that has it.

Each step leaves a file beside the data, NAME.upgrade, so that a run that was cut off is finished by
the next one. The data of the former version are renamed, never written: they are the way back.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

Run = Callable[[Sequence[str]], tuple[int, str, str]]

ACCOUNT = "postgres"
PREPARED, COPYING, COPIED, SWITCHED = "prepared", "copying", "copied", "switched"
REPORT = 1500
"""Characters of what pg_upgrade says that fit into a message."""
ASK = """
SELECT json_build_object('database', to_jsonb(d), 'encoding', pg_encoding_to_char(d.encoding),
  'checksums', current_setting('data_checksums'),
  'segment', (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'),
  'preload', current_setting('shared_preload_libraries'))
FROM pg_database d WHERE datname = 'template0'
"""


@dataclass(frozen=True)
class Place:
    """Where the data of one server are, and its programs."""

    data: str
    former: str
    """The version that the data have, such as 15."""
    wanted: str
    socket: str = ""
    port: int = 5432
    programs: str = "/usr/lib/postgresql"

    @property
    def new(self) -> str:
        """The directory in which the data of the wanted version are made."""
        return f"{self.data}.new"

    @property
    def aside(self) -> str:
        """Where the data of the former version stay."""
        return f"{self.data}.{self.former}"

    @property
    def mark(self) -> str:
        """What the next run has to know of this one."""
        return f"{self.data}.upgrade"

    @property
    def work(self) -> str:
        """What pg_upgrade writes, and the sockets of its servers."""
        return f"/run/failover-upgrade-{os.path.basename(os.path.dirname(self.data))}"

    def program(self, version: str, name: str) -> str:
        """The path of a program of a version."""
        return f"{self.programs}/{version}/bin/{name}"


@dataclass(frozen=True)
class Begun:
    """What a run has begun."""

    stage: str
    former: str
    wanted: str
    initdb: list[str] = field(default_factory=list)
    preload: str = ""


def version(data: str) -> str:
    """The version of a data directory, "" if it is none."""
    try:
        with open(f"{data}/PG_VERSION", encoding="ascii") as handle:
            return handle.read().strip()
    except OSError:
        return ""


def begun(mark: str) -> Begun | None:
    """What a run has begun that was cut off, or did not finish."""
    try:
        with open(mark, encoding="utf-8") as handle:
            return Begun(**json.load(handle))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise RuntimeError(f"{mark}: cannot be read: {error}") from None


def look(data: str, socket: str, port: int, run: Run) -> dict[str, Any]:
    """Return version, kept (versions of the directories beside it, by their names), size and free
    (bytes), tablespaces (their number), answers, and begun (stage, former, wanted; or {})."""
    place, name = os.path.split(data)
    here = sorted(os.listdir(place)) if os.path.isdir(place) else []
    kept = {one: version(f"{place}/{one}") for one in here if one.startswith(f"{name}.")}
    old = begun(f"{data}.upgrade")
    spaces = f"{data}/pg_tblspc"
    return {
        "version": version(data),
        "kept": {one: found for one, found in kept.items() if found},
        "size": _size(data),
        "free": os.statvfs(place).f_bavail * os.statvfs(place).f_frsize if here else 0,
        "tablespaces": len(os.listdir(spaces)) if os.path.isdir(spaces) else 0,
        "answers": _asked(socket, port, "SELECT 1", run)[0] == 0,
        "begun": asdict(old) if old else {},
    }


def prepare(at: Place, clone: bool, run: Run) -> None:
    """Make an empty database of the wanted version, and have pg_upgrade check both. The server of
    the former version runs on. Raises RuntimeError."""
    code, out, err = _asked(at.socket, at.port, ASK, run)
    if code != 0:
        raise RuntimeError(f"its server does not answer: {_short(err)}")
    told = json.loads(out)
    made = Begun(PREPARED, at.former, at.wanted, _initdb(told, at.wanted), told["preload"])
    _empty(at, made, run)
    with _Work(at, made) as work:
        words = ["--check", "--old-port", str(at.port), *(["--clone"] if clone else [])]
        _pg_upgrade(at, work, words, run)
    _write(at.mark, made)


def transfer(at: Place, clone: bool, run: Run) -> None:
    """Bring the data of a server that was stopped into the wanted version, and into their place.

    Raises RuntimeError; then the data are where they were, or `undo` brings them back.
    """
    now = begun(at.mark)
    if now is None:
        raise RuntimeError("nothing was prepared")
    # A copy whose original is still in its place may be old: the server may have run again.
    if now.stage in (PREPARED, COPYING) or (now.stage == COPIED and not os.path.exists(at.aside)):
        if os.path.exists(f"{at.data}/postmaster.pid"):
            raise RuntimeError(f"{at.data}: its server runs, or was not stopped in order")
        if now.stage != PREPARED:
            _empty(at, now, run)
        _write(at.mark, replace(now, stage=COPYING))
        with _Work(at, now) as work:
            words = ["--jobs", str(os.cpu_count() or 1), *(["--clone"] if clone else [])]
            _pg_upgrade(at, work, words, run)
        os.sync()
        _write(at.mark, replace(now, stage=COPIED))
    if not os.path.exists(at.aside):
        os.rename(at.data, at.aside)
    if os.path.exists(at.new):
        os.rename(at.new, at.data)
    _sync(os.path.dirname(at.data))
    _write(at.mark, replace(now, stage=SWITCHED))


def undo(at: Place) -> None:
    """Bring the data of the former version back into their place.

    What an upgrade made is removed; what was to come back is kept where it was.
    """
    if os.path.exists(at.aside):
        if os.path.exists(at.data):
            goes = f"{at.data}.{at.wanted}" if int(at.wanted) < int(at.former) else at.new
            shutil.rmtree(at.new, ignore_errors=True)
            os.rename(at.data, goes)
        os.rename(at.aside, at.data)
        _sync(os.path.dirname(at.data))
    shutil.rmtree(at.new, ignore_errors=True)
    finish(at)


def back(at: Place) -> None:
    """Put the data that an upgrade kept into their place; those that are there are kept aside.

    `at.former` is the version that is there, `at.wanted` the one that comes back.
    """
    kept = f"{at.data}.{at.wanted}"
    _write(at.mark, Begun(SWITCHED, at.former, at.wanted))
    if os.path.exists(kept):
        if os.path.exists(at.data):
            os.rename(at.data, at.aside)
        os.rename(kept, at.data)
        _sync(os.path.dirname(at.data))


def finish(at: Place) -> None:
    """Forget what was begun."""
    if os.path.exists(at.mark):
        os.unlink(at.mark)


class _Work:
    """The directory in which pg_upgrade works, with settings that let only it in."""

    def __init__(self, at: Place, made: Begun) -> None:
        self.path, self.made = at.work, made

    def __enter__(self) -> str:
        shutil.rmtree(self.path, ignore_errors=True)
        os.mkdir(self.path, 0o700)
        preload = self.made.preload.replace("'", "''")
        files = {
            "hba": "local all all peer\n",
            "settings": f"hba_file = '{self.path}/hba'\nshared_preload_libraries = '{preload}'\n",
        }
        for name, text in files.items():
            with open(f"{self.path}/{name}", "w", encoding="utf-8") as handle:
                handle.write(text)
            shutil.chown(f"{self.path}/{name}", ACCOUNT, ACCOUNT)
        shutil.chown(self.path, ACCOUNT, ACCOUNT)
        return self.path

    def __exit__(self, *_why: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def _initdb(told: dict[str, Any], wanted: str) -> list[str]:
    """What makes initdb make a database that pg_upgrade can fill."""
    database = told["database"]
    words = [
        f"--encoding={told['encoding']}",
        f"--lc-collate={database['datcollate']}",
        f"--lc-ctype={database['datctype']}",
    ]
    locale = database.get("datlocale") or database.get("daticulocale")
    if database.get("datlocprovider") == "i":
        words += ["--locale-provider=icu", f"--icu-locale={locale}"]
    elif database.get("datlocprovider") == "b":
        words += ["--locale-provider=builtin", f"--builtin-locale={locale}"]
    if told["checksums"] == "on":
        words.append("--data-checksums")
    elif int(wanted) >= 18:
        words.append("--no-data-checksums")
    return [*words, f"--wal-segsize={int(told['segment']) >> 20}"]


def _empty(at: Place, made: Begun, run: Run) -> None:
    shutil.rmtree(at.new, ignore_errors=True)
    os.mkdir(at.new, 0o700)
    shutil.chown(at.new, ACCOUNT, ACCOUNT)
    ways = ["--auth-local=peer", "--auth-host=scram-sha-256", "--no-sync", "--no-instructions"]
    words = [at.program(at.wanted, "initdb"), "-D", at.new, *made.initdb, *ways]
    code, out, err = run(_as_server("/", words))
    if code != 0:
        shutil.rmtree(at.new, ignore_errors=True)
        raise RuntimeError(f"initdb fails: {_short(err or out)}")


def _pg_upgrade(at: Place, work: str, more: Sequence[str], run: Run) -> None:
    options = f"-c config_file={work}/settings"
    words = [
        at.program(at.wanted, "pg_upgrade"),
        *("--old-bindir", os.path.dirname(at.program(at.former, "postgres"))),
        *("--new-bindir", os.path.dirname(at.program(at.wanted, "postgres"))),
        *("--old-datadir", at.data, "--new-datadir", at.new, "--socketdir", work),
        *("--old-options", options, "--new-options", options, *more),
    ]
    code, out, err = run(_as_server(work, words))
    if code != 0:
        reason = _short(f"{out} {err} {_details(at.new)}")
        if "--check" in more:
            shutil.rmtree(at.new, ignore_errors=True)
        raise RuntimeError(f"pg_upgrade fails: {reason}")


def _details(new: str) -> str:
    """What pg_upgrade wrote down of what is in its way, such as the libraries that are missing."""
    found = []
    for place, _directories, names in os.walk(f"{new}/pg_upgrade_output.d"):
        for name in sorted(names):
            if name.endswith(".txt"):
                with open(f"{place}/{name}", encoding="utf-8", errors="replace") as handle:
                    found.append(f"{name}: {handle.read(600)}")
    return " ".join(found)


def _asked(socket: str, port: int, statement: str, run: Run) -> tuple[int, str, str]:
    words = ["psql", "-XAtqw", "-h", socket, "-p", str(port), "-c", statement, "postgres"]
    return run(_as_server("/", words))


def _as_server(directory: str, words: Sequence[str]) -> list[str]:
    return ["runuser", "-u", ACCOUNT, "--", "env", "-C", directory, "LC_ALL=C", *words]


def _short(text: str) -> str:
    return " ".join(text.split())[-REPORT:]


def _size(data: str) -> int:
    """The bytes that a directory takes on its disk."""
    total = 0
    for place, _directories, names in os.walk(data):
        for name in names:
            try:
                total += os.lstat(f"{place}/{name}").st_blocks * 512
            except FileNotFoundError:  # the server runs, and removes files
                continue
    return total


def _write(mark: str, state: Begun) -> None:
    with open(f"{mark}.tmp", "w", encoding="utf-8") as handle:
        json.dump(asdict(state), handle)
        handle.flush()
        os.fsync(handle.fileno())
    os.rename(f"{mark}.tmp", mark)
    _sync(os.path.dirname(mark))


def _sync(directory: str) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
