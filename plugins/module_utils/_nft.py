# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of the cluster's own table of nftables, and who else decides about its packets."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

TABLE = "inet failover_cluster"
MARK = "failover.cluster"
"""In the comment of each rule of ours, wherever it stands."""
DROPS = ("drop", "reject")


def table(accept: Sequence[str], guard: Sequence[str]) -> str:
    """Return the file that replaces the table in one step. Its digest is the table's comment."""
    rules = "".join(f"    {rule}\n" for rule in (*accept, *guard))
    return (
        "# Written by failover.cluster; changes are overwritten.\n"
        f"table {TABLE}\n"
        f"delete table {TABLE}\n"
        f"table {TABLE} {{\n"
        f'  comment "{MARK} {digest(rules)}"\n'
        "  chain input {\n"
        # Before the usual chains: what they drop is dropped all the same.
        "    type filter hook input priority filter - 5; policy accept;\n"
        f"{rules}"
        "  }\n"
        "}\n"
    )


def chain(accept: Sequence[str]) -> str:
    """Return the file for an include within a chain of somebody else."""
    lines = [
        "# Written by failover.cluster; changes are overwritten.",
        '# For a chain of your own that drops: include "/etc/failover-firewall/accept.nft"',
        *accept,
    ]
    return "\n".join(lines) + "\n"


def digest(rules: str) -> str:
    """Identifies a set of rules."""
    return hashlib.sha256(rules.encode()).hexdigest()[:16]


def comment(text: str) -> str:
    """Return the comment of the table in a file or in the output of nft, "" if there is none."""
    for line in text.splitlines():
        word, _space, rest = line.strip().partition(" ")
        if word == "comment" and rest.startswith(f'"{MARK} '):
            return rest.strip('"')
    return ""


def accepted(text: str) -> list[str]:
    """Return the rules of a file that let something in."""
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if " accept " in line and f'comment "{MARK}:' in line]


def blocking(listed: str) -> list[str]:
    """Return the chains of others that drop what they do not accept, and have no rule of ours.

    listed: the output of nft -j list ruleset.
    """
    try:
        entries = json.loads(listed)["nftables"]
    except (ValueError, LookupError, TypeError):
        return []
    chains = [entry["chain"] for entry in entries if "chain" in entry]
    rules = [entry["rule"] for entry in entries if "rule" in entry]
    found = []
    for one in chains:
        name = f"{one.get('family')} {one.get('table')} {one.get('name')}"
        ours = f"{one.get('family')} {one.get('table')}" == TABLE
        if one.get("hook") != "input" or one.get("type") != "filter" or ours:
            continue
        inside = [rule for rule in rules if _of(rule, one)]
        drops = one.get("policy") == "drop" or (inside and _ends(inside[-1]))
        if drops and not any(str(rule.get("comment", "")).startswith(MARK) for rule in inside):
            found.append(name)
    return found


def _of(rule: dict[str, Any], one: dict[str, Any]) -> bool:
    keys = ("family", "table")
    same = all(rule.get(key) == one.get(key) for key in keys)
    return same and rule.get("chain") == one.get("name")


def _ends(rule: dict[str, Any]) -> bool:
    """Whether a rule drops everything that comes to it."""
    statements = [name for part in rule.get("expr", ()) for name in part]
    return any(name in DROPS for name in statements) and "match" not in statements
