# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of the heartbeats while one takes the place of another, without a failover (F68).

The nodes keep three secrets: key signs, key-next is the one that shall sign, key-old signed before.
The file of a daemon holds one key a line: the first one signs, and each of them is accepted. It is
replaced at once, so a daemon never reads half of a step. A new key comes in three steps, and both
daemons must run with one before the next begins:

1. Both accept the new key; the present one signs.
2. The new key signs; both still accept the one before.
3. Only the new key is accepted.

No step removes a secret: at the end all three are equal. A run that was interrupted between the
nodes leaves two neighbouring steps, whose daemons understand each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.failover.cluster.plugins.module_utils._engines._marks import marks

from ..._problems import Problem

NAMES = ("key", "key-next", "key-old")


def text(secrets: Mapping[str, str]) -> str:
    """Render the file: the key that signs, and those that are accepted besides."""
    key = secrets["key"]
    keys = dict.fromkeys((key, secrets.get("key-next", key), secrets.get("key-old", key)))
    return "".join(f"{one}\n" for one in keys)


def merged(kept: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the secrets that count, of what each node keeps. If they differ, the first wins."""
    return {name: value for one in reversed(kept) for name, value in one.items() if name in NAMES}


def plan(kept: Sequence[Mapping[str, str]], fresh: str) -> list[dict[str, Any]]:
    """Return the steps with the file of the daemon and its marks. Raises Problem."""
    present = merged(kept)
    if "key" not in present:
        raise Problem("kept: no node keeps a key; build the cluster first (playbook site).")
    return [_shown(one) for one in steps(present, fresh)]


def at_once(fresh: str) -> dict[str, Any]:
    """Return the step of a node that is alone: whatever was accepted before, nobody has it now."""
    return _shown(dict.fromkeys(NAMES, fresh))


def _shown(secrets: Mapping[str, str]) -> dict[str, Any]:
    return {"secrets": dict(secrets), "text": text(secrets), "marks": marks(text(secrets))}


def steps(secrets: Mapping[str, str], fresh: str) -> list[dict[str, str]]:
    """Return all steps from the present one to the end of the change.

    If none is under way, a change to the fresh key begins.
    """
    result = [dict(secrets)]
    while True:
        result.append(_next(result[-1], fresh))
        if _settled(result[-1]):
            return result


def _settled(secrets: Mapping[str, str]) -> bool:
    return text(secrets) == f"{secrets['key']}\n"


def _next(secrets: Mapping[str, str], fresh: str) -> dict[str, str]:
    key = secrets["key"]
    if secrets.get("key-next", key) != key:
        return {**secrets, "key": secrets["key-next"], "key-old": key}
    if secrets.get("key-old", key) != key:
        return {**secrets, "key-old": key}
    return {**secrets, "key-next": fresh}
