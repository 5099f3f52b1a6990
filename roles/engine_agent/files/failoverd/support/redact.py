# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes secrets out of text: those that this node knows, and what looks like one.

Nothing of a JSON line is replaced that would make it invalid, so a journal can still be replayed.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

from failoverd.rules.secrets import is_secret

HIDDEN = "***"
LEAST = 4
"""A shorter secret is only found by its name: it stands in too many other words."""
WORDS = frozenset(("true", "false", "none", "null", HIDDEN))
NAME = r"(?:passw|passphrase|secret|token|credential|api[_-]?key|access[_-]?key|community)[\w.-]*"
"""The end of a name; what stands before it does not matter."""
VALUE = r"""[^\s"'\\,;&<>(){}\[\]]+"""
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # password=x   "password": "x"   shared-secret "x";   \"token\": \"x\" in a line of JSON
    (
        re.compile(rf"""({NAME}\\*["']?\s*(?:[=:]|\s)\s*\\*["'])([^"'\\]+)""", re.IGNORECASE),
        rf"\g<1>{HIDDEN}",
    ),
    (re.compile(rf"({NAME}\s*[=:]\s*)({VALUE})", re.IGNORECASE), rf"\g<1>{HIDDEN}"),
    (re.compile(rf"(--[\w-]*{NAME}\s+)({VALUE})", re.IGNORECASE), rf"\g<1>{HIDDEN}"),
    # https://user:x@host
    (re.compile(r"""(\w://[^\s/:@"'\\]*:)[^\s/@"'\\]+@"""), rf"\g<1>{HIDDEN}@"),
    (
        re.compile(rf"(authorization\s*[:=]\s*(?:\w+\s+)?)({VALUE})", re.IGNORECASE),
        rf"\g<1>{HIDDEN}",
    ),
    (re.compile(rf"\b((?:bearer|basic)\s+)({VALUE})", re.IGNORECASE), rf"\g<1>{HIDDEN}"),
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*KEY-----|\Z)", re.DOTALL
        ),
        HIDDEN,
    ),
    # What a hash of a password looks like: crypt(3), SCRAM of PostgreSQL.
    (re.compile(r"\$[0-9a-z]{1,2}\$[./A-Za-z0-9$]{8,}"), HIDDEN),
    (re.compile(r"""SCRAM-SHA-256\$[^\s"'\\]+"""), HIDDEN),
)


def redactor(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that takes secrets out of a text. secrets: those that are known."""
    forms = {form for secret in secrets if _fit(secret) for form in spellings(secret)}
    longest_first = sorted(forms, key=len, reverse=True)
    known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def redact(text: str) -> str:
        if known is not None:
            text = known.sub(HIDDEN, text)
        for pattern, replacement in PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    return redact


def _fit(secret: str) -> bool:
    return len(secret) >= LEAST and secret.lower() not in WORDS


def spellings(secret: str) -> set[str]:
    """How a secret may be written: as it is, in JSON, in a URL, in base64."""
    plain = {secret, secret.strip()}
    coded = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    coded |= {json.dumps(form)[1:-1] for form in coded}  # a text within a text
    url = {quote(secret, safe=""), quote(secret)}
    whole = base64.b64encode(secret.encode("utf-8", "surrogateescape")).decode()
    # An odd spelling must not be shorter than what may be replaced blindly.
    return {form for form in plain | coded | url | {whole} if len(form) >= LEAST}


def values(data: Any) -> Iterator[str]:
    """Every text and number of a JSON document that holds nothing but secrets."""
    if isinstance(data, dict):
        for value in data.values():
            yield from values(value)
    elif isinstance(data, list):
        for value in data:
            yield from values(value)
    elif isinstance(data, str | int | float) and not isinstance(data, bool):
        yield str(data)


def named(data: Any) -> Iterator[str]:
    """Every text of a JSON document whose name says that it is a secret."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from values(value) if is_secret(str(name)) else named(value)
    elif isinstance(data, list):
        for before, value in zip([None, *data], data, strict=False):
            yield from values(value) if _option(before) else named(value)


def without_named(data: Any) -> Any:
    """The same document; a value whose name says that it is a secret is hidden."""
    if isinstance(data, dict):
        return {
            name: HIDDEN if is_secret(str(name)) else without_named(value)
            for name, value in data.items()
        }
    if isinstance(data, list):
        pairs = zip([None, *data], data, strict=False)
        return [HIDDEN if _option(before) else without_named(value) for before, value in pairs]
    return data


def _option(word: Any) -> bool:
    """An option of a command line whose value comes next: --password."""
    return isinstance(word, str) and word.startswith("-") and "=" not in word and is_secret(word)


ASSIGNED = re.compile(
    r"""^\s*["']?([\w.-]+)["']?(?:\s*[=:]\s*|\s+)["']?([^"'\n;]+?)["']?\s*;?\s*(?:#.*)?$""",
    re.MULTILINE,
)


def assigned(text: str) -> Iterator[str]:
    """Values of a configuration file, NAME = VALUE or NAME "VALUE";, of a secret's name."""
    for name, value in ASSIGNED.findall(text):
        if is_secret(name):
            yield value
