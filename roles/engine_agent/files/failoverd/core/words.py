# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that people read, made to fit."""

from __future__ import annotations

MORE = "…"


def shorten(text: str, longest: int) -> str:
    """The text, or as many whole words of it as fit, with a sign that there were more."""
    if len(text) <= longest:
        return text
    room = max(0, longest - len(MORE))
    kept = text[:room]
    whole = kept.rpartition(" ")[0]
    if text[room : room + 1] != " " and len(whole) >= room // 2:
        kept = whole
    return kept.rstrip(" ;:,") + MORE[:longest]
