# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is told of alerts, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ._values import Problem, mapping, name, refuse, sequence, text, unique, whole

METHODS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "mail": (("to", "from"), ("server", "port", "encryption", "username", "password")),
    "webhook": (("url",), ("body",)),
    "command": (("command",), ()),
}
"""Method: (keys that must be given, keys that may be given)."""
SECRET = ("url", "password")
ENCRYPTIONS = ("starttls", "tls", "none")


def read(value: Any) -> list[dict[str, Any]]:
    """Return the notifications; they still hold their secrets, which no sentence shows."""
    where = "failover_notifications"
    result = [
        _channel(f"{where}[{index}]", raw) for index, raw in enumerate(sequence(where, value))
    ]
    unique(where, [channel["name"] for channel in result], "name")
    return result


def public(channel: Mapping[str, Any]) -> dict[str, Any]:
    """What may be read by anybody."""
    return {key: item for key, item in channel.items() if key not in SECRET}


def secret(channel: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept in a file of its own."""
    return {key: item for key, item in channel.items() if key in SECRET}


def _channel(where: str, raw: Any) -> dict[str, Any]:
    if not isinstance(raw, Mapping):
        refuse(where, type(raw).__name__, "is not a mapping.")
    method = text(f"{where}.method", raw.get("method"), tuple(METHODS))
    required, optional = METHODS[method]
    item = mapping(where, raw, required=("method", *required), optional=("name", *optional))
    result = {"name": name(f"{where}.name", item.get("name", method)), "method": method}
    return {**result, **READERS[method](where, item)}


def _mail(where: str, item: Mapping[str, Any]) -> dict[str, Any]:
    to = [
        text(f"{where}.to[{i}]", raw) for i, raw in enumerate(sequence(f"{where}.to", item["to"]))
    ]
    if not to:
        refuse(f"{where}.to", [], "is empty; a mail needs somebody to go to.")
    sender = text(f"{where}.from", item["from"])
    for place, address in (*((f"{where}.to", one) for one in to), (f"{where}.from", sender)):
        if "@" not in address or " " in address or not address.isprintable():
            refuse(place, address, "is not a mail address.")
    result: dict[str, Any] = {"to": to, "from": sender}
    for key in ("server", "username"):
        if key in item:
            result[key] = text(f"{where}.{key}", item[key])
    if "port" in item:
        result["port"] = whole(f"{where}.port", item["port"], 1, 65535)
    if "encryption" in item:
        result["encryption"] = text(f"{where}.encryption", item["encryption"], ENCRYPTIONS)
    if "password" in item:
        result["password"] = _hidden(f"{where}.password", item["password"])
        if result.get("encryption") == "none":
            raise Problem(f"{where}.encryption: none would show the password on the network.")
    return result


def _webhook(where: str, item: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"url": _hidden(f"{where}.url", item["url"])}
    if not result["url"].startswith(("https://", "http://")):
        raise Problem(f"{where}.url: does not begin with https:// or http://.")
    if "body" in item:
        try:
            result["body"] = json.loads(json.dumps(item["body"]))
        except (TypeError, ValueError):
            raise Problem(f"{where}.body: cannot be written as JSON.") from None
    return result


def _command(where: str, item: Mapping[str, Any]) -> dict[str, Any]:
    words = sequence(f"{where}.command", item["command"])
    argv = [text(f"{where}.command[{i}]", word) for i, word in enumerate(words)]
    if not argv or not argv[0].startswith("/"):
        raise Problem(f"{where}.command: is not a list that begins with an absolute path.")
    return {"command": argv}


def _hidden(where: str, value: Any) -> str:
    """A text of one line that must not be shown."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise Problem(f"{where}: the value is not a text of one line.")
    return value


READERS = {"mail": _mail, "webhook": _webhook, "command": _command}
