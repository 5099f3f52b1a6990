# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells by the name of a value whether it is secret."""

from __future__ import annotations

import re

SECRET = re.compile(
    r"pass|secret|token|credential|private|api_?key|access_key|hexadecimal_kg|community",
    re.IGNORECASE,
)


def is_secret(name: str) -> bool:
    """Whether a value of this name is a secret."""
    return SECRET.search(name) is not None
