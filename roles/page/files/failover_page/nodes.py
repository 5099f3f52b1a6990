# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each node by what it has said in its last heartbeat; of a node that is gone, the last one.

The pages of all nodes make this section from the same heartbeats, so they show the same. Where an
engine has its own heartbeats, the state of each node is all that there is to show.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from .markup import badge, english, headed, table
from .picture import tone
from .reading import flag, listing, mapping, number, text, texts
from .words import Speech

OLD_S = 5.0
"""A younger report is one of now."""


def nodes(status: Mapping[str, Any], say: Speech) -> str:
    """The section; nothing of a daemon that does not tell its reports."""
    found = listing(status, "reports")
    if not found:
        return ""
    if not any(listing(node, "services") for node in found):
        states = [(escape(text(node, "name")), _state(node, say)) for node in found]
        inside = table(say("nodes"), (say("node"), say("state")), states)
        return headed(say("nodes"), inside + _quorum(status, say))
    rows = [row for node in found for row in _rows(node, say)]
    heads = (
        say("node"), say("state"), say("heard"), say("service"), say("there"), say("could-start"),
        say("hears"),
    )  # fmt: skip
    return headed(
        say("nodes"), table(say("nodes"), heads, rows) + f"<p>{escape(say('reports'))}</p>"
    )


def _quorum(status: Mapping[str, Any], say: Speech) -> str:
    """Whether these nodes may run services, of an engine that counts votes."""
    quorum = mapping(status, "quorum")
    if not quorum:
        return ""
    if not flag(quorum, "now"):
        return f"<p>{badge(say('no-quorum'), 'bad')}</p>"
    word, kind = ("spare", "good") if flag(quorum, "after_a_loss") else ("no-spare", "warn")
    return f"<p>{badge(say('quorum'), 'good')} {badge(say(word), kind)}</p>"


def _rows(node: Mapping[str, Any], say: Speech) -> list[tuple[str, ...]]:
    """One for each service, so that a reader of one row has all of it."""
    name, age = text(node, "name"), number(node, "age_s")
    heard = say("never-heard") if age is None else say("ago", say.age(age))
    heard = say("now") if age is not None and age < OLD_S else heard
    hears = escape(", ".join(texts(node, "hears")))
    head = (escape(name), _state(node, say), escape(heard))
    return [(*head, *_service(one, age, say), hears) for one in listing(node, "services")] or [
        (*head, "", "", "", hears)
    ]


def _state(node: Mapping[str, Any], say: Speech) -> str:
    life = text(node, "life")
    state = badge(say(f"life-{life}"), tone(life))
    state += f" {escape(say('standby-mode'))}" if flag(node, "standby") else ""
    return state + (f" {escape(say('said-goodbye'))}" if flag(node, "goodbye") else "")


def _service(service: Mapping[str, Any], age: float | None, say: Speech) -> tuple[str, str, str]:
    local = text(service, "local")
    old = age is None or age >= OLD_S
    there = badge(say(f"state-{local}"), "quiet" if old else tone(local))
    able = flag(service, "able")
    word = badge(say("yes" if able else "no"), "good" if able and not old else "quiet")
    why = text(service, "why")
    return escape(text(service, "name")), there, word + (f" {english(why)}" if why else "")
