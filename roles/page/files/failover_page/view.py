# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as HTML. It is whole without JavaScript; page.js only replaces sections that changed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from . import record
from .markup import CLOCK, badge, count, english, facts, headed, size, stamp, table, whole
from .nodes import nodes
from .phases import PHASES, Failover, failovers
from .picture import svg, tone
from .reading import flag, listing, mapping, number, text
from .source import Seen
from .words import LANGUAGES, Speech

EVENTS = 50
FAILOVERS = 5
STATES = ("ok", "warning", "critical")
INFINITY = 1000000
"""A resource that has failed so often on a node is not started there again."""
LEVELS = {"ok": "good", "warning": "warn", "critical": "bad"}


def sections(seen: Seen, say: Speech) -> dict[str, str]:
    """The inside of each section by its id. A part that cannot be shown leaves the others whole."""
    status = seen.status
    return {
        "now": _now(seen, say),
        "picture": headed(say("picture"), svg(status, say)) if status else "",
        "services": _services(status, say) if status else "",
        "links": _links(status, say) if status else "",
        "fencing": _fencing(status, say) if status else "",
        "nodes": nodes(status, say) if status else "",
        "failovers": _failovers(seen.history, say) if status and seen.recorded else "",
        "outages": record.outages(seen.record, say) if seen.recorded else "",
        "availability": record.availability(seen.record, say) if seen.recorded else "",
        "events": _events(seen.history, say) if status and (seen.recorded or seen.history) else "",
    }


def state_of(seen: Seen) -> str:
    """ok, warning, critical or unknown."""
    state = text(mapping(seen.status, "health"), "state")
    return state if seen.up and state in STATES else "unknown"


def title_of(seen: Seen, say: Speech) -> str:
    """The title: in a row of tabs the state comes first."""
    cluster = text(seen.status, "cluster")
    return f"{say(f'health-{state_of(seen)}')} · {say('cluster', cluster)}"


def page(seen: Seen, say: Speech) -> str:
    """The whole page."""
    node = text(seen.status, "node")
    languages = "".join(
        f'<li><a href="?lang={code}" lang="{code}" hreflang="{code}"'
        f"{CURRENT if code == say.language else ''}>{name}</a></li>"
        for code, name in LANGUAGES.items()
    )
    body = "".join(
        f'<section id="{name}"{LIVE if name == "now" else ""}>{inside}</section>'
        for name, inside in sections(seen, say).items()
    )
    return (
        f'<!DOCTYPE html><html lang="{say.language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title_of(seen, say))}</title>"
        '<link rel="icon" href="/static/icon.svg" type="image/svg+xml">'
        '<link rel="stylesheet" href="/static/page.css">'
        '<link rel="stylesheet" href="/static/picture.css">'
        '<noscript><meta http-equiv="refresh" content="10"></noscript>'
        '<script src="/static/page.js" defer></script></head>'
        f'<body data-live="{escape(say("live"))}" data-lost="{escape(say("not-live"))}">'
        f'<a class="skip" href="#now">{escape(say("skip"))}</a>'
        f"<header><h1>{escape(say('cluster', text(seen.status, 'cluster')))}</h1>"
        f"<p>{escape(say('seen-by', node)) if node else ''} "
        f'<span id="live" role="status"><noscript>{escape(say("reloads"))}</noscript></span></p>'
        f'<nav aria-label="{escape(say("language"))}"><ul>{languages}</ul></nav></header>'
        f"<main>{body}</main>"
        f'<footer><p><a href="/metrics">{escape(say("metrics"))}</a> '
        f'<a href="/api/status">{escape(say("json"))}</a></p></footer></body></html>'
    )


LIVE, CURRENT = ' aria-live="polite"', ' aria-current="true"'


def _now(seen: Seen, say: Speech) -> str:
    state = state_of(seen)
    health = mapping(seen.status, "health")
    old = "" if seen.up else " old"
    parts = [
        f'<h2 class="verdict {LEVELS.get(state, "bad")}{old}">{escape(say(f"health-{state}"))}</h2>'
    ]
    if not seen.up:
        at = time.strftime(CLOCK, time.localtime(seen.at))
        told = say("shown-is-old", at) if seen.at else say("never-seen")
        if seen.explained:
            parts.append(f"<p><strong>{english(seen.problem)}</strong> {escape(told)}</p>")
        else:
            parts.append(
                f"<p><strong>{escape(say('daemon-down'))}</strong> {escape(say('services-run-on'))}"
                f" {escape(told)}</p><p>{english(seen.problem)}</p>"
            )
    if flag(seen.status, "maintenance"):
        parts.append(f"<p><strong>{escape(say('maintenance'))}</strong></p>")
    findings = listing(health, "findings")
    if findings:
        parts.append(f'<ul class="findings">{"".join(_finding(one, say) for one in findings)}</ul>')
    elif seen.up:
        parts.append(f"<p>{escape(say('nothing-wrong'))}</p>")
    return "".join(parts)


def _finding(finding: Mapping[str, Any], say: Speech) -> str:
    severity, remedy = text(finding, "severity"), text(finding, "remedy")
    word = say(f"severity-{severity}")
    kind = {"critical": "bad", "warning": "warn"}.get(severity, "quiet")
    command = remedy.startswith("failoverctl ")
    said = f"<code>{escape(remedy)}</code>" if command else english(remedy)
    typed = f"<br>{escape(say('remedy'))}: {said}" if remedy else ""
    return f"<li>{badge(word, kind)} {english(text(finding, 'text'))}{typed}</li>"


def _services(status: Mapping[str, Any], say: Speech) -> str:
    found = listing(status, "services")
    return headed(say("services"), "".join(_service(status, one, say) for one in found))


def _service(status: Mapping[str, Any], service: Mapping[str, Any], say: Speech) -> str:
    state, owner = text(service, "state"), text(service, "owner")
    since = number(service, "since_s")
    known: list[tuple[str, str]] = [
        (say("state"), badge(say(f"state-{state}"), tone(state)) + _moving(service, say)),
        (say("owner"), escape(owner or say("nowhere")) + _for(since, say)),
    ]
    if text(service, "why") and state != "running":
        known.append((say("reason"), english(text(service, "why"))))
    if text(service, "doing"):
        known.append((say("doing"), english(text(service, "doing"))))
    known.append((say("readiness"), _ready(service, say)))
    if mapping(service, "disk"):
        known.append((say("replication"), _replication(service, say)))
    elif mapping(service, "copies"):
        known.append((say("replication"), _copies(mapping(service, "copies"), say)))
    if number(service, "generation"):
        known.append((say("generation"), count(number(service, "generation"))))
    rows = [
        (
            escape(text(one, "label") or text(one, "name")),
            escape(text(one, "type")),
            badge(say(text(one, "state")), "good" if text(one, "state") == "up" else "quiet"),
            _checked(one, say),
        )
        for one in listing(service, "resources")
    ]
    heads = (say("part"), say("kind"), say("state"), say("answer"))
    name = text(service, "name")
    parts = table(f"{name}: {say('parts')}", heads, rows)
    return f"<article><h3>{escape(name)}</h3>{facts(known)}{parts}</article>"


def _for(since: float | None, say: Speech) -> str:
    return "" if since is None else f" ({escape(say('for', say.age(since)))})"


def _copies(copies: Mapping[str, Any], say: Speech) -> str:
    """Of an engine that knows only whether the data of a copy are good."""
    said = []
    for node in sorted(copies):
        good = flag(mapping(copies, node), "good")
        word = badge(say("copy-good" if good else "copy-bad"), "good" if good else "bad")
        role = text(mapping(copies, node), "role")
        said.append(f"{english(f'{node} {role}')} {word}")
    return ", ".join(said)


def _moving(service: Mapping[str, Any], say: Speech) -> str:
    to = text(service, "moving_to")
    return f" {escape(say('moving', to))}" if to else ""


def _ready(service: Mapping[str, Any], say: Speech) -> str:
    ready, standby = mapping(service, "ready"), mapping(service, "standby")
    level = text(ready, "level")
    if level not in (*LEVELS, "unknown"):
        known = text(standby, "node") or text(standby, "why")
        level = "ok" if flag(standby, "able") else "critical" if known else "unknown"
    said = badge(say(f"ready-{level}", text(standby, "node")), LEVELS.get(level, "quiet"))
    why = text(ready, "reason") or text(standby, "why")
    span = ready.get("seconds")
    if isinstance(span, list) and len(span) == 2:
        least, most = (number({"s": bound}, "s") for bound in span)
        if least is not None and most is not None:
            said += f" {escape(say('expected', f'{least:g}', f'{most:g}'))}"
    return said + (f" {english(why)}" if why and level != "ok" else "")


def _replication(service: Mapping[str, Any], say: Speech) -> str:
    disk, sync = mapping(service, "disk"), mapping(service, "sync")
    states = f"{text(disk, 'role')}/{text(disk, 'peer_role')}"
    copies = f"{text(disk, 'disk')}/{text(disk, 'peer_disk')}"
    parts = [english(f"{states} {copies} {text(disk, 'connection')}")]
    behind = number(disk, "out_of_sync_bytes")
    if behind:
        parts.append(escape(say("out-of-sync", size(behind))))
    elif behind == 0 and text(disk, "disk") == text(disk, "peer_disk") == "UpToDate":
        parts.append(escape(say("in-sync")))
    done, left = number(sync, "done_percent"), number(sync, "left_s")
    if done is not None:
        label = escape(say("replication"))
        parts.append(
            f'<progress max="100" value="{done:g}" aria-label="{label}"></progress>'
            f" {escape(say('resync', f'{done:g}'))}"
        )
        if left is not None:
            parts.append(escape(say("left", say.age(left))))
    if flag(disk, "suspended"):
        parts.append(badge(say("frozen"), "bad"))
    return ", ".join(parts)


def _checked(resource: Mapping[str, Any], say: Speech) -> str:
    used = number(resource, "used_percent")
    said = [escape(say("full", f"{used:g}"))] if used is not None else []
    counts = mapping(resource, "fail_counts")
    said += [
        escape(say("failed-on", node, count(number(counts, node))))
        if (number(counts, node) or 0.0) < INFINITY
        else badge(say("barred-from", node), "bad")
        for node in sorted(counts)
    ]
    for check in listing(resource, "monitor"):
        took, state = number(check, "ms"), text(check, "state")
        if state == "ok" and took is not None:
            said.append(f"{escape(text(check, 'type'))} {took:.0f} ms")
        elif text(check, "reason"):
            said.append(english(text(check, "reason")))
    return ", ".join(said)


def _links(status: Mapping[str, Any], say: Speech) -> str:
    rows = []
    for link in listing(status, "links"):
        state = text(link, "state")
        missed, received = number(link, "missed"), number(link, "received")
        total = (missed or 0.0) + (received or 0.0)
        lost = f"{100 * (missed or 0.0) / total:.2f} %" if total > 0 else ""
        rows.append(
            (
                escape(text(link, "name")),
                badge(say(f"link-{state}"), tone(state)),
                lost,
                english(text(link, "problem")),
            )
        )
    heads = (say("link"), say("state"), say("lost"), say("reason"))
    return headed(say("links"), table(say("links"), heads, rows))


def _fencing(status: Mapping[str, Any], say: Speech) -> str:
    rows = []
    for device in listing(status, "exclusion"):
        state, age = text(device, "last"), number(device, "age_s")
        rows.append(
            (
                escape(f"{text(device, 'name')} ({text(device, 'method')})"),
                badge(say(f"device-{state}"), tone(state)),
                _asked(state, age, say),
                _span(device.get("takeover_s"), say),
                english(text(device, "detail")) if state != "ok" else "",
            )
        )
    heads = (
        say("device"), say("state"), say("asked"), say("takeover"), say("reason"),
    )  # fmt: skip
    return headed(say("fencing"), table(say("fencing"), heads, rows))


def _asked(state: str, age: float | None, say: Speech) -> str:
    """An engine may know the answer of a device, and not its age."""
    if age is None:
        return escape(say("never")) if state == "unknown" else ""
    return escape(say("ago", say.age(age)))


def _span(span: Any, say: Speech) -> str:
    """A time that is at least and at most so long."""
    both = span if isinstance(span, list) and len(span) == 2 else []
    known = [f"{bound:g}" for bound in (number({"s": one}, "s") for one in both) if bound]
    if len(set(known)) == 2:
        return whole(say("span", *known))
    return whole(say("seconds", known[0])) if known else ""


def _failovers(history: Sequence[Mapping[str, Any]], say: Speech) -> str:
    found = failovers(history)[-FAILOVERS:][::-1]
    if not found:
        return headed(say("failovers"), f"<p>{escape(say('no-failovers'))}</p>")
    rows = [
        (
            escape(one.service),
            stamp(one.ended),
            *(_phase(one, phase, say) for phase in PHASES),
            escape(say("seconds", f"{one.seconds:.1f}")),
        )
        for one in found
    ]
    heads = (
        say("service"), say("ended"), *(say(f"phase-{phase}") for phase in PHASES), say("total"),
    )  # fmt: skip
    note = f"<p>{escape(say('phases-overlap'))}</p>"
    return headed(say("failovers"), table(say("failovers"), heads, rows) + note)


def _phase(failover: Failover, phase: str, say: Speech) -> str:
    seconds = failover.phases.get(phase)
    if seconds is None:
        return ""
    share = min(100.0, 100 * seconds / failover.seconds) if failover.seconds > 0 else 0.0
    drawn = (
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="track" width="100" height="6"/><rect width="{share:.1f}" height="6"/></svg>'
    )
    return escape(say("seconds", f"{seconds:.1f}")) + drawn


def _events(history: Sequence[Mapping[str, Any]], say: Speech) -> str:
    items = "".join(_event(entry, say) for entry in history[-EVENTS:][::-1])
    inside = f"<ol>{items}</ol>" if items else f"<p>{escape(say('no-events'))}</p>"
    return headed(say("events"), inside)


def _event(entry: Mapping[str, Any], say: Speech) -> str:
    mark = f"{badge(say('alert'), 'warn')} " if text(entry, "level") == "alert" else ""
    return f"<li>{stamp(number(entry, 'time'))} {mark}{english(text(entry, 'text'))}</li>"
