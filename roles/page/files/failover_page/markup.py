# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of HTML that the sections of the page are made of."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from html import escape

CLOCK = "%Y-%m-%d %H:%M:%S"


def headed(head: str, inside: str) -> str:
    """A head, and what belongs to it."""
    return f"<h2>{escape(head)}</h2>{inside}"


def facts(found: Iterable[tuple[str, str]]) -> str:
    """Names, and HTML."""
    return f"<dl>{''.join(f'<dt>{escape(k)}</dt><dd>{v}</dd>' for k, v in found)}</dl>"


def table(caption: str, heads: Iterable[str], rows: Sequence[Sequence[str]]) -> str:
    """A table that scrolls by itself where it is too wide, also by keyboard."""
    top = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    label = escape(caption)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>'
        f"<caption>{label}</caption><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def badge(word: str, kind: str) -> str:
    """A state as a word on its colour."""
    return f'<span class="badge {kind}">{escape(word)}</span>'


def whole(said: str) -> str:
    """A short text that is not broken into lines."""
    return f'<span class="whole">{escape(said)}</span>' if said else ""


def english(said: str) -> str:
    """What the daemon says."""
    return f'<span lang="en">{escape(said)}</span>' if said else ""


def stamp(at: float | None) -> str:
    """A moment by the clock of the node."""
    try:
        there = time.localtime(at)
        if at is None or at < 0:
            return ""
        iso = time.strftime("%Y-%m-%dT%H:%M:%S%z", there)
        return f'<time datetime="{iso}">{time.strftime(CLOCK, there)}</time>'
    except (ValueError, OverflowError, OSError):
        return ""


def count(value: float | None) -> str:
    """A whole number; nothing for None."""
    return "" if value is None else f"{value:.0f}"


def size(value: float) -> str:
    """Bytes in their unit."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.3g} {unit}" if unit != "B" else f"{value:.0f} B"
        value /= 1024
    return f"{value:.3g} TiB"
