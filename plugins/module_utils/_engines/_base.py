# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules ask an engine on a node. The answers have one form, whichever engine it is.

A cluster has two nodes or more: no answer says "the other node".
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

Run = Callable[[Sequence[str]], tuple[int, str, str]]
"""Runs a command: its exit status, output and errors."""


class Refused(Exception):
    """The engine did not do what it was asked for; the text is the end of a sentence."""


class Engine(ABC):
    """One engine, asked on one node. It never needs another node to answer a question."""

    name: str
    """As failover_engine has it."""
    process: Sequence[str] = ()
    """How the command line of its process ends that opens the serial lines."""

    @abstractmethod
    def running(self) -> bool:
        """Whether it runs on this node."""

    @abstractmethod
    def services(self) -> list[str]:
        """Names of the services that it manages here, [] while it does not run.

        One that was removed from its configuration counts until it is stopped here.
        Raises RuntimeError when it runs and does not say.
        """

    @abstractmethod
    def configured(self) -> dict[str, dict[str, Any]]:
        """Mount point ("" for none) and units of each service that this node is configured for."""

    def held(self) -> list[str]:
        """Names of the services whose replicated device nobody else brings up here.

        An engine that takes the device down and up together with its copy names them while it
        runs.
        """
        return []

    def found(self) -> dict[str, Any]:
        """What node_info tells of it; the engine of the control host may judge more than this."""
        return {
            "running": self.running(),
            "services": self.services(),
            "configured": self.configured(),
            "held": self.held(),
        }

    @abstractmethod
    def status(self, run: Run) -> dict[str, Any]:
        """What it knows of the cluster, {} while it does not run.

        It looks at the node through run alone, because the control host asks this too. At least:

        - cluster: the name
        - node: this node
        - nodes: all nodes
        - silent: nodes that are not heard now
        - maintenance: whether it leaves everything as it is
        - standby: nodes that shall run nothing
        - services: a list. Each has name, owner (a node, or None), state ("running" and others),
          local (its state here: "stopped", "running", "unknown" before it was looked at, others),
          why (a sentence, "" if there is nothing to say)
        - health: what is wrong. It has state (ok, warning, critical) and findings, the worst first.
          Each has severity, code, about, text and remedy
        """

    @abstractmethod
    def switchover(self, run: Run, service: str, to: str, wait_s: int) -> float:
        """Move a service and wait until it runs there. Return the seconds. Raises Refused."""

    @abstractmethod
    def maintenance(self, run: Run, on: bool) -> None:
        """Leave everything as it is from now on, or no more. Raises Refused."""

    @abstractmethod
    def standby(self, run: Run, node: str, on: bool) -> None:
        """Have a node run nothing from now on, or no more. Raises Refused."""

    def ready(self, run: Run) -> dict[str, Any]:
        """Whether a failover of each service would succeed now. Raises Refused.

        - level: the worst of all services: ok, warning, critical or unknown
        - services: a list. Each has name, level, reason (a sentence, "" if all is well), seconds
          (least and most time of a failover, or None), items (what, level, text, remedy)
        """
        raise Refused(f"the engine {self.name} does not tell whether a failover would succeed.")

    def availability(self, run: Run, since: str, target: float) -> dict[str, Any]:
        """How long each service was up and down in a period. Raises Refused.

        - begin, end, target: what was asked for
        - services: a list. Each has name, known_s, unknown_s, up_s, planned_s, unplanned_s,
          failures, moves, availability (percent, None if nothing is known), budget (allowed_s,
          used_s, left_s), and more that an engine knows
        """
        raise Refused(f"the engine {self.name} keeps no account of availability.")

    def support(self, run: Run) -> dict[str, Any]:
        """Write an archive for whoever looks for a fault, without secrets. Raises Refused.

        - path: where it is, for root alone
        - bytes: its size
        - files: name -> bytes
        - left_out: names of files for which there was no room
        """
        raise Refused(f"the engine {self.name} writes no archive.")

    def keys(self, run: Run) -> dict[str, list[str]]:
        """Marks of the keys that prove to this node whose messages it hears. Raises Refused.

        Each place that holds them has its own list: the engine itself, its files. The first key
        signs, each is accepted. A mark tells keys apart and is no secret.
        """
        raise Refused(f"the engine {self.name} does not tell its keys.")

    @abstractmethod
    def confirm_fenced(self, run: Run, node: str, who: str) -> str:
        """Take a node for fenced, because a person says so. Return the answer. Raises Refused."""


def said_ready(code: int, out: str, err: str) -> dict[str, Any]:
    """What failoverctl ready --json tells. Raises Refused."""
    try:
        told: dict[str, Any] = json.loads(out)
    except ValueError:
        raise Refused(f"failoverctl ended with {code}: {(err or out)[:200]!r}.") from None
    if "services" not in told:
        raise Refused(str(told.get("text", "it gives no reason.")))
    return told
