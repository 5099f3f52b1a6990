# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl ready: whether a failover would succeed now, for people and for monitoring."""

from __future__ import annotations

import json

from failoverd.formats.text import printable
from failoverd.system.terminal import say

from .client import NotRunning, ask

TYPE_CHECKING = False
"""The module typing itself takes as long to load as all that is needed here."""
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LOOK_S = 120.0
OK, UNKNOWN = 0, 3
STATUS = {"ok": OK, "warning": 1, "critical": 2, "unknown": UNKNOWN}
"""As monitoring plugins have it."""
WORDS = {
    "ok": "READY",
    "warning": "READY, WITH WARNINGS",
    "critical": "NOT READY",
    "unknown": "NOT KNOWN",
}
MARKS = {"ok": " ", "warning": "!", "critical": "X", "unknown": "?"}


def asked(service: str) -> dict[str, Any]:
    """What the daemon says. Raises NotRunning, TimeoutError."""
    return ask({"op": "ready", "service": service}, LOOK_S)


def show(service: str, as_json: bool, question: Callable[[str], dict[str, Any]] = asked) -> int:
    """Ask, print the answer, and return the exit status. question: that of another engine."""
    try:
        answer = question(service)
    except (NotRunning, TimeoutError) as error:
        answer = {"ok": False, "text": str(error) or "no answer in time"}
    if not answer.get("ok"):
        text = str(answer.get("text", "refused"))
        say(
            json.dumps({"format": 1, "level": "unknown", "text": text})
            if as_json
            else f"NOT KNOWN: {text}"
        )
        return UNKNOWN
    if as_json:
        print(json.dumps({key: value for key, value in answer.items() if key != "ok"}))
    else:
        say("\n".join(lines(answer)))
    return STATUS.get(str(answer.get("level")), UNKNOWN)


def lines(answer: dict[str, Any]) -> list[str]:
    """The text, one service after the other; the first line of each says all that matters."""
    result = []
    for service in answer["services"]:
        reason = f": {service['reason']}" if service["reason"] else ""
        head = f"{service['name']} {WORDS[service['level']]}{reason}{span(service['seconds'])}"
        result.append(head)
        for item in service["items"]:
            result.append(f" {MARKS[item['level']]} {item['what']:<10} {item['text']}")
            if item["remedy"]:
                result.append(f"   {'':<10} -> {item['remedy']}")
    return [printable(line) for line in result]


def span(seconds: Any) -> str:
    """How long a failover would take, as the end of a line."""
    if not seconds:
        return ""
    least, most = seconds
    return (
        f" (a failover takes {least:g} s)"
        if least == most
        else (f" (a failover takes {least:g} to {most:g} s)")
    )
