# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of DRBD's configuration, of 8.x and 9 alike: statements, and sections with braces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..sections import Section

MOST_TOKENS = 50_000
DEEPEST = 12
TOKEN = re.compile(
    r'(?P<comment>#[^\n]*)|"(?P<quoted>(?:\\.|[^"\\])*)"|(?P<mark>[{};])|(?P<word>[^\s{};"#]+)'
)


class Malformed(ValueError):
    """The text is no configuration; the message is the end of a sentence."""


def parse(content: str) -> Section:
    """Read a file. Raises Malformed."""
    tokens = _tokens(content)
    top = Section()
    _fill(top, tokens, 0)
    return top


def _tokens(content: str) -> Iterator[tuple[bool, str]]:
    """Whether a token is a mark, and its text."""
    count = 0
    for found in TOKEN.finditer(content):
        if found["comment"] is not None:
            continue
        count += 1
        if count > MOST_TOKENS:
            raise Malformed("is too long")
        if found["mark"] is not None:
            yield True, found["mark"]
        else:
            yield False, found["quoted"] if found["quoted"] is not None else found["word"]


def _fill(section: Section, tokens: Iterator[tuple[bool, str]], depth: int) -> None:
    if depth > DEEPEST:
        raise Malformed("is nested too deeply")
    words: list[str] = []
    for mark, token in tokens:
        if not mark:
            words.append(token)
        elif token == ";":
            if words:
                section.statements.append(tuple(words))
            words = []
        elif token == "{":
            if not words:
                raise Malformed("has a section without a name")
            inner = Section(tuple(words))
            section.sections.append(inner)
            _fill(inner, tokens, depth + 1)
            words = []
        elif depth:
            if words:
                raise Malformed(f"lacks a semicolon behind {words[0][:40]}")
            return
        else:
            raise Malformed("closes a section that was not opened")
    if depth:
        raise Malformed(f"does not close the section {section.words[0][:40]}")
    if words:
        raise Malformed(f"lacks a semicolon behind {words[0][:40]}")
