# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is told of alerts: completing, checking, and what of it is a secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ._problems import Problem, Problems

SECRET = ("url", "password")


def complete(channels: Sequence[Any], problems: Problems) -> None:
    """Give each one its name, and refuse what would show a secret."""
    names: set[str] = set()
    for channel in channels:
        with problems:
            channel.setdefault("name", channel["method"])
            if channel["name"] in names:
                raise Problem(
                    f"{channel['where']}.name: {channel['name']} is used twice; it must be unique."
                )
            names.add(channel["name"])
        with problems:
            if "password" in channel and channel.get("encryption") == "none":
                raise Problem(
                    f"{channel['where']}.encryption: none would show the password on the network."
                )


def public(channel: Mapping[str, Any]) -> dict[str, Any]:
    """What may be read by anybody."""
    return {key: item for key, item in channel.items() if key not in (*SECRET, "where")}


def secret(channel: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept in a file of its own."""
    return {key: item for key, item in channel.items() if key in SECRET}
