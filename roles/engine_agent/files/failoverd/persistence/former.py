# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what this node started by an earlier configuration and the new one does not name (F79).

A restart of the daemon stops nothing, so a removed service or a replaced address runs on. The
earlier text of such a service is kept until all of it that runs here has been stopped.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from failoverd.formats.strictjson import JsonError, loads
from failoverd.resources.graph import CycleError, Graph, order
from failoverd.resources.settings import ResourceSettings
from failoverd.system.files import read_json, write_whole

Sections = dict[str, dict[str, Any]]
PREFIX = "former "


class Former:
    """Keeps these texts (0600) as long as this node holds the service."""

    def __init__(self, path: Path, held: Callable[[str], bool]) -> None:
        self._path = path
        self._held = held
        self._kept: Sections = {}

    def merge(self, old: str, new: str) -> str:
        """The new cluster.json, and what has to be stopped of the old one; both are valid."""
        named = _sections(_parsed(new).get("services"))
        kept = _sections(self._read())
        kept = {**_sections(_parsed(old).get("services")), **kept}
        self._kept = {
            name: text
            for name, text in kept.items()
            if self._held(name) and text.get("resources") != named.get(name, {}).get("resources")
        }
        self._write()
        document = _parsed(new)
        if self._kept:
            document["services"] = [
                *(self._changed(text) for text in named.values()),
                *({**t, "retired": True} for n, t in self._kept.items() if n not in named),
            ]
        return json.dumps(document)

    def _changed(self, text: dict[str, Any]) -> dict[str, Any]:
        before = self._kept.get(text["name"])
        if before is None:
            return text
        # Without resources the text is damaged: the reader refuses it, and a warning says so.
        return {**text, "before": {"resources": before.get("resources", "damaged")}}

    def forget(self, service: str) -> None:
        """Forget its earlier text: nothing of it runs here any more."""
        if self._kept.pop(service, None) is not None:
            self._write()

    def _read(self) -> Any:
        try:
            return read_json(self._path)
        except (OSError, JsonError):
            return []

    def _write(self) -> None:
        """If the write fails, only this life knows the texts; later lives do not."""
        with contextlib.suppress(OSError):
            if self._kept or self._path.exists():
                write_whole(self._path, json.dumps(list(self._kept.values())), durable=True)


def joined(
    now: Iterable[ResourceSettings], before: Iterable[ResourceSettings]
) -> tuple[Graph, dict[str, ResourceSettings]]:
    """The graph of all resources that may be up, and those that only the earlier text names."""
    now, before = tuple(now), tuple(before)
    names = {b.name: same(b, now) or f"{PREFIX}{b.name}" for b in before}
    gone = {names[b.name]: b for b in before if names[b.name].startswith(PREFIX)}
    known: dict[str, tuple[str, ...]] = {n.name: n.after for n in now}
    full = {**known, **{name: _after(b, names) for name, b in gone.items()}}
    for b in before:
        if names[b.name] not in gone:
            more = tuple(name for name in _after(b, names) if name in gone)
            full[names[b.name]] = (*known[names[b.name]], *more)
    try:
        order(full)
    except CycleError:
        # Both orders together make a circle: drop the part that only the old one has.
        alone = {n: tuple(x for x in _after(b, names) if x in gone) for n, b in gone.items()}
        full = {**known, **alone}
    return full, gone


def _after(settings: ResourceSettings, names: dict[str, str]) -> tuple[str, ...]:
    return tuple(names[name] for name in settings.after)


def same(settings: ResourceSettings, others: Iterable[ResourceSettings]) -> str:
    """The name of the equal resource among the others; "" if there is none.

    Options that do not identify a resource are not compared (compare=False).
    """
    what = (settings.type, settings.options)
    return next((o.name for o in others if (o.type, o.options) == what), "")


def _parsed(text: str) -> dict[str, Any]:
    try:
        found = loads(text)
    except JsonError:
        return {}
    return found if isinstance(found, dict) else {}


def _sections(services: Any) -> Sections:
    """The sections by name of the service. The reader judges everything that is not a section."""
    result = {}
    for entry in services if isinstance(services, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            result[entry["name"]] = entry
    return result
