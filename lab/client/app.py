# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line of the measuring client."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import select
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lab.client.account import outcomes, settle
from lab.client.gaps import longest_gap
from lab.client.pages import Page, PageReader, SessionKeeper
from lab.client.recording import Follower, Recorder, read
from lab.client.rows import Database, RowWriter, read_numbers

PASSWORD_VARIABLE = "CLIENT_PASSWORD"


def parser() -> argparse.ArgumentParser:
    """The options of the client."""
    made = argparse.ArgumentParser(
        prog="python -m lab client",
        description="Insert numbered rows and fetch pages at a steady beat, record when each was"
        " acknowledged, and compare at the end with what is in the table.",
        epilog=f"The password is read from the environment variable {PASSWORD_VARIABLE} or from"
        " --password-file. Exit status: 0 nothing lost, 1 otherwise, 2 wrong usage.",
    )
    made.add_argument("--host", required=True, help="address of the service")
    made.add_argument("--port", type=int, default=5432, help="port of PostgreSQL (5432)")
    made.add_argument("--dbname", default="", help="database; without it no rows are inserted")
    made.add_argument("--user", default="", help="database user (default: as the database)")
    made.add_argument("--password-file", type=Path, help="file whose first line is the password")
    made.add_argument("--table", default="measuring_client", help="table, created when missing")
    made.add_argument("--http-port", type=int, default=80, help="port of the web server (80)")
    made.add_argument("--path", default="/", help="page to fetch (/); empty: fetch none")
    made.add_argument("--marker", default="", help="text the page must contain")
    made.add_argument("--session-path", default="", help="page of the sample application")
    made.add_argument(
        "--session-pattern",
        default=r"visits?\D{0,40}?(\d+)",
        help="regular expression whose first group is the session's visit count",
    )
    made.add_argument("--rate", type=float, default=50.0, help="rows and pages per second (50)")
    made.add_argument("--seconds", type=float, help="end after this time (default: end of stdin)")
    made.add_argument("--out", type=Path, required=True, help="file for the JSON lines")
    made.add_argument(
        "--verify-seconds", type=float, default=60.0, help="longest wait for the last read (60)"
    )
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the client until its time is over or its standard input ends."""
    options = parser().parse_args(argv)
    problem = check(options)
    if problem:
        print(f"client: {problem}", file=sys.stderr)
        return 2
    recorder = Recorder(options.out)
    run = uuid.uuid4().hex[:12]
    recorder.write("start", run=run, host=options.host, rate=options.rate)
    stop = threading.Event()
    database = database_of(options)
    workers = workers_of(options, database, run, recorder, stop)
    for worker in workers:
        worker.start()
    with contextlib.suppress(KeyboardInterrupt):
        wait(options.seconds, options.out)
    stop.set()
    for worker in workers:
        worker.join(10.0)
    summary = summarise(options, database, run)
    recorder.write("summary", **summary)
    recorder.close()
    print(json.dumps(summary), flush=True)
    return 0 if summary["ok"] else 1


def check(options: argparse.Namespace) -> str:
    """The error in the options, as a sentence; empty if there is none."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,40}", options.table):
        return f"--table {options.table}: a table name is lower case letters, digits and _"
    if not 0 < options.rate <= 1000:
        return f"--rate {options.rate}: between 0 and 1000 a second"
    if not options.dbname and not options.path:
        return "nothing to do: give --dbname or --path"
    if options.dbname and not password_of(options):
        return f"no password: set {PASSWORD_VARIABLE} or give --password-file"
    return ""


def password_of(options: argparse.Namespace) -> str:
    """The password, from the file or the environment; never from the command line."""
    if options.password_file:
        lines = options.password_file.read_text(encoding="utf-8").splitlines()
        return lines[0] if lines else ""
    return os.environ.get(PASSWORD_VARIABLE, "")


def database_of(options: argparse.Namespace) -> Database | None:
    """The database, None if no rows are inserted."""
    if not options.dbname:
        return None
    return Database(
        host=options.host,
        port=options.port,
        name=options.dbname,
        user=options.user or options.dbname,
        password=password_of(options),
        table=options.table,
    )


def workers_of(
    options: argparse.Namespace,
    database: Database | None,
    run: str,
    recorder: Recorder,
    stop: threading.Event,
) -> list[threading.Thread]:
    """A thread for each thing to measure."""
    beat = 1.0 / options.rate
    workers: list[threading.Thread] = []
    if database:
        workers.append(RowWriter(database, run, beat, recorder, stop))
    if options.path:
        page = Page(options.host, options.http_port, options.path, options.marker)
        workers.append(PageReader(page, beat, recorder, stop))
    if options.session_path:
        page = Page(options.host, options.http_port, options.session_path, deadline_s=5.0)
        pattern = re.compile(options.session_pattern, re.IGNORECASE)
        workers.append(SessionKeeper(page, pattern, 2.0, recorder, stop))
    return workers


def wait(seconds: float | None, out: Path) -> None:
    """Until the time is over or standard input ends; shows one live line on a terminal."""
    until = None if seconds is None else time.monotonic() + seconds
    live = Live(out) if sys.stderr.isatty() else None
    while until is None or time.monotonic() < until:
        if live:
            live.show()
        left = 0.5 if until is None else min(0.5, max(0.0, until - time.monotonic()))
        if until is not None:
            time.sleep(left)
        elif select.select([sys.stdin], [], [], left)[0] and not os.read(sys.stdin.fileno(), 4096):
            break
    if live:
        print(file=sys.stderr)


class Live:
    """One line on the terminal with the present view of the service."""

    def __init__(self, out: Path) -> None:
        self._follower = Follower(out)
        self._served: dict[str, float] = {}
        self._count: Counter[str] = Counter()

    def show(self) -> None:
        """Bring the line up to date."""
        for record in self._follower.more():
            name = f"{record['kind']} {record.get('outcome', '')}"
            self._count[name] += 1
            if name in ("row ack", "page ok"):
                self._served[record["kind"]] = record["mono"]
        now = time.monotonic()
        parts = [
            f"{label} {self._count[f'{kind} {good}']} ok, last {now - self._served[kind]:.1f} s ago"
            for kind, good, label in (("row", "ack", "rows"), ("page", "ok", "pages"))
            if kind in self._served
        ]
        text = " · ".join(parts) or "not served yet"
        print(f"\r{text} · unknown {self._count['row unknown']}\x1b[K", end="", file=sys.stderr)


def summarise(options: argparse.Namespace, database: Database | None, run: str) -> dict[str, Any]:
    """The totals of the run; reads the table back."""
    records = list(read(options.out))
    begin, end = records[0]["mono"], records[-1]["mono"]
    pages = Counter(r["outcome"] for r in records if r["kind"] == "page")
    sessions = Counter(r["outcome"] for r in records if r["kind"] == "session")
    summary: dict[str, Any] = {"run": run, "seconds": round(end - begin, 3), "ok": True}
    if database:
        acks = [r["mono"] for r in records if r["kind"] == "row" and r["outcome"] == "ack"]
        table = read_numbers(database, run, options.verify_seconds)
        summary["verified"] = table is not None
        summary["longest_gap_s"] = round(longest_gap(acks, begin, end).seconds, 3)
        rows = outcomes(records)
        if table is None:
            summary["ok"] = False
            summary["acknowledged"] = sum(outcome == "ack" for outcome in rows.values())
        else:
            account = settle(rows, table)
            summary.update(account.as_dict())
            summary["ok"] = account.clean
    summary["pages"] = dict(pages)
    summary["sessions"] = dict(sessions)
    return summary
