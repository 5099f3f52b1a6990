# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest book: sessions lie on the shared storage, entries in PostgreSQL.

Both outlive a move of the service to the other node. A WSGI application without a framework, so
that it needs nothing but the driver of the database.
"""

import configparser
import contextlib
import html
import json
import os
import re
import secrets
import time
import urllib.parse

import psycopg2

COOKIE = "guestbook"
SESSION = re.compile(COOKIE + r"=([0-9a-f]{32})(?:;|$)")
SESSION_KEPT_S = 30 * 86400
SESSIONS_KEPT = 1000
ENTRIES_SHOWN = 20
ENTRIES_KEPT = 1000
"""Anybody may write here, and the storage is that of the service: it must never fill up."""
LONGEST = {"name": 60, "words": 500}
LARGEST_POST = 10_000

TABLE = """CREATE TABLE IF NOT EXISTS guestbook (
    id bigserial PRIMARY KEY,
    written timestamptz NOT NULL DEFAULT now(),
    name text NOT NULL,
    words text NOT NULL)"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Guest book</title></head>
<body>
<h1>Guest book</h1>
<p>Your visits: <b id="visits">{visits}</b></p>
{problem}
<form method="post">
  <label>Name <input name="name" maxlength="60" required></label>
  <label>Words <input name="words" maxlength="500" required></label>
  <button>Write</button>
</form>
<ul>
{entries}
</ul>
</body>
</html>
"""


def application(environ, start_response):
    """Answer one request."""
    session, visits = visit(environ)
    status, problem, entries = "200 OK", "", []
    try:
        entries = book(environ)
    except (psycopg2.Error, OSError, configparser.Error):
        status, problem = "503 Service Unavailable", "The database does not answer."
    if "application/json" in environ.get("HTTP_ACCEPT", ""):
        kind = "application/json"
        text = json.dumps({"visits": visits, "entries": entries, "problem": problem})
    else:
        kind = "text/html; charset=utf-8"
        text = page(visits, entries, problem)
    body = text.encode()
    start_response(
        status,
        [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Set-Cookie", f"{COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax"),
        ],
    )
    return [body]


def visit(environ):
    """Count a visit; return the session's name and its number of visits."""
    directory = environ["GUESTBOOK_SESSIONS"]
    found = SESSION.search(environ.get("HTTP_COOKIE", ""))
    visits = 0
    session = found.group(1) if found else ""
    try:
        with open(os.path.join(directory, session + ".json"), encoding="utf-8") as file:
            visits = int(json.load(file)["visits"])
    except (OSError, ValueError, KeyError):
        # A name that the server does not know is never taken over from a client.
        session = secrets.token_hex(16)
        if not forget(directory):
            return session, 1
    path = os.path.join(directory, session + ".json")
    new = f"{path}.{secrets.token_hex(4)}"
    with open(new, "w", encoding="utf-8") as file:
        json.dump({"visits": visits + 1}, file)
        if visits:
            # A client that comes for the first time costs no write to the disk.
            file.flush()
            os.fsync(file.fileno())
    os.replace(new, path)
    return session, visits + 1


def forget(directory):
    """Remove sessions that nobody used for long; return whether there is room for one more."""
    oldest, left = time.time() - SESSION_KEPT_S, 0
    with os.scandir(directory) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                if entry.stat().st_mtime < oldest:
                    os.unlink(entry.path)
                else:
                    left += 1
    return left < SESSIONS_KEPT


def book(environ):
    """Write an entry, if one was sent, and return the latest."""
    settings = configparser.ConfigParser(interpolation=None)
    with open(environ["GUESTBOOK_DATABASE"], encoding="utf-8") as file:
        settings.read_file(file)
    connection = psycopg2.connect(connect_timeout=3, **settings["database"])
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute("SET client_min_messages = warning")
            cursor.execute(TABLE)
            sent = form(environ) if environ["REQUEST_METHOD"] == "POST" else {}
            if sent.get("name") and sent.get("words"):
                entry = "INSERT INTO guestbook (name, words) VALUES (%(name)s, %(words)s)"
                cursor.execute(entry, sent)
                cursor.execute(
                    "DELETE FROM guestbook WHERE id <= (SELECT max(id) FROM guestbook) - %s",
                    (ENTRIES_KEPT,),
                )
            cursor.execute(
                "SELECT id, to_char(written, 'YYYY-MM-DD HH24:MI'), name, words"
                " FROM guestbook ORDER BY id DESC LIMIT %s",
                (ENTRIES_SHOWN,),
            )
            return cursor.fetchall()
    finally:
        connection.close()


def form(environ):
    """Return the fields of a form, cut to their lengths."""
    size = min(int(environ.get("CONTENT_LENGTH") or 0), LARGEST_POST)
    fields = urllib.parse.parse_qs(environ["wsgi.input"].read(size).decode(errors="replace"))
    return {
        key: fields.get(key, [""])[0].replace("\0", "").strip()[:length]
        for key, length in LONGEST.items()
    }


def page(visits, entries, problem):
    """Return the page as HTML."""
    lines = [
        f"  <li>{html.escape(written)} <b>{html.escape(name)}</b>: {html.escape(words)}</li>"
        for _number, written, name, words in entries
    ]
    return PAGE.format(
        visits=visits, problem=f"<p>{problem}</p>" if problem else "", entries="\n".join(lines)
    )
