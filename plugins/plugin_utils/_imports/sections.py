# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration with braces holds: statements, and sections in sections."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Section:
    """A section: its words, its statements, and the sections in it."""

    words: tuple[str, ...] = ()
    statements: list[tuple[str, ...]] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)

    def first(self, name: str) -> tuple[str, ...]:
        """The values of the last statement of a name, () if there is none."""
        found = [words[1:] for words in self.statements if words[0] == name]
        return found[-1] if found else ()

    def value(self, name: str) -> str:
        """The first of these values, "" if there is none."""
        return next(iter(self.first(name)), "")

    def has(self, name: str) -> bool:
        """Whether a flag is set: alone, or with yes."""
        found = [words[1:] for words in self.statements if words[0] == name]
        return bool(found) and (found[-1] or ("yes",))[0] not in ("no", "false", "off")

    def named(self, name: str) -> list[Section]:
        """The sections of a name."""
        return [section for section in self.sections if section.words[0] == name]
