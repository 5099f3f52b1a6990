# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""SCRAM-SHA-256 secrets as PostgreSQL stores them (RFC 5802), so that no password is in SQL."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re

ITERATIONS = 4096


def make(password: str, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """Return the secret of a password of printable ASCII characters."""
    salt = os.urandom(16) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client = hmac.new(salted, b"Client Key", hashlib.sha256).digest()
    stored = hashlib.sha256(client).digest()
    server = hmac.new(salted, b"Server Key", hashlib.sha256).digest()

    def text(value: bytes) -> str:
        return base64.b64encode(value).decode()

    return f"SCRAM-SHA-256${iterations}:{text(salt)}${text(stored)}:{text(server)}"


def verify(secret: str, password: str) -> bool:
    """Whether a stored secret belongs to a password."""
    try:
        kind, middle, _keys = secret.split("$")
        iterations, salt = middle.split(":")
        made = make(password, base64.b64decode(salt), int(iterations))
    except (ValueError, TypeError):
        return False
    return kind == "SCRAM-SHA-256" and hmac.compare_digest(made, secret)


def masked(text: str) -> str:
    """The text without verifiers: whoever has one can try passwords against it."""
    return re.sub(r"SCRAM-SHA-256\$[^'\"\s]*", "***", text)
