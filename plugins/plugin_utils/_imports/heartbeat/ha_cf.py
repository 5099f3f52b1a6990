# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ha.cf, read as Heartbeat 3.0.6 reads it: a directive a line, the order matters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from .. import text

TRUE = ("true", "on", "yes", "y", "1", "respawn", "manual")
DURATION = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(ms|msec|us|usec|s|sec)?", re.IGNORECASE)
UNITS = {"ms": 1e-3, "msec": 1e-3, "us": 1e-6, "usec": 1e-6}
TIMES = ("keepalive", "deadtime", "warntime", "initdead", "deadping")
IGNORED = frozenset(
    {
        "apiauth",
        "autojoin",
        "compression",
        "compression_threshold",
        "conn_logd_time",
        "coredumps",
        "crm_daemon_dir",
        "crmd_spawns_pengine",
        "debug",
        "debugfile",
        "env",
        "hbgenmethod",
        "hopfudge",
        "log_badpack",
        "logfacility",
        "logfile",
        "max_rexmit_delay",
        "memreserve",
        "msgfmt",
        "realtime",
        "rtprio",
        "syslogmsgfmt",
        "traditional_compression",
        "use_apphbd",
        "use_logd",
        "uuidfrom",
    }
)
"""Directives that say nothing of what the cluster does."""
UDP_PORT = 694
BAUD = 19200


@dataclass(frozen=True)
class Medium:
    """One path of the heartbeats. kind: bcast, mcast, ucast or serial."""

    kind: str
    device: str
    line: int
    peer: str = ""
    """ucast: the address that packets are sent to."""
    baud: int = 0
    port: int = 0


@dataclass(frozen=True)
class Stonith:
    """A device that switches nodes off. parameters: those that are no secrets, or ***."""

    type: str
    line: int
    host: str = "*"
    """The node that it is attached to, * for both."""
    parameters: tuple[str, ...] = ()
    file: str = ""


@dataclass
class Config:
    """What ha.cf says."""

    nodes: list[str] = field(default_factory=list)
    media: list[Medium] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)
    """Directive -> seconds."""
    pings: list[list[str]] = field(default_factory=list)
    """Each ping node: one address, or those of a group."""
    respawn: list[tuple[str, str]] = field(default_factory=list)
    """Account and program."""
    stonith: list[Stonith] = field(default_factory=list)
    auto_failback: str = ""
    """on, off or legacy; "" if nothing was said."""
    watchdog: str = ""
    pacemaker: str = ""
    """The value that turns Pacemaker on, "" for none."""
    placeholders: list[tuple[int, str]] = field(default_factory=list)
    commas: list[int] = field(default_factory=list)
    """Lines that separate names by commas."""
    ignored: list[str] = field(default_factory=list)
    unknown: list[tuple[int, str]] = field(default_factory=list)
    wrong: list[tuple[int, str]] = field(default_factory=list)
    """Lines that are no directive that Heartbeat could read, and why."""


def parse(content: str) -> Config:
    """Read a whole file."""
    config = Config()
    state = {"baud": BAUD, "port": UDP_PORT}
    for line in text.lines(content):
        name, values = line.words[0].lower(), list(line.words[1:])
        for word in line.words:
            if text.placeholder(word):
                config.placeholders.append((line.number, word))
        if any("," in value for value in values) and name in ("node", "bcast", "udp", "serial"):
            config.commas.append(line.number)
            values = [part for value in values for part in value.split(",") if part]
        _directive(config, state, line.number, name, values)
    return config


def _directive(
    config: Config, state: dict[str, int], number: int, name: str, values: list[str]
) -> None:
    if name in IGNORED:
        if name not in config.ignored:
            config.ignored.append(name)
        return
    if not values:
        known = name in READERS or name in TIMES
        config.wrong.append((number, f"{name} has no value" if known else f"{name} is unknown"))
    elif name in TIMES:
        seconds = duration("".join(values[:2]))
        if seconds is None:
            config.wrong.append((number, f"{values[0]} is no duration"))
        else:
            config.times[name] = seconds
    elif name in READERS:
        READERS[name](config, state, number, name, values)
    else:
        config.unknown.append((number, name))


def duration(word: str) -> float | None:
    """Return a duration in seconds: 2, 1.7, 1500ms; None for a text that is none."""
    found = DURATION.fullmatch(word.strip())
    return float(found[1]) * UNITS.get((found[2] or "").lower(), 1.0) if found else None


def _number(config: Config, number: int, value: str, least: int, most: int) -> int | None:
    if re.fullmatch(r"[0-9]{1,9}", value) and least <= int(value) <= most:
        return int(value)
    config.wrong.append((number, f"{value} is no number from {least} to {most}"))
    return None


def _node(config: Config, _s: dict[str, int], _n: int, _name: str, values: list[str]) -> None:
    config.nodes += [v.lower() for v in values if v.lower() not in config.nodes]


def _baud(
    config: Config, state: dict[str, int], number: int, _name: str, values: list[str]
) -> None:
    state["baud"] = _number(config, number, values[0], 1, 460800) or state["baud"]


def _port(
    config: Config, state: dict[str, int], number: int, _name: str, values: list[str]
) -> None:
    state["port"] = _number(config, number, values[0], 1, 65535) or state["port"]


def _broadcast(
    config: Config, state: dict[str, int], number: int, _name: str, values: list[str]
) -> None:
    config.media += [Medium("bcast", value, number, port=state["port"]) for value in values]


def _serial(
    config: Config, state: dict[str, int], number: int, _name: str, values: list[str]
) -> None:
    config.media += [Medium("serial", value, number, baud=state["baud"]) for value in values]


def _unicast(
    config: Config, state: dict[str, int], number: int, name: str, values: list[str]
) -> None:
    if len(values) < 2:
        config.wrong.append((number, f"{name} needs an interface and the address of the peer"))
        return
    config.media.append(Medium("ucast", values[0], number, values[1], port=state["port"]))


def _multicast(
    config: Config, _state: dict[str, int], number: int, name: str, values: list[str]
) -> None:
    if len(values) < 4:
        config.wrong.append((number, f"{name} needs an interface, a group, a port and a TTL"))
    port = _number(config, number, values[2], 1, 65535) if len(values) > 2 else 0
    config.media.append(Medium("mcast", values[0], number, port=port or 0))


def _ping(config: Config, _s: dict[str, int], _n: int, _name: str, values: list[str]) -> None:
    config.pings += [[value] for value in values]


def _ping_group(
    config: Config, _state: dict[str, int], number: int, name: str, values: list[str]
) -> None:
    if len(values) < 2:
        config.wrong.append((number, f"{name} needs a name and addresses"))
        return
    config.pings.append(values[1:])


def _respawn(
    config: Config, _state: dict[str, int], number: int, name: str, values: list[str]
) -> None:
    if len(values) < 2:
        config.wrong.append((number, f"{name} needs an account and a program"))
        return
    config.respawn.append((values[0], values[1]))


def _failback(
    config: Config, _s: dict[str, int], number: int, name: str, values: list[str]
) -> None:
    word = values[0].lower()
    on = word in TRUE
    if name == "nice_failback":
        # The old name says the opposite: nice is to stay where it is.
        config.auto_failback = "off" if on else "on"
    elif word == "legacy":
        config.auto_failback = "legacy"
    else:
        config.auto_failback = "on" if on else "off"


def _watchdog(config: Config, _s: dict[str, int], _n: int, _name: str, values: list[str]) -> None:
    config.watchdog = values[0]


def _pacemaker(config: Config, _s: dict[str, int], _n: int, name: str, values: list[str]) -> None:
    if values[0].lower() in TRUE:
        config.pacemaker = f"{name} {values[0].lower()}"


def _stonith(config: Config, _s: dict[str, int], number: int, name: str, values: list[str]) -> None:
    if len(values) < 2:
        config.wrong.append((number, f"{name} needs a type and more"))
    elif name == "stonith":
        config.stonith.append(Stonith(values[0], number, file=values[1]))
    else:
        config.stonith.append(Stonith(values[1], number, values[0].lower(), tuple(values[2:])))


READERS = {
    "auto_failback": _failback,
    "baud": _baud,
    "bcast": _broadcast,
    "crm": _pacemaker,
    "mcast": _multicast,
    "mcast6": _multicast,
    "nice_failback": _failback,
    "node": _node,
    "pacemaker": _pacemaker,
    "ping": _ping,
    "ping6": _ping,
    "ping_group": _ping_group,
    "respawn": _respawn,
    "serial": _serial,
    "stonith": _stonith,
    "stonith_host": _stonith,
    "ucast": _unicast,
    "ucast6": _unicast,
    "udp": _broadcast,
    "udpport": _port,
    "watchdog": _watchdog,
}
"""Directive -> what takes it up. All have the same arguments."""
