# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forms of texts: names, units, URLs. Each error is the end of a sentence."""

from __future__ import annotations

import re
import urllib.parse

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
UNIT = re.compile(r"[A-Za-z0-9:_.\\@-]+\.service")
AGENT = re.compile(r"[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+")
SCRIPT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
PORTS = (1, 65535)
URL_PORTS = {"http": 80, "https": 443}


def split_url(url: str) -> urllib.parse.SplitResult | None:
    """The parts of a URL of http or https that names a host and a port that exists, else None."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port or URL_PORTS[parts.scheme]
    except (ValueError, KeyError):
        return None
    return parts if parts.hostname and PORTS[0] <= port <= PORTS[1] else None


def check_url_problem(url: str) -> str:
    """The error in the URL of a check, empty if there is none. The URL must hold no secret."""
    parts = split_url(url)
    if " " in url:
        return "holds a space; write %20"
    if parts is None or "@" in parts.netloc or not url.isascii() or not url.isprintable():
        return "is not a URL such as http://127.0.0.1:80/path"
    return ""


def hook_url_problem(url: str) -> str:
    """The error in the URL of a webhook, empty if there is none. The URL is a secret."""
    if not url.startswith(("https://", "http://")):
        return "does not begin with https:// or http://"
    return "" if split_url(url) else "names no host, or a port that does not exist"


def pattern_problem(pattern: str) -> str:
    """The error in a regular expression, empty if there is none."""
    try:
        re.compile(pattern.encode())
    except (re.error, OverflowError, RecursionError, UnicodeEncodeError):
        # The text of the library may quote the pattern, which must not be shown.
        return "is not a regular expression"
    return ""


def mail_problem(address: str) -> str:
    """The error in a mail address, empty if there is none."""
    right = "@" in address and " " not in address and address.isprintable()
    return "" if right else "is not a mail address"
