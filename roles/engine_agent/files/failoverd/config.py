# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of one node: cluster.json, the heartbeat keys and the fence secrets."""

from __future__ import annotations

import dataclasses
import hmac
import ipaddress
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .alerts.settings import Channel, parse_channels
from .core.config import CoreConfig, Kind, ServiceConfig, Timing
from .fencing.settings import (
    FencingSettings,
    WatchdogSettings,
    device_problem,
    parse_method,
    parse_watchdog,
    unlocked,
)
from .formats.schema import ConfigError, Section, parse_json
from .formats.strictjson import loads
from .links import size
from .links.settings import SerialSettings, UdpSettings
from .monitors.settings import MonitorSettings, parse_monitors
from .resources import limits
from .resources.part import Part
from .resources.service_settings import ServiceSettings, parse_service
from .rules import takeover
from .rules.fencing import ONCE, RISKS, unprotected
from .rules.monitors import steady_problem
from .rules.timing import LIMITS, lease_problem, lock_problem, timing_problem
from .system.files import read_text

FORMAT = 1
DIRECTORY = "/etc/failoverd"
KEY_BYTES = 32
COMPARED = ("cluster.json", "fencing.json", "notifications.json")
"""Files that are the same on both nodes."""
KINDS = {"stonith": Kind.STONITH, "sfex": Kind.SFEX, "watchdog": Kind.LEASE}
APART_S = 1.5
"""So much more than a round of pings may lie between two nodes that see a target come or go."""


@dataclass(frozen=True)
class RuntimeSettings:
    """Settings of the shell alone."""

    journal_bytes: int = 4_000_000
    journal_segments: int = 8
    fence_check_s: float = 60.0
    disk_poll_s: float = 0.2
    patrol_s: float = 10.0


@dataclass(frozen=True)
class Config:
    """The whole configuration of the daemon of one node."""

    cluster: str
    node: str
    peer: str
    timing: Timing
    links: tuple[UdpSettings | SerialSettings, ...]
    fencing: tuple[FencingSettings, ...]
    power_on: bool
    services: tuple[ServiceSettings, ...]
    runtime: RuntimeSettings
    monitors: MonitorSettings
    notifications: tuple[Channel, ...]
    unsafe: tuple[str, ...]
    keys: tuple[bytes, ...] = field(repr=False)
    watchdog: WatchdogSettings | None = None
    checksum: int = 0
    """Of all files, without the name of the node: equal on both nodes, and never 0."""

    @property
    def bauds(self) -> list[int]:
        """The speeds of the serial links."""
        return [link.baud for link in self.links if isinstance(link, SerialSettings)]

    def core(self) -> CoreConfig:
        """The part that the core needs for its decisions."""
        resources = tuple(r for service in self.services for r in service.resources)
        return CoreConfig(
            cluster=self.cluster,
            node=self.node,
            peer=self.peer,
            links=tuple(link.name for link in self.links),
            services=tuple(
                ServiceConfig(
                    name=service.name,
                    preferred=service.preferred,
                    replicated=any(r.part is Part.REPLICA for r in service.resources),
                    locked=any(r.part is Part.LOCK for r in service.resources),
                    restarts=service.restarts,
                    failure_expiry_s=service.failure_expiry_s,
                    failback=service.failback,
                    failback_delay_s=service.failback_delay_s,
                    limits=limits.of_service(service.resources, service.before),
                    retired=service.retired,
                )
                for service in self.services
            ),
            levels=tuple(level.name for level in self.fencing),
            kinds=tuple(KINDS[level.method] for level in self.fencing),
            fence_limits_s=tuple(limits.of_level(level, resources) for level in self.fencing),
            lease=next((level.lease for level in self.fencing if level.lease), None),
            pact=self._pact(),
            watchdog_s=float(self.watchdog.timeout_s) if self.watchdog is not None else 0.0,
            witness=self._witness,
            power_on=self.power_on,
            timing=self.timing,
        )

    @property
    def _witness(self) -> bool:
        """What a node sees of the service network can decide who has a head start."""
        types = [{r.type for r in service.resources} for service in self.services]
        return bool(self.monitors.ping.targets) and all("virtual_ip" in each for each in types)

    def takeover_costs(self) -> dict[str, tuple[float, float]]:
        """Method -> (least, most) seconds from the last sign of life to the proof."""
        resources = [r for s in self.services for r in s.resources if r.type == "sfex"]
        times = [(r.options.times.timeout_s, r.options.times.collision_s) for r in resources]
        slowest = max(times, key=sum, default=(0.0, 0.0))
        levels = []
        for level in self.fencing:
            if level.lease is not None:
                levels.append(takeover.lease(level.name, level.lease.takeover_s))
            elif level.method == "stonith":
                levels.append(takeover.device(level.name, level.timeout_s))
            else:
                levels.append(takeover.lock(level.name, *slowest))
        return takeover.costs(self.timing, levels, 3 if self._witness else 1)

    def _pact(self) -> int:
        """A checksum of all durations and addresses that proofs depend on; equal on both nodes."""
        if all(level.method == "stonith" for level in self.fencing) and not self._witness:
            return 0
        # The peer may have forgotten a service already that still has to be stopped here (F79).
        named = [service for service in self.services if not service.retired]
        resources = [r for service in named for r in service.resources]
        leases = [level.lease for level in self.fencing if level.lease is not None]
        locks = {r.options.times for r in resources if r.type == "sfex"}
        stands = (
            0 if self.watchdog is None else self.watchdog.timeout_s,
            [(lease.lease_s, lease.margin_s, lease.window_s) for lease in leases],
            sorted((lock.renew_s, lock.lease_s, lock.timeout_s) for lock in locks),
            sorted(str(r.options.address.ip) for r in resources if r.type == "virtual_ip"),
        )
        return zlib.crc32(repr(stands).encode()) or 1


def read_files(directory: str = DIRECTORY) -> dict[str, str]:
    """Read the configuration files; raises ConfigError if a required one is missing."""
    base = Path(directory)
    texts: dict[str, str] = {}
    for name, needed in (
        ("cluster.json", True),
        ("key", True),
        ("fencing.json", False),
        ("notifications.json", False),
    ):
        try:
            texts[name] = read_text(base / name)
        except FileNotFoundError:
            if needed:
                raise ConfigError(f"{base / name}: the file does not exist.") from None
        except OSError as error:
            raise ConfigError(f"{base / name}: cannot be read: {error.strerror}.") from None
        except ValueError:
            raise ConfigError(f"{base / name}: cannot be read: not valid UTF-8.") from None
    return texts


def parse(texts: Mapping[str, str], directory: str = DIRECTORY) -> Config:
    """Build and check the configuration; raises ConfigError with one sentence."""
    base = Path(directory)
    file = str(base / "cluster.json")
    for name in ("cluster.json", "key"):
        if name not in texts:
            raise ConfigError(f"{base / name}: the file does not exist.")
    top = Section(parse_json(texts["cluster.json"], file), file)
    if top.raw("format") != FORMAT:
        raise top.fail("format", f"must be {FORMAT}")
    nodes = top.texts("nodes")
    if len(nodes) != 2 or len(set(nodes)) != 2:
        raise top.fail("nodes", "must name exactly two different nodes")
    node = top.name("node")
    if node not in nodes:
        raise top.fail("node", f"must be one of {nodes[0]} and {nodes[1]}, not {node}")
    peer = nodes[1] if node == nodes[0] else nodes[0]
    secrets = _secrets(texts.get("fencing.json"), str(base / "fencing.json"))
    notices = str(base / "notifications.json")
    monitors = parse_monitors(top)
    timing = _timing(top.section("timing"), monitors.ping.interval_s)
    watchdog = parse_watchdog(top.section("watchdog") if top.has("watchdog") else None)
    config = Config(
        cluster=top.name("cluster"),
        node=node,
        peer=peer,
        timing=timing,
        links=tuple(_link(entry, node, peer, nodes) for entry in top.sections("links")),
        fencing=tuple(
            parse_method(entry, nodes, secrets, watchdog) for entry in top.sections("fencing")
        ),
        power_on=top.flag("power_on", True),
        services=tuple(
            parse_service(entry, node, nodes, timing) for entry in top.sections("services")
        ),
        runtime=_runtime(top.section("runtime")),
        monitors=monitors,
        notifications=parse_channels(
            top, _secrets(texts.get("notifications.json"), notices), notices
        ),
        unsafe=top.texts("unsafe"),
        keys=(keys := _keys(texts, base)),
        watchdog=watchdog,
        checksum=_checksum(texts, keys[0]),
    )
    top.done()
    _unique(top, "links", [link.name for link in config.links])
    _unique(top, "fencing", [level.name for level in config.fencing])
    _unique(top, "services", [service.name for service in config.services])
    if not config.links:
        raise top.fail("links", "must hold at least one link")
    _safe(top, config)
    for name in secrets:
        if name not in {level.name for level in config.fencing}:
            place = base / "fencing.json"
            raise ConfigError(f"{place}: {name}: is not a fencing method of {file}.")
    return config


def load(directory: str = DIRECTORY) -> Config:
    """Read and check the configuration of this node."""
    return parse(read_files(directory), directory)


def _safe(top: Section, config: Config) -> None:
    for word in config.unsafe:
        if word not in RISKS:
            raise top.fail("unsafe", f"must consist of {', '.join(RISKS)}, not {word}")
    if not config.fencing and "no_exclusion" not in config.unsafe:
        raise top.fail("fencing", "is empty, and unsafe does not accept no_exclusion")
    if len(config.links) < 2 and "single_link" not in config.unsafe:
        raise top.fail("links", "holds one link, and unsafe does not accept single_link")
    _exclusion(top, config)
    field, rule = size.problem(
        config.cluster,
        config.node,
        [link.name for link in config.links],
        [service.name for service in config.services],
        config.bauds,
        config.timing.dead_s,
    )
    if rule:
        raise top.fail(field, rule)


def _exclusion(top: Section, config: Config) -> None:
    """Check the durations of leases and locks, and what they require."""
    replicating = [(ln.name, ln.replicates) for ln in config.links if isinstance(ln, UdpSettings)]
    name, rule = device_problem(config.fencing, replicating)
    if rule:
        raise top.fail(f"fencing: {name}", rule)
    methods = [level.method for level in config.fencing]
    for method in ONCE:
        if methods.count(method) > 1:
            raise top.fail("fencing", f"holds the method {method} more than once")
    core = config.core()
    if core.lease is not None:
        if not config.monitors.ping.targets:
            rule = "are required by watchdog: a node takes over only while it reaches one of them"
            raise top.fail("ping_targets", rule)
        for service in config.services:
            if not any(resource.part is Part.ADDRESS for resource in service.resources):
                rule = "has no address; a standby has to probe one before it takes over by a lease"
                raise top.fail(f"services: {service.name}", rule)
        ping = config.monitors.ping
        name, rule = steady_problem(ping.interval_s, ping.deadline_s)
        if rule:
            raise top.fail(f"monitors: ping: {name}", rule)
        name, rule = lease_problem(
            core.lease, config.timing, any(s.replicated for s in core.services)
        )
        if rule:
            raise top.fail(f"fencing: {name}", rule)
    decides = "sfex" in methods
    reset_s = core.watchdog_s if decides else 0.0
    for service in config.services:
        for resource in service.resources:
            if resource.type == "sfex":
                name, rule = lock_problem(resource.options.times, reset_s)
                if rule:
                    raise top.fail(f"services: {service.name}: {resource.name}: {name}", rule)
    if decides:
        without = unlocked([(service.name, service.locked) for service in core.services])
        if without:
            rule = f"sfex says nothing about service {without}, which has no lock"
            raise top.fail("fencing", rule)
    if (
        unprotected(methods, config.watchdog is not None)
        and "sfex_without_watchdog" not in config.unsafe
    ):
        rule = "sfex without a watchdog, and unsafe does not accept sfex_without_watchdog"
        raise top.fail("fencing", rule)


def _unique(top: Section, field_name: str, names: list[str]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise top.fail(f"{field_name}[{index}].name", f"{name} is used twice")


def _timing(entry: Section, round_s: float) -> Timing:
    """round_s: what passes between two rounds of pings."""
    values: dict[str, float] = {}
    shipped = Timing()
    shipped = dataclasses.replace(shipped, witness_s=max(shipped.witness_s, round_s + APART_S))
    for item in dataclasses.fields(Timing):
        default: float = getattr(shipped, item.name)
        values[item.name] = entry.number(item.name, default, *LIMITS[item.name])
    entry.done()
    timing = Timing(**values)
    name, rule = timing_problem(timing)
    if rule:
        raise entry.fail(name, rule)
    return timing


def _runtime(entry: Section) -> RuntimeSettings:
    default = RuntimeSettings()
    result = RuntimeSettings(
        journal_bytes=entry.integer("journal_bytes", default.journal_bytes, 10_000, 10**9),
        journal_segments=entry.integer("journal_segments", default.journal_segments, 2, 1000),
        fence_check_s=entry.number("fence_check_s", default.fence_check_s, 1, 86400),
        disk_poll_s=entry.number("disk_poll_s", default.disk_poll_s, 0.05, 5),
        patrol_s=entry.number("patrol_s", default.patrol_s, 1, 3600),
    )
    entry.done()
    return result


def _link(
    entry: Section, node: str, peer: str, nodes: tuple[str, ...]
) -> UdpSettings | SerialSettings:
    name, kind = entry.name("name"), entry.text("type")
    result: UdpSettings | SerialSettings
    if kind == "udp":
        addresses = entry.per_node("address", nodes)
        for address in addresses.values():
            try:
                ipaddress.ip_address(address)
            except ValueError:
                raise entry.fail("address", f"{address} is not an IP address") from None
        if len(set(addresses.values())) < len(addresses):
            raise entry.fail("address", f"{addresses[node]} is given to both nodes")
        result = UdpSettings(
            name=name,
            interface=entry.per_node("interface", nodes)[node],
            address=addresses[node],
            peer_address=addresses[peer],
            port=entry.integer("port", 7410, 1, 65535),
            replicates=entry.text("replicates", ""),
        )
    elif kind == "serial":
        result = SerialSettings(
            name=name,
            device=entry.per_node("device", nodes)[node],
            baud=entry.integer("baud", 115200, 1200, 4_000_000),
        )
    else:
        raise entry.fail("type", f"must be udp or serial, not {kind}")
    entry.done()
    return result


def _secrets(text: str | None, file: str) -> dict[str, dict[str, str]]:
    if text is None:
        return {}
    data = parse_json(text, file)
    top = Section(data, file)
    return {name: top.scalars(name) for name in data}


def _checksum(texts: Mapping[str, str], key: bytes) -> int:
    """Keyed, because the files hold secrets. What only has to be stopped here does not count."""
    whole = {name: loads(texts.get(name, "{}")) for name in COMPARED}
    main = {name: value for name, value in whole["cluster.json"].items() if name != "node"}
    main["services"] = [
        {name: value for name, value in service.items() if name != "before"}
        for service in main.get("services") or ()
        if not service.get("retired")
    ]
    text = json.dumps({**whole, "cluster.json": main}, sort_keys=True)
    return int.from_bytes(hmac.digest(key, text.encode(), "sha256")[:4], "big") or 1


def _keys(texts: Mapping[str, str], base: Path) -> tuple[bytes, ...]:
    """One key a line: the first one signs, each of them is accepted (F68)."""
    try:
        keys = tuple(bytes.fromhex(line) for line in texts["key"].split())
    except ValueError:
        keys = ()
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise ConfigError(
            f"{base / 'key'}: must hold {KEY_BYTES} bytes as hexadecimal text,"
            " or several such lines."
        )
    return keys
