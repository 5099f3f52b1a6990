# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks of one service."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol, runtime_checkable

from failoverd.system.pacing import Rest

from .base import Check, CheckSettings
from .registry import module_of
from .watcher import Watcher


@runtime_checkable
class SelfChecking(Protocol):
    """A resource with checks of its own, besides the configured ones."""

    def own_checks(self) -> list[tuple[CheckSettings, Check]]:
        """Called while the resource is up."""


class Watchers:
    """Starts when the service is up, and ends before anything is stopped."""

    def __init__(
        self, resources: Mapping[str, Any], excuse: Callable[[], str], rest: Rest = asyncio.sleep
    ) -> None:
        """resources by name; excuse tells why a failure is not that of the application."""
        self._rest = rest
        self._resources = resources
        self._excuse = excuse
        self._watchers: dict[str, list[Watcher]] = {}

    def begin(
        self,
        failed: Callable[[str, str], None],
        blind: Callable[[str, str], None] = lambda name, why: None,
    ) -> None:
        """Start checking, and call failed(resource, reason). Running checks go on.

        blind(resource, why): no result for long; with an empty why there is one again.
        """
        if self._watchers:
            return
        for name, resource in self._resources.items():
            self._watchers[name] = [
                Watcher(settings, check, self._excuse, rest=self._rest)
                for settings, check in _checks_of(resource)
            ]
            for watcher in self._watchers[name]:
                watcher.begin(partial(failed, name), partial(blind, name))

    def end(self) -> None:
        """Stop checking."""
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.end()
        self._watchers = {}

    def silent(self, name: str) -> bool:
        """Whether a check of this resource has no answer at all."""
        return any(watcher.silent for watcher in self._watchers.get(name, []))

    def report(self, name: str) -> list[dict[str, Any]]:
        """For status: the checks of one resource."""
        return [watcher.report() for watcher in self._watchers.get(name, [])]


def _checks_of(resource: Any) -> list[tuple[CheckSettings, Check]]:
    configured = resource.settings.monitor
    result = [(each, module_of(each.type).build(each.options, resource)) for each in configured]
    if isinstance(resource, SelfChecking):
        kinds = {settings.type for settings, _check in result}
        result += [own for own in resource.own_checks() if own[0].type not in kinds]
    return result
