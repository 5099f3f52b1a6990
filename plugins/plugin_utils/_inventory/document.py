# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The specification as documentation: the page docs/configuration.md and argument_specs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._daemon import fencing
from .._engines import ENGINES, obeying
from .kinds import Key, Kind, Text
from .nested import Each, ListOf
from .reading import Items
from .specification import VARIABLES

HEAD = """<!-- SPDX-FileCopyrightText: failover.cluster contributors -->
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Made by make docs from plugins/plugin_utils/_inventory. -->
# Configuration

A cluster is a group of hosts with the variables below. One inventory may hold several
clusters. If a value differs from node to node, write it as a mapping
(`{node1: eth0, node2: ens3}`) or as variables of the hosts. Durations are in seconds.

`ansible-playbook failover.cluster.validate` checks all clusters of an inventory and contacts no
host. It reports everything that is wrong at once. If a cluster is refused, only its own hosts fail.
`-e cluster=NAME` checks one cluster alone. A variable `failover_*` that is not listed here is an
error. `ansible-doc -t role failover.cluster.prepare` shows the same in the terminal.

Keep passwords in an Ansible vault. On the nodes they lie in files that only root can read.
"""


def page() -> str:
    """Return the page docs/configuration.md."""
    parts = [HEAD]
    for name, key in VARIABLES.items():
        said = f"{key.text} Takes: {key.kind.says()}.{_given(key)}{_obeyed(name)}"
        parts.append(f"\n## {name}\n\n{said}\n")
        if name == "failover_engine":
            parts.append("\n| engine | nodes | what it is |\n|---|---|---|\n")
            parts += [f"| `{one.name}` | {one.span()} | {one.text} |\n" for one in ENGINES.values()]
        if name == "failover_unsafe":
            parts.append("\n| risk | what it means |\n|---|---|\n")
            parts += [
                f"| `{word}` | {text[0].upper()}{text[1:]}. |\n"
                for word, text in fencing.RISKS.items()
            ]
        rows = list(_rows(key.kind, ""))
        if rows:
            parts.append("\n| key | takes | if it is not given | what |\n|---|---|---|---|\n")
            parts += [f"| {' | '.join(row)} |\n" for row in rows]
    return "".join(parts)


def _obeyed(name: str) -> str:
    """Which engine obeys a variable, "" for all."""
    able = obeying(name)
    return "" if len(able) == len(ENGINES) else f" Only with the engine {' or '.join(able)}."


def _given(key: Key) -> str:
    if key.required:
        return " It must be given."
    said = _default(key)
    return f" If it is not given: {said}." if said else ""


def _default(key: Key) -> str:
    """What holds if a key is not given, "" for nothing."""
    if key.required:
        return "required"
    if key.otherwise or key.default is None:
        return key.otherwise
    if isinstance(key.default, (tuple, dict, Items)):
        return "none"
    if isinstance(key.default, bool):
        return "`true`" if key.default else "`false`"
    return f"`{key.default:g}`" if isinstance(key.default, float) else f"`{key.default}`"


def _rows(kind: Kind, before: str) -> Iterator[tuple[str, str, str, str]]:
    for name, key in kind.inside():
        path = f"{before}{name}"
        yield f"`{path}`", key.kind.says(), _default(key), key.text
        more = "[]." if isinstance(key.kind, ListOf) else "."
        yield from _rows(key.kind, f"{path}{more}")


def options() -> dict[str, Any]:
    """Return the variables as options of a role.

    The outer type is raw: Ansible's own check of arguments would quote values, and the words of
    the specification's own check are better.
    """
    return {name: _outer(key) for name, key in VARIABLES.items()}


def _outer(key: Key) -> dict[str, Any]:
    option = _option(key)
    takes = f"Takes: {key.kind.says()}.".replace("`", "")
    result = {"description": [*option["description"], takes], "type": "raw"}
    return {**result, **({"options": option["options"]} if "options" in option else {})}


def _option(key: Key) -> dict[str, Any]:
    kind = key.kind
    text = [f"{key.text}{_given(key).replace('`', '')}"]
    result: dict[str, Any] = {"description": text, "type": _type(kind)}
    if result["type"] == "list":
        result["elements"] = getattr(kind, "elements", "") or "raw"
    word = kind.kind if isinstance(kind, ListOf) else kind
    if isinstance(word, Text) and word.choices:
        result["choices"] = list(word.choices)
    if kind.secret:
        result["no_log"] = True
    inner = {name: _option(one) for name, one in kind.inside()}
    if inner:
        result["options"] = inner
    return result


def _type(kind: Kind) -> str:
    return "raw" if isinstance(kind, Each) else kind.type


def argument_specs(text: Mapping[str, Any]) -> dict[str, Any]:
    """Return the argument_specs of the role prepare with these variables in them."""
    result = {name: dict(entry) for name, entry in text.items()}
    own = {n: o for n, o in result["main"]["options"].items() if not n.startswith("failover_")}
    result["main"]["options"] = {**own, **options()}
    return result
