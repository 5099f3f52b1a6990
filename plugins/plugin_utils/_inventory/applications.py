# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""applications of a service. What each kind takes stands in its own file (_applications/)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._applications import KINDS
from .._applications._base import COMMON, Application
from .._problems import Problem, kind_of, refuse
from .kinds import Key, Kind
from .nested import Keys, ListOf, read_keys
from .reading import Read, Scope, same

BUNDLED = {name: kind for name, kind in KINDS.items() if kind.bundled}
OTHERS = {name: kind for name, kind in KINDS.items() if not kind.bundled}


def _known() -> str:
    written = [*BUNDLED, *(kind.written for kind in OTHERS.values())]
    return f"known are {', '.join(written[:-1])} and {written[-1]}."


class Applied(Kind):
    """One application: a mapping with its kind, and what belongs to it."""

    type = "raw"

    def read(self, where: str, value: Any, scope: Scope) -> Read:
        same(where, value)
        if isinstance(value, str):
            value = {value: {}}
            if next(iter(value)) not in BUNDLED:
                refuse(where, next(iter(value)), f"is not an application; {_known()}")
        if not isinstance(value, Mapping):
            refuse(where, value, "is neither a name nor a mapping.")
        found = next((kind for name, kind in OTHERS.items() if name in value), None)
        if found is not None:
            return self._settings(found, where, where, value, scope)
        name = next(iter(value), "")
        if len(value) != 1 or name not in BUNDLED:
            raise Problem(f"{where}: {kind_of(value)} is not an application; {_known()}")
        given = {} if value[name] is None else value[name]
        return self._settings(BUNDLED[name], where, f"{where}.{name}", given, scope)

    def _settings(
        self, kind: Application, where: str, place: str, value: Any, scope: Scope
    ) -> Read:
        result = read_keys(place, value, {**kind.keys, **COMMON}, scope)
        result.update(kind=kind.name, where=where, settings_at=place)
        return result

    def says(self) -> str:
        return f"{', '.join(f'`{name}`' for name in BUNDLED)}, or mapping"

    def inside(self) -> Any:
        for name, kind in BUNDLED.items():
            yield name, Key(Keys({**kind.keys, **COMMON}), f"Settings of the bundled {name}.")
        shared = [n for kind in OTHERS.values() for n in kind.keys]
        for name, kind in OTHERS.items():
            for word, key in kind.keys.items():
                if shared.count(word) == 1:
                    more = "" if word == name else f" (With {name}.)"
                    yield word, Key(key.kind, key.text + more, False, key.default, key.otherwise)
        for word in dict.fromkeys(word for word in shared if shared.count(word) > 1):
            having = [kind for kind in OTHERS.values() if word in kind.keys]
            key = having[0].keys[word]
            more = f" (With {', '.join(kind.name for kind in having)}.)"
            said = ", or ".join(dict.fromkeys(kind.keys[word].otherwise for kind in having))
            yield word, Key(key.kind, key.text + more, False, key.default, said)
        yield from COMMON.items()


APPLICATIONS = ListOf(Applied())
