# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of applications. Each is one file of this folder; nothing else names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import _registry
from ._base import Application

KINDS: Mapping[str, Application] = _registry.found(__name__, __file__)


def of(application: Mapping[str, Any]) -> Application:
    """The kind of an application of a model."""
    return KINDS[application["kind"]]


def each(
    services: Any,
) -> Iterator[tuple[Application, str, Mapping[str, Any], dict[str, Any]]]:
    """Kind, place, service and application, for all of some services."""
    for service in services:
        for index, application in enumerate(service["applications"]):
            where = f"{service['where']}.applications[{index}]"
            yield of(application), where, service, application


def used(model: Mapping[str, Any]) -> list[Application]:
    """The kinds that a model has, in the order of their names."""
    names = {a["kind"] for service in model["services"] for a in service["applications"]}
    return [kind for name, kind in KINDS.items() if name in names]
