# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""monitor of an application: the questions that are put to it while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._daemon import forms, monitors
from .._problems import Problem, refuse
from .addresses import Address
from .kinds import Flag, Key, Kind, Name, Number, Path, Text, Whole
from .nested import ListOf, read_keys
from .reading import Items, Read, Scope, same


class Judged(Text):
    """A text that a shared rule judges by the end of a sentence."""

    def __init__(self, problem: Any, words: str) -> None:
        super().__init__(words=words)
        self._problem = problem

    def read(self, where: str, value: Any, scope: Scope) -> str:
        result = super().read(where, value, scope)
        rule = self._problem(result)
        if rule:
            refuse(where, result, f"{rule}.")
        return result


class Command(ListOf):
    """A program by its absolute path, and its words."""

    def __init__(self) -> None:
        super().__init__(Text())

    def read(self, where: str, value: Any, scope: Scope) -> Items:
        words = super().read(where, value, scope)
        if words.whole and (not words or not words[0].startswith("/")):
            raise Problem(f"{where}: does not begin with a program's absolute path.")
        return words

    def says(self) -> str:
        return "list of a program's absolute path and its words"


COMMON: Mapping[str, Key] = {
    "name": Key(Name(), "Name of the check.", otherwise="what it asks by"),
    "interval_s": Key(
        Number(*monitors.CHECK["interval_s"]), "Pause between two checks.", otherwise="`2`"
    ),
    "deadline_s": Key(
        Number(*monitors.CHECK["deadline_s"]), "How long a check may take.", otherwise="`3`"
    ),
    "confirmations": Key(
        Whole(*monitors.CONFIRMATIONS),
        "Checks in a row that fail until it counts.",
        otherwise="`2`",
    ),
}
PORT = Key(Whole(*forms.PORTS), "TCP port that must take a connection.")
KINDS: Mapping[str, Mapping[str, Key]] = {
    "http": {
        "http": Key(Judged(forms.check_url_problem, "URL"), "URL that a web server must answer."),
        "status": Key(ListOf(Whole(100, 599)), "Good status codes.", otherwise="all below 500"),
        "body": Key(
            Judged(forms.pattern_problem, "regular expression"),
            "Regular expression that the answer must match.",
        ),
        "host": Key(Text(), "Host name that is sent with the question."),
    },
    "port": {
        "port": PORT,
        "address": Key(Address(loopback=True), "Address of the port.", otherwise="`127.0.0.1`"),
    },
    "socket": {"socket": Key(Path(), "Unix socket that must take a connection.")},
    "query": {
        "query": Key(Text(), "SQL that a PostgreSQL server must answer."),
        "directory": Key(Path(), "Directory of the server's socket."),
        "port": Key(Whole(*forms.PORTS), "Port of the server.", otherwise="`5432`"),
        "database": Key(Name(longest=63), "Database that is asked.", otherwise="`postgres`"),
        "user": Key(Name(longest=63), "User of the database.", otherwise="`postgres`"),
        "account": Key(Name(), "Account of the host that asks.", otherwise="`postgres`"),
        "write": Key(Flag(), "Whether the check writes, too.", otherwise="`false`"),
        "connect_every": Key(
            Whole(1, 1000), "Checks after which it connects anew.", otherwise="`5`"
        ),
        "patience_s": Key(
            Number(0, 3600), "How long a server may be busy with itself.", otherwise="`60`"
        ),
    },
    "command": {"command": Key(Command(), "Program that must end with status 0.")},
}
"""The key that says what is asked -> the keys that may stand beside it, and itself."""
FIELDS = {"http": "url", "socket": "path"}
"""Keys that are called otherwise in the daemon's configuration."""


class Check(Kind):
    """One question, as the daemon's configuration has it."""

    type = "dict"

    def read(self, where: str, value: Any, scope: Scope) -> Read:
        same(where, value)
        if not isinstance(value, Mapping):
            refuse(where, value, f"is not a check; it has one of the keys {', '.join(KINDS)}.")
        asked = [kind for kind in KINDS if kind in value]
        # A query has a port, too; a check by port has no query.
        kind = "query" if "query" in asked else asked[0] if asked else ""
        if not kind:
            raise Problem(
                f"{where}: a mapping is not a check unless it has one of the keys"
                f" {', '.join(KINDS)}."
            )
        own = {**KINDS[kind], **COMMON}
        own[kind] = Key(own[kind].kind, own[kind].text, required=True)
        item = read_keys(where, value, own, scope)
        result = Read(type="port" if kind == "socket" else kind)
        for key in item:
            dict.__setitem__(result, FIELDS.get(key, key), dict.__getitem__(item, key))
        return result

    def says(self) -> str:
        return "mapping"

    def inside(self) -> Any:
        for kind, keys in KINDS.items():
            for name, key in keys.items():
                if name == kind or name not in KINDS:
                    with_it = "" if name == kind else f" (With {kind}.)"
                    yield name, Key(key.kind, key.text + with_it, otherwise=key.otherwise)
        yield from COMMON.items()


class Checks(ListOf):
    """The questions, each with a name of its own."""

    def __init__(self) -> None:
        super().__init__(Check())

    def read(self, where: str, value: Any, scope: Scope) -> Items:
        result = super().read(where, value, scope)
        seen: list[str] = []
        for index, entry in enumerate(result):
            with scope.problems:
                name = entry.get("name", entry["type"])
                if name in seen:
                    raise Problem(
                        f"{where}[{index}].name: {name} is used twice; it must be unique."
                    )
                seen.append(name)
        return result


CHECKS = Checks()
