# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Availability, and each outage as a story, as failoverctl has written them down for the page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from .markup import badge, english, facts, headed, stamp, table, whole
from .reading import flag, listing, mapping, number, text, texts
from .words import Speech

DAY_S = 86400.0
PARTS = ("seen", "proved", "done")


def availability(record: Mapping[str, Any], say: Speech) -> str:
    """The account of each service; a sentence if there is none yet."""
    account = mapping(record, "availability")
    services = listing(account, "services")
    if not services:
        return headed(say("availability"), f"<p>{escape(say('no-record'))}</p>")
    begin, end = number(account, "begin") or 0.0, number(account, "end") or 0.0
    target = number(account, "target") or 0.0
    read = ", ".join(text(one, "node") for one in listing(account, "records"))
    told = escape(say("account-of", f"{(end - begin) / DAY_S:g}", read))
    inside = "".join(_service(one, target, say) for one in services)
    return headed(say("availability"), f"<p>{told} {stamp(number(record, 'at'))}</p>{inside}")


def _service(service: Mapping[str, Any], target: float, say: Speech) -> str:
    share, nines = number(service, "availability"), number(service, "nines")
    head = say("unknown") if share is None else f"{share:.5g} %"
    head += "" if nines is None else f" ({say('nines', f'{nines:.1f}')})"
    budget, more = mapping(service, "budget"), mapping(service, "one_more_a_month")
    left = number(budget, "left_s") or 0.0
    word = say("left-of", say.length(abs(left)), say.length(number(budget, "allowed_s") or 0.0))
    if left < 0:
        word = say("overdrawn", say.length(-left))
    known = [
        (say("available"), escape(head)),
        (say("planned"), _down(service, "planned_s", "moves", say)),
        (say("unplanned"), _down(service, "unplanned_s", "failures", say)),
        (say("not-recorded"), escape(say.length(number(service, "unknown_s") or 0.0))),
    ]
    mttr, mtbf = number(service, "mttr_s"), number(service, "mtbf_s")
    if mttr is not None and mtbf is not None:
        known.append(("MTTR, MTBF", escape(f"{say.length(mttr)}, {say.length(mtbf)}")))
    known.append((say("budget", f"{target:g}"), badge(word, "good" if left >= 0 else "bad")))
    if more:
        cost = f"{number(more, 'availability') or 0.0:.5g}"
        each = say.length(number(more, "failover_s") or 0.0)
        known.append((say("one-more"), escape(say("one-more-costs", each, cost))))
    name = text(service, "name")
    return f"<article><h3>{escape(name)}</h3>{facts(known)}{_causes(name, service, say)}</article>"


def _down(service: Mapping[str, Any], seconds: str, times: str, say: Speech) -> str:
    length = say.length(number(service, seconds) or 0.0)
    return escape(say("times", length, f"{number(service, times) or 0.0:.0f}"))


def _causes(name: str, service: Mapping[str, Any], say: Speech) -> str:
    rows = [
        (
            english(text(one, "cause")),
            whole(say("planned" if flag(one, "planned") else "unplanned")),
            f"{number(one, 'count') or 0.0:.0f}",
            whole(say.length(number(one, "seconds") or 0.0)),
            _phases(one, say),
        )
        for one in listing(service, "causes")
    ]
    heads = (say("cause"), say("kind"), say("count"), say("total"), say("phases"))
    return table(f"{name}: {say('cause')}", heads, rows) if rows else ""


def _phases(one: Mapping[str, Any], say: Speech) -> str:
    phases = mapping(one, "phases")
    known = [(str(name), number(phases, name)) for name in phases]
    said = [f"{name} {seconds:.1f} s" for name, seconds in known if seconds is not None]
    return english(" · ".join(said))


def outages(record: Mapping[str, Any], say: Speech) -> str:
    """The newest first, each to be opened."""
    stories = "".join(_story(one, say) for one in listing(record, "outages"))
    if not stories:
        said = say("no-outages") if record else say("no-record")
        return headed(say("outages"), f"<p>{escape(said)}</p>")
    return headed(say("outages"), stories)


def _story(one: Mapping[str, Any], say: Speech) -> str:
    begin, service = number(one, "begin") or 0.0, text(one, "service")
    lasted = say("down-for", say.length(number(one, "seconds") or 0.0))
    if not flag(one, "over"):
        lasted = say("down-since", say.length(number(one, "seconds") or 0.0))
    kind = (
        badge(say("planned"), "quiet") if flag(one, "planned") else badge(say("unplanned"), "bad")
    )
    summary = f"{stamp(begin)} {escape(service)} {escape(lasted)} {kind}"
    known = [(say("reason"), english(f"{text(one, 'cause')}: {text(one, 'text')}"))]
    if text(one, "from") or text(one, "to"):
        way = f"{text(one, 'from') or '?'} \N{RIGHTWARDS ARROW} {text(one, 'to') or '?'}"
        known.append((say("way"), escape(way)))
    known.append((say("phases"), _phases(one, say)))
    told = "".join(_part(part, one, begin, say) for part in PARTS)
    advice = "".join(f"<li>{english(sentence)}</li>" for sentence in texts(one, "advice"))
    told += f"<h3>{escape(say('would-have-helped'))}</h3><ul>{advice}</ul>" if advice else ""
    key = escape(f"{service} {begin:.3f}")
    return f'<details data-key="{key}"><summary>{summary}</summary>{facts(known)}{told}</details>'


def _part(part: str, one: Mapping[str, Any], begin: float, say: Speech) -> str:
    items = []
    for event in listing(one, "events"):
        at = number(event, "time")
        if text(event, "part") == part and at is not None:
            took = number(event, "seconds")
            end = "" if took is None else f" ({took:g} s)"
            said = english(f"{text(event, 'node')}: {text(event, 'text')}{end}")
            items.append(f"<li>{escape(f'{at - begin:+.3f} s')} {said}</li>")
    return f"<h3>{escape(say(f'part-{part}'))}</h3><ol>{''.join(items)}</ol>" if items else ""
