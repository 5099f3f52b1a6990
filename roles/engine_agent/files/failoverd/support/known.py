# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets that lie on this node, so that they can be found wherever else they stand."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from failoverd.rules.secrets import is_secret
from failoverd.system.files import read_text

from .commands import Commands
from .places import Places
from .redact import assigned, named, values

ALL_SECRET = ("fencing.json", "notifications.json", "secrets.json")
"""Files of the configuration that hold nothing else."""
KEY = "key"
"""One a line."""


def secrets(places: Places, commands: Commands, units: Sequence[str]) -> set[str]:
    """Every secret that the files and the units tell. What cannot be read tells none."""
    found: set[str] = set()
    found |= set(_text(places.etc / KEY).split())
    for name in ALL_SECRET:
        found |= set(values(_json(_text(places.etc / name))))
    found |= set(named(_json(_text(places.etc / "cluster.json"))))
    found |= set(_kept(_json(_text(places.state / "last-good.json"))))
    for path in [*places.drbd(), *places.applications()]:
        found |= set(assigned(_text(path)))
    found |= set(_environments(commands, units))
    return found - {""}


def _kept(texts: Any) -> Iterator[str]:
    """The daemon's copy of its files: name -> text."""
    for name, text in texts.items() if isinstance(texts, dict) else ():
        if name == KEY:
            yield from str(text).split()
        elif name in ALL_SECRET:
            yield from values(_json(text))
        else:
            yield from named(_json(text))


def _environments(commands: Commands, units: Sequence[str]) -> Iterator[str]:
    """Of the units' variables those with the name of a secret, also from their files."""
    for unit in units:
        told = commands.run(
            "systemctl", "show", "-p", "Environment", "-p", "EnvironmentFiles", unit
        )
        for line in told.splitlines():
            name, _equals, value = line.partition("=")
            if name == "Environment":
                yield from _assignments(value)
            elif name == "EnvironmentFiles":
                yield from assigned(_text(Path(value.partition(" (")[0])))


def _assignments(text: str) -> Iterator[str]:
    try:
        words = shlex.split(text)
    except ValueError:
        words = text.split()
    for word in words:
        name, _equals, value = word.partition("=")
        if is_secret(name):
            yield value


def _text(path: Path) -> str:
    try:
        return read_text(path)
    except (OSError, ValueError):
        return ""


def _json(text: Any) -> Any:
    try:
        return json.loads(text)
    except (ValueError, TypeError):
        return {}
