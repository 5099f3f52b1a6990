# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one node says becomes configuration of the other, read by root there: it is checked first.

A node that somebody took over must not take over its peer at the next site.yml (X5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from . import _net
from ._problems import Problem

SECRET = re.compile(r"[0-9a-f]{64}")
SECRET_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
HOSTNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
LONGEST = 400
"""Of a text that is shown."""
WORD = re.compile(r"[0-9A-Za-z.+~:-]{0,64}")


def secrets(node: str, said: object) -> tuple[dict[str, str], str]:
    """Return the secrets that a node keeps, and what is wrong with them, without any value."""
    if not isinstance(said, Mapping):
        return {}, f"{node}: /etc/failoverd/secrets.json does not hold secrets by name."
    sound: dict[str, str] = {}
    for name, value in said.items():
        if not SECRET_NAME.fullmatch(str(name)):
            return {}, f"{node}: /etc/failoverd/secrets.json holds a name that is none."
        if not isinstance(value, str) or not SECRET.fullmatch(value):
            return {}, (
                f"{node}: /etc/failoverd/secrets.json: {name} is not a text of 64 hexadecimal"
                " digits, so the cluster did not write it. Find out who did; then remove the file,"
                " and the secrets of the other node are taken."
            )
        sound[str(name)] = value
    return sound, ""


def check(found: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise Problem for the first answer that no honest node gives."""
    for node, info in found.items():
        for what, value, sound in _answers(info):
            if not sound:
                raise Problem(
                    f"{node}: says of {what} {str(value)[:60]!r}, which no sound node says; look at"
                    " it before anything is built with it."
                )


def _answers(info: Mapping[str, Any]) -> Iterator[tuple[str, object, bool]]:
    """What was said, of what, and whether it is of its form."""
    yield "its host name", info["nodename"], _text(info["nodename"], HOSTNAME)
    yield "its release", info["os"]["version"], _text(info["os"]["version"], WORD)
    for name, addresses in info["interfaces"].items():
        for address in addresses:
            yield f"interface {name}", address, _address(address)
    for name, account in info["accounts"].items():
        for number in (account or {}).values():
            yield f"the account {name}", number, _number(number, 1 << 32)
    for path, file in info["drbd_files"].items():
        for number in (*file["minors"], *file["ports"]):
            yield path, number, _number(number, 1 << 20)
    for name, number in info["locks"].items():
        yield f"the lock of {name}", number, _number(number, 1 << 16)
    for text in _texts(info.get("topology", {})):
        yield "what it stands on", text, len(text) <= LONGEST and text.isprintable()


def _texts(value: object) -> Iterator[str]:
    """Every text of a nested value, its keys included."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield str(key)
            yield from _texts(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


def _text(value: object, form: re.Pattern[str]) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def _number(value: object, end: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < end


def _address(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(_net.network(value))
    except ValueError:
        return False
