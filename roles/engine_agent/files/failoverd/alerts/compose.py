# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Words a message: one entry of the history, or a storm of entries. No I/O."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SHOWN = 40
"""Entries that a message lists; it counts the rest."""
SUBJECT_LENGTH = 150
WORDS = ("subject", "text", "cluster", "node", "level")


@dataclass(frozen=True)
class Message:
    """One message."""

    cluster: str
    node: str
    level: str
    subject: str
    text: str
    entries: tuple[Mapping[str, Any], ...]

    def as_json(self) -> dict[str, Any]:
        """All fields, for programs."""
        return {
            "format": 1,
            **{word: getattr(self, word) for word in WORDS},
            "entries": [dict(entry) for entry in self.entries],
        }


def compose(
    cluster: str, node: str, entries: Sequence[tuple[Mapping[str, Any], int]], dropped: int = 0
) -> Message:
    """Make a message of entries and their counts. dropped: number of entries that were lost."""
    alert = any(entry["level"] == "alert" for entry, _count in entries)
    first = next((e for e, _count in entries if not alert or e["level"] == "alert"), {"text": ""})
    total = sum(count for _entry, count in entries) + dropped
    more = f" (and {total - 1} more)" if total > 1 else ""
    word = "ALERT" if alert else "info"
    subject = f"[{cluster}] {word} on {node}: {first['text']}"[:SUBJECT_LENGTH] + more
    lines = [_line(entry, count) for entry, count in entries[:SHOWN]]
    hidden = dropped + sum(count for _entry, count in entries[SHOWN:])
    if hidden:
        lines.append(f"... and {hidden} more: see failoverctl history on {node}")
    return Message(
        cluster=cluster,
        node=node,
        level="alert" if alert else "info",
        subject="".join(c if c.isprintable() else " " for c in subject),
        text="\n".join(lines),
        entries=tuple(entry for entry, _count in entries[:SHOWN]),
    )


def _line(entry: Mapping[str, Any], count: int) -> str:
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry["time"]))
    mark = "!" if entry["level"] == "alert" else " "
    times = f" ({count} times)" if count > 1 else ""
    return f"{stamp} {mark} {entry['text']}{times}"


def fill(template: Any, message: Message) -> Any:
    """The template with {subject}, {text} and so on replaced in each of its texts."""
    if isinstance(template, Mapping):
        return {key: fill(item, message) for key, item in template.items()}
    if isinstance(template, list):
        return [fill(item, message) for item in template]
    if isinstance(template, str):
        parts = template.split("{")
        result = parts[0]
        for part in parts[1:]:
            word, brace, rest = part.partition("}")
            known = brace and word in WORDS
            result += f"{getattr(message, word)}{rest}" if known else "{" + part
        return result
    return template
