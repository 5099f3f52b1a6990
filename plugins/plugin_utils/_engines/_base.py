# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection asks an engine on the control host. No I/O.

An engine keeps the services of a cluster. It is one file or folder here, one file of
module_utils/_engines, which asks it on a node, and one role, engine_NAME, with the entry points
main, plan, absent, leave, stopped, switchover, maintenance, confirm_fenced, forget, rotate_keys and
replace.

A model has its nodes in model["nodes"], two or more; found has what each of them answered.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._inventory.kinds import Key
from .._inventory.reading import Scope
from .._problems import Problem, Problems

NUMBERS = {1: "one", 2: "two", 3: "three"}
Model = Mapping[str, Any]
Found = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """What files of other roles name of an engine."""

    drbd: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Version of DRBD, "8" or "9" -> event of its grammar -> command that it runs then."""
    before: Sequence[str] = ()
    """Units that stop the services at a shutdown; units of applications are ordered before them.
    Such a unit has to stop an application in spite of that order."""
    status: str = ""
    """Socket that tells its status to programs without privileges, in a directory that the page
    makes; "" for none."""
    telling: Sequence[str] = ()
    """Command that answers on that socket, which systemd opens for it as its descriptor 3; empty if
    the engine itself opens the socket."""
    teller: str = ""
    """Account under which it runs, without any privilege besides."""
    account: Sequence[str] = ()
    """Command that writes availability and outages as JSON into the file that is added as its last
    argument; empty for none."""
    units: Sequence[str] = ()
    """Units of the engine itself; while one of them runs, nothing under it is undone."""
    locks: str = "own"
    """Form of the area of locks on a shared disk: own, or sfex, that of the agent of this name."""
    killable: Sequence[str] = ()
    """Those whose main process may be killed without harm to any service, as a drill does."""


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One engine. What it does not say otherwise is nothing."""

    name: str
    """In failover_engine, and in the name of its role."""
    text: str
    """What it is, for the documentation: one sentence."""
    least: int = 2
    most: int
    """Nodes that a cluster has with it, at least and at most."""
    ignores: Collection[str] = ()
    """Variables of every engine that this one does not obey; who gives one is refused."""
    variables: Mapping[str, Key] = field(default_factory=dict)
    """Variables of its own, as the specification has them; other engines refuse them."""
    needs: Sequence[str] = ()
    """Packages of the distribution, whatever the model is."""
    stock: Mapping[str, str] = field(default_factory=dict)
    """Unit that a package of the distribution brings along and starts -> that package."""
    secrets: Sequence[str] = ()
    """Names of the secrets that it shares between the nodes; they are generated once."""
    reserved: Sequence[str] = ()
    """Patterns of units that are its own, so that no service may have them."""
    names: Sequence[str] = ()
    """Names that no service may have."""
    hooks: Hooks = Hooks()

    def span(self) -> str:
        """Its numbers of nodes in words, such as "exactly two" or "two to 16"."""
        least, most = (NUMBERS.get(number, str(number)) for number in (self.least, self.most))
        return f"exactly {least}" if least == most else f"{least} to {most}"

    def complete(self, model: Any, scope: Scope) -> None:
        """Fill in what was not given, and refuse values that do not fit together.

        The model is as it was read: a wrong value in it raises Unknown when it is looked at.
        """

    def check(self, model: Any, problems: Problems) -> None:
        """Refuse what this engine cannot do with the completed model, and say which one can."""

    def risks(self, model: Any) -> Mapping[str, bool | None]:
        """Whether the cluster takes each of the risks of failover_unsafe that are its own.

        None: only the nodes can tell.
        """
        return {}

    def accept(self, model: Model, node: str) -> None:
        """Have the last word on what a node would be told, with the engine's own reader.

        Raises Problem.
        """

    def judge(self, model: Model, found: Found) -> list[str]:
        """Judge what the nodes answered. Return warnings; raises Problem."""
        return []

    def packages(self, model: Model) -> Sequence[str]:
        """Packages that a node needs for this model; alternatives have | between them."""
        return self.needs

    def notes(self, model: Model) -> list[str]:
        """What should be better, though nothing forbids it; one sentence each."""
        return []

    def costs(self, model: Model) -> list[str]:
        """What a user should know of the length of a failover; one sentence each."""
        return []

    def ports(self, link: Mapping[str, Any]) -> Sequence[tuple[str, int]]:
        """Protocol and port of what it sends over an IP link to the other nodes."""
        return []

    def files(self, model: Model, node: str, secrets: Mapping[str, str]) -> dict[str, str]:
        """Render the configuration of a node: file -> text. The role knows where they lie.

        The model is the one with its secrets; secrets are the values of those of this engine.
        """
        return {}

    def key_steps(self, kept: Sequence[Mapping[str, str]], fresh: str) -> list[dict[str, Any]]:
        """Plan how a fresh key takes the place of the one that signs messages between the nodes.

        kept: the secrets of each node. Return the present step and those after it, each with
        secrets, text and marks. Raises Problem.
        """
        raise Problem(
            f"engine: {self.name} accepts one key only, so it cannot be renewed while the nodes are"
            " members. Nothing was changed."
        )

    def key_at_once(self, fresh: str) -> dict[str, Any]:
        """Return the one step by which a node that is alone forgets all keys but a fresh one.

        Raises Problem.
        """
        raise Problem(
            f"engine: {self.name} cannot renew the key of a node that is alone. Nothing was"
            " changed."
        )
