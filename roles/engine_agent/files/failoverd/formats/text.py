# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes text of programs, devices and operators safe to send, to write and to show (X8)."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text on one line. Control sequences and invalid characters are escaped.

    Any line break or tab becomes a space. The result can always be encoded as UTF-8.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else " "
        if character.isspace()
        else character.encode("unicode_escape").decode()
        for character in text
    )
