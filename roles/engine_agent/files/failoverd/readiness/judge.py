# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges whether a failover of a service would succeed. Pure: from the status of one node alone.

What a start needs is judged where it would take place, on the standby. The other node repeats the
word that the standby has given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .verdict import Item, Level, Verdict, worst

Status = Mapping[str, Any]
Part = Callable[[Status, Status], Iterator[Item]]
OLD_ANSWERS = 3
"""A device whose last answer is older than so many periods has not answered."""
LEAST_MIB, LEAST_INODES = 64, 200
FULL_PERCENT = 90
APART_S = 2.0
"""Clocks that differ by more make the logs of the two nodes hard to compare."""


def judge(status: Status, name: str) -> Verdict:
    """The verdict on a service of the status. LookupError if there is none of that name."""
    service = next((s for s in status["services"] if s["name"] == name), None)
    if service is None:
        raise LookupError(name)
    items = tuple(item for part in PARTS for item in part(status, service))
    level = worst(item.level for item in items)
    seconds = None if level is Level.CRITICAL else expected_s(status, name)
    return Verdict(name, level, items, seconds)


def expected_s(status: Status, name: str) -> tuple[float, float] | None:
    """Least and most time until the service runs on the other node, None if a part is unknown."""
    start = status["readiness"]["times"]["starts"].get(name)
    usable = [level for level in status["exclusion"] if not _unusable(status, level)]
    if start is None or not usable:
        return None
    least, most = usable[0]["takeover_s"]
    return round(least + start[0], 1), round(most + start[0], 1)


def here(status: Status, service: Status) -> bool:
    """Whether this node would take it over."""
    return bool(service["standby"]["node"] == status["node"])


def _state(status: Status, service: Status) -> Iterator[Item]:
    if status["maintenance"]:
        text = "maintenance mode is on: nothing is taken over"
        yield Item(
            "mode", Level.CRITICAL, text, "when the work is done: failoverctl maintenance off"
        )
    if service["state"] == "running":
        yield Item("service", Level.OK, f"runs on {service['owner']}")
        return
    text = f"is {service['state']}; there is nothing to take over"
    yield Item("service", Level.CRITICAL, text, "see the reason in failoverctl status")


def _standby(status: Status, service: Status) -> Iterator[Item]:
    standby, peer = service["standby"], status["peer"]
    if peer["life"] != "alive":
        text = f"{peer['name']} is {peer['life']}: no other node could take over"
        yield Item("nodes", Level.CRITICAL, text, f"bring {peer['name']} back, or repair its links")
    elif standby["able"]:
        yield Item("standby", Level.OK, f"{standby['node']} could start it")
    else:
        why = standby["why"] or "it does not say why"
        text = f"{standby['node']} cannot take over: {why}"
        yield Item("standby", Level.CRITICAL, text, f"remove this reason on {standby['node']}")


def _word(status: Status, service: Status) -> Iterator[Item]:
    """What the standby has found, told by the other node."""
    if here(status, service) or status["peer"]["life"] != "alive":
        return
    node, told = service["standby"]["node"], status["readiness"]["peer"]
    level = Level(told["levels"].get(service["name"], "unknown"))
    more = f"failoverctl ready {service['name']} on {node} tells more"
    if level is Level.OK:
        yield Item("its look", Level.OK, f"{node} has found everything that a start needs")
    elif level is Level.UNKNOWN:
        text = f"{node} has not told yet whether it has what a start needs"
        yield Item("its look", Level.UNKNOWN, text, f"wait a minute; or {more}")
    else:
        yield Item("its look", level, f"{node} says: {told['text'] or 'no reason'}", more)


def _exclusion(status: Status, service: Status) -> Iterator[Item]:
    if not here(status, service):
        return
    peer, levels = status["peer"]["name"], status["exclusion"]
    confirm = f"failoverctl confirm-fenced {peer}"
    if not levels:
        text = f"no method excludes {peer}: a failover waits for a person"
        yield Item("exclusion", Level.CRITICAL, text, f"configure one; on that day: {confirm}")
        return
    bad = {level["name"]: _unusable(status, level) for level in levels}
    usable = [name for name, why in bad.items() if not why]
    new = [level["name"] for level in levels if level["age_s"] is None]
    for level in levels:
        name, why = level["name"], bad[level["name"]]
        if not why:
            age = f" {level['age_s']:.0f} s ago" if level["age_s"] is not None else ""
            yield Item("exclusion", Level.OK, f"{name} answered{age}")
            continue
        worse = Level.UNKNOWN if new else Level.CRITICAL
        remedy = f"repair {name}" if usable else f"repair {name}; until then only: {confirm}"
        yield Item("exclusion", Level.WARNING if usable else worse, f"{name}: {why}", remedy)


def _unusable(status: Status, level: Status) -> str:
    """Why a method would not exclude the peer now; empty if it would."""
    ready, age = status["readiness"], level["age_s"]
    if age is None:
        return "was not asked yet"
    if level["last"] != "ok":
        return f"does not answer: {level['detail']}"
    if level["method"] == "stonith" and age > OLD_ANSWERS * ready["check_s"]:
        return f"has last answered {age:.0f} s ago"
    if level["method"] != "stonith" and not ready["agreed"]:
        return "the nodes have different durations or addresses"
    if level["method"] == "watchdog" and status["reach"] != "reached":
        return "this node reaches no ping target, so it may not take over by the lease"
    why = ready["examined"].get("agents", {}).get(level["name"], "")
    return f"its agent {why}" if why else ""


def _data(status: Status, service: Status) -> Iterator[Item]:
    disk, node = service["disk"], service["standby"]["node"]
    if disk is None:
        return
    state = disk["disk"] if here(status, service) else disk["peer_disk"]
    if state == "UpToDate":
        yield Item("data", Level.OK, f"the copy on {node} is UpToDate")
        return
    text = f"the copy on {node} is {state}"
    yield Item("data", Level.CRITICAL, text, "wait for the end of the resynchronisation")


def _disk(status: Status, service: Status) -> Iterator[Item]:
    for disk in status.get("disks", ()):
        if disk["service"] == service["name"] and disk["state"] == "sick":
            text = f"{disk['device']} on {status['node']} {disk['wrong'] or 'was sick'}"
            level = Level.CRITICAL if here(status, service) else Level.WARNING
            yield Item("disk", level, text, "replace the disk")


def _network(status: Status, service: Status) -> Iterator[Item]:
    down = [link["name"] for link in status["links"] if link["state"] != "up"]
    alive = status["peer"]["life"] == "alive"
    if down and alive:
        text = f"{', '.join(down)} not in order in both directions"
        yield Item("links", Level.WARNING, text, "repair the link before the next one fails")
    elif alive:
        yield Item("links", Level.OK, f"all {len(status['links'])} up")
    if status["reach"] == "lost" and here(status, service):
        text = f"{status['node']} reaches no ping target, so its clients may not reach it either"
        yield Item("LAN", Level.WARNING, text, "repair the service network of this node")


def _settings(status: Status, service: Status) -> Iterator[Item]:
    own, theirs = status["readiness"]["settings"], status["readiness"]["peer"]["settings"]
    if status["peer"]["life"] != "alive":
        return
    if not theirs:
        text = "the other node does not tell its configuration"
        yield Item("settings", Level.UNKNOWN, text, "wait a minute, or upgrade failoverd there")
    elif own != theirs:
        text = "the nodes have different configurations"
        yield Item("settings", Level.WARNING, text, "run site.yml for both nodes")
    else:
        yield Item("settings", Level.OK, "equal on both nodes")


def _programs(status: Status, service: Status) -> Iterator[Item]:
    if not here(status, service):
        return
    examined = status["readiness"]["examined"]
    if not examined:
        text = f"{status['node']} has not looked yet"
        yield Item(
            "programs", Level.UNKNOWN, text, f"failoverctl ready {service['name']} looks now"
        )
        return
    found = examined["needs"].get(service["name"], {})
    good = [name for name, look in found.items() if not any(look.values())]
    if good:
        yield Item("programs", Level.OK, f"there for {', '.join(good)}")
    for name, look in found.items():
        if look["wrong"]:
            remedy = (
                "install or repair it on this node; site.yml does that for bundled applications"
            )
            yield Item("programs", Level.CRITICAL, f"{name}: {look['wrong']}", remedy)
        if look["odd"]:
            remedy = "systemctl disable it: only the cluster may start it"
            yield Item("programs", Level.WARNING, f"{name}: {look['odd']}", remedy)
        if look["unknown"]:
            yield Item("programs", Level.UNKNOWN, f"{name}: {look['unknown']}")


def _space(status: Status, service: Status) -> Iterator[Item]:
    for resource in service["resources"]:
        used = resource.get("used_percent", 0)
        if used >= FULL_PERCENT:
            text = f"{resource['label']} is {used} % full"
            yield Item("space", Level.WARNING, text, "make room: a full disk stops its application")
    if not here(status, service):
        return
    places = status["readiness"]["examined"].get("space", {})
    for path, found in places.items():
        if found.get("unknown"):
            yield Item("space", Level.CRITICAL, f"{path}: {found['unknown']}", "look at its disk")
        elif found and _cramped(found):
            text = f"{path} has {found['free_mib']} MiB and {_inodes(found)} left"
            yield Item("space", Level.CRITICAL, text, f"make room on {path} of this node")
    if places and not any(_cramped(found) for found in places.values()):
        yield Item("space", Level.OK, f"enough on {', '.join(p for p, f in places.items() if f)}")


def _cramped(found: Status) -> bool:
    if "free_mib" not in found:
        return bool(found)
    few = found["inodes"] is not None and found["inodes"] < LEAST_INODES
    return few or bool(found["free_mib"] < LEAST_MIB)


def _inodes(found: Status) -> str:
    return "any number of files" if found["inodes"] is None else f"{found['inodes']} files"


def _addresses(status: Status, service: Status) -> Iterator[Item]:
    found = status["readiness"]["examined"].get("addresses", {})
    for resource in service["resources"]:
        if resource["type"] != "virtual_ip":
            continue
        look = found.get(resource["label"].partition(" on ")[0])
        if look is not None:
            yield from _address(status, service, resource["label"], look)


def _address(status: Status, service: Status, label: str, look: Status) -> Iterator[Item]:
    """F56: the owner answers, and nobody else."""
    standby, owned_there = here(status, service), service["owner"] == status["peer"]["name"]
    macs = look["macs"]
    rivals = macs if service["owner"] == status["node"] or not owned_there else macs[1:]
    if look["unknown"]:
        level = Level.CRITICAL if standby else Level.WARNING
        yield Item("address", level, f"{label}: {look['unknown']}", "repair the interface")
    elif rivals:
        text = f"{label}: {' and '.join(macs)} answer to it"
        remedy = "find the other host and take the address away from it"
        yield Item("address", Level.CRITICAL, text, remedy)
    elif owned_there and not macs and service["state"] == "running":
        text = f"{label}: {service['owner']} does not answer to it here"
        remedy = "compare the networks, VLANs and cables of both nodes"
        yield Item("address", Level.WARNING, text, remedy)
    else:
        yield Item("address", Level.OK, f"{label}: no other host answers to it")


def _clock(status: Status, service: Status) -> Iterator[Item]:
    apart = status["readiness"]["clock_apart_s"]
    if apart is None:
        return
    if apart > APART_S:
        text = f"the clocks differ by {apart:g} s or more; no failover depends on them, logs do"
        yield Item("clock", Level.WARNING, text, "set both by NTP")
    else:
        yield Item("clock", Level.OK, "the clocks agree")


def _times(status: Status, service: Status) -> Iterator[Item]:
    times = status["readiness"]["times"]
    start = times["starts"].get(service["name"])
    if start is not None:
        yield Item("measured", Level.OK, f"its last start here took {start[0]:.1f} s")
    for level, (seconds, _at) in times["fences"].items():
        yield Item("measured", Level.OK, f"{level} last switched a node off in {seconds:.1f} s")


PARTS: tuple[Part, ...] = (
    _state,
    _standby,
    _word,
    _exclusion,
    _data,
    _disk,
    _programs,
    _space,
    _addresses,
    _settings,
    _network,
    _clock,
    _times,
)
"""What is judged, in the order in which people read it."""
