# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of the user's configuration that have to change; everything else in it stays."""

from __future__ import annotations

import difflib
import functools
import glob
import os
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from . import places

Edit = Callable[[str], str]
Texts = dict[str, tuple[str, str]]
"""Path -> its text before and after."""

APACHE = "/etc/apache2"
SITES = (f"{APACHE}/ports.conf", f"{APACHE}/sites-enabled/*.conf", f"{APACHE}/conf-enabled/*.conf")
LISTEN = re.compile(r"^(\s*(?:Listen\s+|<VirtualHost\s+).*)$", re.IGNORECASE | re.MULTILINE)
MANUAL = "manual"


def setting(text: str, key: str, value: str) -> str:
    """postgresql.conf with another value of a setting; the last one counts, as for the server."""
    form = re.compile(rf"^[ \t]*{re.escape(key)}[ \t=].*$", re.MULTILINE | re.IGNORECASE)
    line = f"{key} = '{value}'"
    found = list(form.finditer(text))
    if not found:
        return f"{text.rstrip(chr(10))}\n{line}\n"
    last = found[-1]
    comment = re.search(r"[ \t]*#[^']*$", last[0])
    return text[: last.start()] + line + (comment[0] if comment else "") + text[last.end() :]


def value(text: str, key: str) -> str | None:
    """What postgresql.conf says of a setting, None if it says nothing."""
    form = re.compile(
        rf"^[ \t]*{re.escape(key)}(?:[ \t]*=[ \t]*|[ \t]+)('[^']*'|[^#\s']+)",
        re.MULTILINE | re.IGNORECASE,
    )
    found = form.findall(text)
    return str(found[-1]).strip("'") if found else None


def listening(text: str, moved: Mapping[str, str]) -> str:
    """postgresql.conf that listens on the addresses of the service instead of those of the host."""
    told = value(text, "listen_addresses")
    words = [word.strip() for word in (told or "").split(",") if word.strip()]
    new = list(dict.fromkeys(moved.get(word, word) for word in words))
    return setting(text, "listen_addresses", ", ".join(new)) if new != words else text


def sites(text: str, moved: Mapping[str, str]) -> str:
    """A file of Apache with the addresses of the service in Listen and VirtualHost."""

    def line(found: re.Match[str]) -> str:
        words = found[1]
        for old, new in moved.items():
            alone = rf"(?<![\w.:]){re.escape(old)}(?![\w.])(?!:[0-9a-fA-F]*:)"
            words = re.sub(alone, new, words)
        return words

    return LISTEN.sub(line, text)


def manual(text: str) -> str:
    """start.conf of Debian's layout: the init system does not start the database."""
    form = re.compile(r"^[ \t]*(?:auto|manual|disabled)[ \t]*$", re.MULTILINE)
    return form.sub(MANUAL, text) if form.search(text) else f"{text}{MANUAL}\n"


def planned(work: Mapping[str, Any], root: str = "") -> Texts:
    """Every file that changes for a service; work is that of the plan."""
    result: Texts = {}
    moved = work["listen"]
    for one in work["databases"]:
        place = one["configuration"]
        path, start = f"{place}/postgresql.conf", f"{place}/start.conf"
        _add(result, path, functools.partial(_database, one["copy"], moved), root)
        _add(result, start, manual, root)
    for path in _sites(root) if moved else ():
        _add(result, path, lambda text: sites(text, moved), root)
    return result


def _database(copy: str, moved: Mapping[str, str], text: str) -> str:
    return listening(setting(text, "data_directory", copy), moved)


def _add(result: Texts, path: str, edit: Edit, root: str) -> None:
    try:
        with open(root + path, encoding="utf-8") as handle:
            text = handle.read()
    except OSError:
        return
    new = edit(text)
    if new != text:
        result[path] = (text, new)


def _sites(root: str) -> list[str]:
    """The files themselves: those that are enabled are links."""
    found = [path for pattern in SITES for path in sorted(glob.glob(glob.escape(root) + pattern))]
    real = [os.path.realpath(path)[len(root) :] for path in found]
    return [path for path in dict.fromkeys(real) if places.within(path, APACHE)]


def lines(texts: Texts) -> Iterator[str]:
    """A sentence for each line that changes, for people."""
    for path, (before, after) in texts.items():
        told = difflib.ndiff(before.splitlines(), after.splitlines())
        for line in told:
            if line[:2] in ("- ", "+ ") and line[2:].strip():
                yield f"{path}: {line[0]} {line[2:].strip()}"
