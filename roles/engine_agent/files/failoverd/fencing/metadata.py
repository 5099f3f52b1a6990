# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the metadata of a fence agent, and finds parameters that do not fit it. Pure.

The format is specified in FenceAgentAPI.md and metadata.rng of the project fence-agents. Agents
ignore unknown parameters and unclear values of switches. Without this check, a typing error would
show on the day of the failover.
"""

from __future__ import annotations

import difflib
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass

from failoverd.rules.secrets import is_secret

TRUE = ("1", "yes", "on", "true")
FALSE = ("0", "no", "off", "false")
GIVEN = ("action", "option", "nodename")
"""Parameters that the caller sets: the action, and in the old form the name of the node."""
NEEDED = ("off", "status")
"""Needed to switch off, and to verify that it is off."""


class MetadataError(Exception):
    """The text is not the metadata of a fence agent; str() is the end of a sentence."""


@dataclass(frozen=True)
class Parameter:
    """One parameter. kind: string, boolean, integer, second, select, password."""

    name: str
    kind: str
    required: bool
    also: str = ""
    """The older name of the same parameter."""
    choices: tuple[str, ...] = ()

    @property
    def secret(self) -> bool:
        """Whether its value is secret."""
        return self.kind == "password" or is_secret(self.name)


@dataclass(frozen=True)
class Metadata:
    """An agent. fabric: it cuts a node off its storage and leaves it running."""

    parameters: Mapping[str, Parameter]
    actions: frozenset[str]
    fabric: bool


def plain(name: str) -> str:
    """Agents accept - for _ in names."""
    return name.replace("-", "_")


def parse(text: str) -> Metadata:
    """Read the XML, and skip any output around it; raises MetadataError."""
    begin, end = text.find("<resource-agent"), text.rfind("</resource-agent>")
    if begin < 0 or end < begin:
        raise MetadataError("prints no metadata")
    try:
        root = ET.fromstring(text[begin:end] + "</resource-agent>")
    except ET.ParseError as error:
        raise MetadataError(f"prints metadata that is not XML ({error})") from None
    found = [_parameter(entry) for entry in root.iter("parameter") if entry.get("name")]
    actions = list(root.iter("action"))
    return Metadata(
        {parameter.name: parameter for parameter in found},
        frozenset(entry.get("name", "") for entry in actions),
        any(entry.get("name") == "on" and entry.get("automatic") == "1" for entry in actions),
    )


def _parameter(entry: ET.Element) -> Parameter:
    content = entry.find("content")
    kind = "string" if content is None else content.get("type", "string")
    default = None if content is None else content.get("default")
    choices = [] if content is None else [o.get("value", "") for o in content.iter("option")]
    return Parameter(
        name=plain(entry.get("name", "")),
        kind=kind,
        required=entry.get("required") == "1" and default is None,
        also=plain(entry.get("obsoletes", "")),
        choices=tuple(choices),
    )


def unfit(metadata: Metadata) -> str:
    """Why the agent cannot prove that a node is gone, as the end of a sentence; empty if it can."""
    for action in NEEDED:
        if action not in metadata.actions:
            return f"has no action {action}, and a node counts as off only after its device says so"
    if metadata.fabric:
        return "cuts a node off its storage and leaves it running, with its addresses"
    return ""


def wrong(metadata: Metadata, given: Mapping[str, str]) -> tuple[str, str]:
    """The parameter that does not fit and the rule, as the end of a sentence; empty if all fit."""
    known = metadata.parameters
    names = {plain(name) for name in given}
    for raw, value in given.items():
        if raw in GIVEN:
            continue
        parameter = known.get(plain(raw))
        if parameter is None:
            alike = difflib.get_close_matches(plain(raw), known, 1)
            hint = f"{alike[0]} may be meant" if alike else f"it has {', '.join(sorted(known))}"
            return raw, f"is unknown to it; {hint}"
        rule = _value(parameter, value)
        if rule:
            shown = "" if parameter.secret else f", not {value!r}"
            return raw, f"must be {rule}{shown}"
    older = {p.also: p.required for p in known.values() if p.also}
    for parameter in known.values():
        needed = parameter.required and parameter.name not in (*GIVEN, *older)
        if needed and not names & {parameter.name, parameter.also}:
            return parameter.name, "is missing, and the agent requires it"
    return "", ""


def _value(parameter: Parameter, value: str) -> str:
    """The required form of the value, empty if it fits."""
    text = value.strip()
    if parameter.kind == "boolean":
        return "" if text.lower() in TRUE + FALSE else "true or false"
    if parameter.kind in ("integer", "second"):
        return "" if re.fullmatch(r"[+-]?\d+", text) else "a whole number"
    if parameter.choices and text.lower() not in [choice.lower() for choice in parameter.choices]:
        return f"one of {', '.join(parameter.choices)}"
    return ""
