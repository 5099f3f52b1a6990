# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived.conf: a statement a line, and blocks with braces."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..sections import Section

MOST_LINES = 20_000
DEEPEST = 12
NOTIFY = ("notify", "notify_master", "notify_backup", "notify_fault", "notify_stop")


@dataclass(frozen=True)
class Instance:
    """One vrrp_instance."""

    name: str
    interface: str
    priority: int
    preempts: bool
    addresses: tuple[tuple[str, str], ...]
    """Address with or without prefix, and its interface if it has one of its own."""
    programs: tuple[str, ...]
    """What it starts when its state changes."""
    checks: tuple[str, ...]
    """Names of what it watches."""


def parse(content: str) -> Section:
    """Read a file. What does not fit is left out; keepalived is as lenient."""
    top = Section()
    stack = [top]
    for line in content.splitlines()[:MOST_LINES]:
        bare = re.split(r"[#!]", line, maxsplit=1)[0]
        words: list[str] = []
        for token in re.findall(r'[{}]|"[^"]*"|[^\s{}"]+', bare):
            if token == "{" and len(stack) <= DEEPEST:
                inner = Section(tuple(words) or ("",))
                stack[-1].sections.append(inner)
                stack.append(inner)
                words = []
            elif token == "}":
                if words:
                    stack[-1].statements.append(tuple(words))
                    words = []
                if len(stack) > 1:
                    stack.pop()
            elif token != "{":
                words.append(token.strip('"'))
        if words:
            stack[-1].statements.append(tuple(words))
    return top


def instances(content: str) -> list[Instance]:
    """Return the instances that have an address."""
    found = [_instance(section) for section in parse(content).named("vrrp_instance")]
    return [one for one in found if one.addresses]


def _instance(section: Section) -> Instance:
    addresses = []
    for name in ("virtual_ipaddress", "virtual_ipaddress_excluded"):
        for block in section.named(name):
            for words in block.statements:
                device = words[words.index("dev") + 1] if "dev" in words[:-1] else ""
                addresses.append((words[0], device))
    programs = [s[1] for s in section.statements if s[0] in NOTIFY and len(s) > 1]
    checks = [
        words[0]
        for name in ("track_script", "track_process", "track_interface")
        for block in section.named(name)
        for words in block.statements
    ]
    priority = section.value("priority")
    return Instance(
        name=section.words[1] if len(section.words) > 1 else "",
        interface=section.value("interface"),
        priority=int(priority[:3]) if priority.isdecimal() else 100,
        preempts=not any(words[0] == "nopreempt" for words in section.statements),
        addresses=tuple(addresses),
        programs=tuple(dict.fromkeys(programs)),
        checks=tuple(dict.fromkeys(checks)),
    )
