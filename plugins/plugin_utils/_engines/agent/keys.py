# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of the heartbeats while one takes the place of another, without a failover (F68).

The nodes keep three secrets: key signs, key-next is the one that shall sign, key-old signed before.
A daemon accepts two keys. So a new key comes in three steps, and both daemons must run with one
step before the next begins:

1. Both accept the new key; the present one signs.
2. The new key signs; both still accept the one before.
3. Only the new key is accepted.

No step removes a secret: at the end all three are equal. So a run that was interrupted between
the nodes leaves two neighbouring steps, whose daemons understand each other.
"""

from __future__ import annotations

from collections.abc import Mapping


def files(secrets: Mapping[str, str]) -> dict[str, str]:
    """Render the keys of a daemon: the one that signs, and a second one that is accepted too."""
    texts = {"key": f"{secrets['key']}\n"}
    second = _second(secrets)
    # A file that is there stays, with the key that signs: the daemon refuses an empty one.
    return {**texts, "key.old": f"{second}\n"} if second else texts


def step(secrets: Mapping[str, str], fresh: str) -> dict[str, str]:
    """Return the secrets that the next step changes. fresh: the new key, if none is on its way."""
    key = secrets["key"]
    if secrets.get("key-next", key) != key:
        return {"key": secrets["key-next"], "key-old": key}
    if secrets.get("key-old", key) != key:
        return {"key-old": key}
    return {"key-next": fresh}


def _second(secrets: Mapping[str, str]) -> str:
    key = secrets["key"]
    coming = secrets.get("key-next", key)
    return coming if coming != key else secrets.get("key-old", "")
