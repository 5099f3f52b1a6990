# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an import has to tell: one plain sentence each, with the place that it is about."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from .text import plain

KINDS: Mapping[str, str] = {
    "refused": "This cluster cannot be described",
    "danger": "What was dangerous",
    "dropped": "What could not be carried over",
    "decide": "What you have to decide",
    "changed": "What is different in the new cluster",
    "note": "What was left out because it is not needed",
}
"""Kind of finding -> the heading over its sentences, in the order in which they are told."""
MOST = 500
"""Findings of one kind; a file of nonsense has one for each line."""


@dataclass(frozen=True)
class Finding:
    """One sentence. where: file and line, or what it is about."""

    kind: str
    where: str
    text: str


class Findings:
    """All findings of an import, each once."""

    def __init__(self) -> None:
        self._found: dict[str, list[Finding]] = {kind: [] for kind in KINDS}

    def add(self, kind: str, where: str, sentence: str) -> None:
        """Take one up."""
        finding = Finding(kind, plain(where), plain(sentence))
        of_kind = self._found[kind]
        if finding not in of_kind and len(of_kind) < MOST:
            of_kind.append(finding)

    @property
    def refused(self) -> bool:
        """Whether no inventory can describe the cluster as it is."""
        return bool(self._found["refused"])

    def all(self) -> list[Finding]:
        """Return every finding, the gravest kinds first."""
        return [finding for of_kind in self._found.values() for finding in of_kind]

    def of(self, kind: str) -> list[Finding]:
        """Return the findings of one kind."""
        return list(self._found[kind])

    def plain(self) -> list[dict[str, str]]:
        """Return them as JSON can hold them."""
        return [asdict(finding) for finding in self.all()]

    def report(self, title: str, steps: Sequence[str] = ()) -> str:
        """Return them as a text for people."""
        parts = [title, "=" * len(title), ""]
        for kind, heading in KINDS.items():
            if not self._found[kind]:
                continue
            parts += [heading, "-" * len(heading), ""]
            parts += [_item(finding) for finding in self._found[kind]]
            parts.append("")
        if steps:
            parts += ["What to do next", "---------------", ""]
            parts += [_wrapped(f"{n}. ", step) for n, step in enumerate(steps, 1)]
            parts.append("")
        return "\n".join(parts)


def _item(finding: Finding) -> str:
    place = f"{finding.where}: " if finding.where else ""
    return _wrapped("- ", place + finding.text)


def _wrapped(bullet: str, text: str) -> str:
    return textwrap.fill(
        text,
        96,
        initial_indent=bullet,
        subsequent_indent=" " * len(bullet),
        break_long_words=False,
        break_on_hyphens=False,
    )
