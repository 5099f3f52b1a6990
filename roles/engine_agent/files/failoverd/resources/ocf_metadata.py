# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the metadata of an OCF agent: its parameters and the times of its actions. Pure."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|sec|m|min|h)?\s*")
UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
DEFAULT_TIMEOUT_S = 20.0
DEFAULT_INTERVAL_S = 10.0
PROMOTED = ("Master", "Promoted")
PLAIN = ("", "Started")
TRUE = ("1", "true", "yes", "on")


class MetadataError(Exception):
    """The text is not the metadata of an agent."""


@dataclass(frozen=True)
class Metadata:
    """Times in seconds."""

    parameters: Mapping[str, bool]
    """Name -> whether it must be given."""
    timeouts: Mapping[str, float]
    interval_s: float
    """Pause between two monitor actions."""

    def timeout_s(self, action: str) -> float:
        """How long an action may take."""
        return self.timeouts.get(action, DEFAULT_TIMEOUT_S)


def parse(text: str, promoted: bool = False) -> Metadata:
    """Read the XML, and skip any output around it; raises MetadataError."""
    begin, end = text.find("<resource-agent"), text.rfind("</resource-agent>")
    if begin < 0 or end < 0:
        raise MetadataError("it prints no metadata")
    try:
        root = ET.fromstring(text[begin:end] + "</resource-agent>")
    except ET.ParseError as error:
        raise MetadataError(f"its metadata is not XML: {error}") from None
    parameters = {
        entry.get("name", ""): _required(entry)
        for entry in root.iter("parameter")
        if entry.get("name")
    }
    timeouts: dict[str, float] = {}
    interval_s = DEFAULT_INTERVAL_S
    monitors = [entry for entry in root.iter("action") if entry.get("name") == "monitor"]
    # The first one of equals.
    monitor = min(monitors, key=lambda entry: _misfit(entry, promoted), default=None)
    for entry in root.iter("action"):
        name = entry.get("name", "")
        if name == "monitor":
            if entry is not monitor:
                continue
            interval_s = _seconds(entry.get("interval"), DEFAULT_INTERVAL_S) or DEFAULT_INTERVAL_S
        timeouts[name] = _seconds(entry.get("timeout"), DEFAULT_TIMEOUT_S) or DEFAULT_TIMEOUT_S
    return Metadata(parameters, timeouts, interval_s)


def _misfit(monitor: ET.Element, promoted: bool) -> tuple[bool, int]:
    """How badly a monitor action fits: worse if it is shallow, or for another role."""
    role = monitor.get("role", "")
    wanted = PROMOTED if promoted else PLAIN
    rank = 0 if role in wanted else 2 if role in PROMOTED else 1
    return monitor.get("depth", "0") != "0", rank


def _required(entry: ET.Element) -> bool:
    return entry.get("required", "0").lower() in TRUE


def _seconds(text: str | None, default: float) -> float:
    match = DURATION.fullmatch(text or "")
    if match is None:
        return default
    return float(match[1]) * UNITS[match[2] or "s"]


def wrong(metadata: Metadata, given: Mapping[str, str]) -> str:
    """The error in the given parameters, empty if there is none."""
    for name in given:
        if name not in metadata.parameters:
            return f"has no parameter {name}; known are {', '.join(sorted(metadata.parameters))}"
    for name, required in metadata.parameters.items():
        if required and name not in given:
            return f"needs the parameter {name}"
    return ""
