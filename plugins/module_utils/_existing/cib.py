# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the secrets out of a CIB, and what is no configuration."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from .redact import MASK, SECRET_KEY

LONGEST = 4 * 1024 * 1024
HARMLESS = re.compile(
    r"(pcmk_[a-z_]+|ip|ipaddr|ip_address|ipport|port|plug|hostname|lanplus|ssl|ssl_insecure|method"
    r"|power_wait|delay|devices|device|secure|cipher|systems_uri|uuid|action)"
)
"""Parameters of a fence device that are no secrets."""


def clean(text: str) -> str:
    """Return the configuration of a CIB without secrets, "" for a text that is none."""
    # An entity may grow without end, or read another file; no CIB has one.
    if len(text) > LONGEST or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return ""
    try:
        cib = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return ""
    configuration = cib.find("configuration") if cib.tag == "cib" else None
    if configuration is None:
        return ""
    for primitive in [*configuration.iter("primitive"), *configuration.iter("template")]:
        fences = primitive.get("class") == "stonith"
        for pair in primitive.iter("nvpair"):
            name = pair.get("name", "")
            if SECRET_KEY.search(name) or (fences and not HARMLESS.fullmatch(name)):
                pair.set("value", MASK)
    for pair in configuration.iter("nvpair"):
        if SECRET_KEY.search(pair.get("name", "")):
            pair.set("value", MASK)
    for alert in configuration.iter("recipient"):
        alert.set("value", MASK)
    for acls in configuration.findall("acls"):
        configuration.remove(acls)
    return ElementTree.tostring(configuration, encoding="unicode")
