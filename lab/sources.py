# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Debian mirrors of the host, written for the suite of a node."""

from __future__ import annotations

from pathlib import Path

from lab.command import run
from lab.errors import LabError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def debian_sources(suite: str) -> list[str]:
    """One-line apt sources of ``suite`` at the host's own mirrors.

    :raises LabError: the host's apt knows no Debian source.
    """
    listing = run(
        ["apt-get", "indextargets", "--format", "$(CREATED_BY)|$(ORIGIN)|$(CODENAME)|$(REPO_URI)"]
    )
    return sources_for(suite, listing)


def sources_for(suite: str, listing: str) -> list[str]:
    """Translate apt's list of index targets (created-by|origin|codename|uri) to ``suite``."""
    option = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    found: dict[str, None] = {}
    for line in listing.splitlines():
        created, origin, codename, uri = (*line.split("|"), "", "", "", "")[:4]
        if created != "Packages" or origin != "Debian":
            continue
        _release, dash, pocket = codename.partition("-")
        if dash and pocket not in ("updates", "security"):
            continue
        found[f"deb {option}{uri} {suite}{dash}{pocket} main"] = None
    if not any(f" {suite} main" in line for line in found):
        raise LabError("the host's apt knows no Debian source; run apt-get update and look there")
    return list(found)
