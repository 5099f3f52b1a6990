# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the applications of a service are asked whether they serve."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ._values import Problem, flag, mapping, name, number, path, refuse, sequence, text, whole

COMMON = ("name", "interval_s", "deadline_s", "confirmations")
KINDS = {
    "http": ("status", "body", "host"),
    "port": ("address",),
    "socket": (),
    "query": (
        "directory",
        "port",
        "database",
        "user",
        "account",
        "write",
        "connect_every",
        "patience_s",
    ),
    "command": (),
}
"""The key that says what is asked -> the keys that may stand beside it."""
URL = re.compile(r"https?://[A-Za-z0-9.:_\[\]-]+(?:/[\x21-\x7e]*)?")

Reader = Callable[[str, Any], Any]


def read(where: str, value: Any) -> list[dict[str, Any]]:
    """Return the checks as the daemon's configuration has them."""
    result: list[dict[str, Any]] = []
    for index, raw in enumerate(sequence(where, value)):
        result.append(_check(f"{where}[{index}]", raw))
        names = [entry.get("name", entry["type"]) for entry in result]
        if names[-1] in names[:-1]:
            raise Problem(f"{where}[{index}].name: {names[-1]} is used twice; it must be unique.")
    return result


def _check(where: str, raw: Any) -> dict[str, Any]:
    kinds = [kind for kind in KINDS if isinstance(raw, Mapping) and kind in raw]
    # A query has a port, too; a check by port has no query.
    kind = "query" if "query" in kinds else kinds[0] if kinds else ""
    if not kind:
        refuse(where, raw, f"is not a check; it has one of the keys {', '.join(KINDS)}.")
    item = mapping(where, raw, required=(kind,), optional=(*KINDS[kind], *COMMON))
    result: dict[str, Any] = {"type": "port" if kind == "socket" else kind}
    for key, given in item.items():
        field = "path" if key == "socket" else "url" if key == "http" else key
        result[field] = _reader(key)(f"{where}.{key}", given)
    return result


def _reader(key: str) -> Reader:
    """What reads the value of a key."""
    readers: dict[str, Reader] = {
        "http": _url,
        "status": _status,
        "body": _pattern,
        "command": _command,
        "query": text,
        "port": lambda w, v: whole(w, v, 1, 65535),
        "socket": path,
        "directory": path,
        "name": name,
        "account": name,
        "write": flag,
        "connect_every": lambda w, v: whole(w, v, 1, 1000),
        "patience_s": lambda w, v: number(w, v, 0, 3600),
        "interval_s": lambda w, v: number(w, v, 0.1, 3600),
        "deadline_s": lambda w, v: number(w, v, 0.1, 600),
        "confirmations": lambda w, v: whole(w, v, 1, 100),
    }
    return readers.get(key, text)


def _url(where: str, value: Any) -> str:
    url = text(where, value)
    if not URL.fullmatch(url):
        refuse(where, url, "is not a URL such as http://127.0.0.1:80/path.")
    return url


def _status(where: str, value: Any) -> list[int]:
    return [whole(f"{where}[{i}]", v, 100, 599) for i, v in enumerate(sequence(where, value))]


def _pattern(where: str, value: Any) -> str:
    pattern = text(where, value)
    try:
        re.compile(pattern)
    except re.error as error:
        refuse(where, pattern, f"is not a regular expression: {error}.")
    return pattern


def _command(where: str, value: Any) -> list[str]:
    words = [text(f"{where}[{i}]", v) for i, v in enumerate(sequence(where, value))]
    if not words or not words[0].startswith("/"):
        refuse(where, value, "does not begin with a program's absolute path.")
    return words
