# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node stands on: cards, switches, gateways, servers, disk controllers, other hosts.

Nothing is asked over the network. Of configuration files only names of hosts are told.
"""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

Run = Callable[[Sequence[str]], tuple[int, str, str]]
PCI = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
REMOTE_TYPES = ("nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "fuse.glusterfs")
WORDS = ("true", "false", "none", "yes", "off")
LARGEST = 256 * 1024
NAME = r"\[?[A-Za-z0-9][A-Za-z0-9_.:-]*\]?"
URL = re.compile(rf"\b[A-Za-z][A-Za-z0-9+.-]*://(?:[^\s/@\"']*@)?({NAME})")
SETTING = re.compile(
    rf"^[ \t\"']*[\w.-]*(host|server|hostaddr|hostname|upstream|remote|peer|broker)s?[\"']?"
    rf"[ \t]*[=:][ \t]*[\"']?({NAME})[\"']?[ \t,;]*$",
    re.IGNORECASE | re.MULTILINE,
)
NAMESPACES = (
    "www.w3.org",
    "java.sun.com",
    "xmlns.jcp.org",
    "xml.apache.org",
    "schemas.xmlsoap.org",
)
"""Hosts in the names of XML formats; nobody connects to them."""
FILE = re.compile(r"/etc/[\w./@+-]+")
LOCAL_RESOLVERS = ("127.0.0.53", "127.0.0.54")


def read(
    run: Run, disks: Iterable[str], units: Iterable[str], files: Iterable[str]
) -> dict[str, Any]:
    """Return everything; what cannot be told is empty."""
    return {
        "interfaces": interfaces(),
        "switches": switches(run),
        "gateways": gateways(run),
        "dns": resolvers(),
        "ntp": time_servers(),
        "disks": {path: disk(path) for path in ("/", *disks) if path},
        "hosts": hosts_in([*files, *files_of(units, run)]),
        "remote_mounts": remote_mounts(),
    }


def interfaces(sysfs: str = "/sys/class/net") -> dict[str, dict[str, Any]]:
    """Return for each interface the ports that carry it, their cards, and its bond."""
    return {name: _interface(sysfs, name) for name in sorted(_listed(sysfs))}


def _interface(sysfs: str, name: str) -> dict[str, Any]:
    below = _below(sysfs, name)
    ports = [one for one in below if not _lower(sysfs, one)]
    bonds = [one for one in below if os.path.isdir(f"{sysfs}/{one}/bonding")]
    cards = {card for card in (_card(f"{sysfs}/{port}/device") for port in ports) if card}
    return {"ports": ports, "cards": sorted(cards), "bond": (bonds or [""])[0]}


def _below(sysfs: str, name: str) -> list[str]:
    """The interface and all those that it stands on: of a VLAN, a bridge, a bond."""
    found, waiting = [name], [name]
    while waiting:
        for lower in _lower(sysfs, waiting.pop()):
            if lower not in found:
                found.append(lower)
                waiting.append(lower)
    return sorted(found)


def _lower(sysfs: str, name: str) -> list[str]:
    return [entry[6:] for entry in _listed(f"{sysfs}/{name}") if entry.startswith("lower_")]


def _card(path: str) -> str:
    """The card of a device, without the number of the port on it."""
    found = PCI.findall(os.path.realpath(path)) if os.path.exists(path) else []
    return str(found[-1]).rpartition(".")[0] if found else ""


def switches(run: Run) -> dict[str, str]:
    """Return for each interface the switch at its other end, as far as LLDP tells it."""
    if not os.path.exists("/usr/sbin/lldpctl"):
        return {}
    code, out, _err = run(["/usr/sbin/lldpctl", "-f", "json0"])
    return _neighbours(out) if code == 0 else {}


def _neighbours(text: str) -> dict[str, str]:
    result: dict[str, str] = {}
    try:
        for tables in json.loads(text)["lldp"]:
            for entry in tables.get("interface", ()):
                identity = str(entry["chassis"][0]["id"][0]["value"])
                result[str(entry["name"])] = identity
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}
    return result


def gateways(run: Run) -> list[str]:
    """Return the gateways of the default routes."""
    result = set()
    for family in ("-4", "-6"):
        code, out, _err = run(["ip", "-j", family, "route", "show", "default"])
        try:
            routes = json.loads(out or "[]") if code == 0 else []
        except ValueError:
            routes = []
        for route in routes:
            hops = [route, *route.get("nexthops", ())]
            result |= {str(hop["gateway"]) for hop in hops if hop.get("gateway")}
    return sorted(result)


def resolvers(
    file: str = "/etc/resolv.conf", behind: str = "/run/systemd/resolve/resolv.conf"
) -> list[str]:
    """Return the name servers; behind systemd-resolved those that it asks."""
    found = _words(_text(file), "nameserver")
    if found and set(found) <= set(LOCAL_RESOLVERS):
        found = _words(_text(behind), "nameserver")
    return sorted(set(found))


def time_servers(root: str = "") -> dict[str, Any]:
    """Return the servers by which the clock is set, and whether some are pools of servers."""
    files = [
        *glob.glob(f"{root}/etc/chrony/chrony.conf"),
        *glob.glob(f"{root}/etc/chrony/*.d/*"),
        *glob.glob(f"{root}/etc/ntpsec/ntp.conf"),
        *glob.glob(f"{root}/etc/ntp.conf"),
    ]
    texts = [_text(file) for file in files]
    servers = [word for text in texts for word in _words(text, "server")]
    pools = [word for text in texts for word in _words(text, "pool")]
    if not files and os.path.exists(f"{root}/usr/lib/systemd/systemd-timesyncd"):
        own = [
            f"{root}/etc/systemd/timesyncd.conf",
            *glob.glob(f"{root}/etc/systemd/timesyncd.conf.d/*"),
        ]
        for file in own:
            for line in re.findall(r"^[ \t]*NTP[ \t]*=(.*)$", _text(file), re.MULTILINE):
                servers += line.split()
        # Without a word of its own it asks the pool of the distribution.
        pools += [] if servers else ["the pool of the distribution"]
    return {"servers": sorted(set(servers)), "pools": sorted(set(pools))}


def disk(path: str, sysfs: str = "/sys") -> dict[str, Any]:
    """Return the physical disks below a device or below the file system of a directory.

    With their controllers, and the number of paths to it, 1 for all but a multipath.
    """
    try:
        found = os.stat(path)
    except OSError:
        return {"physical": [], "controllers": [], "paths": 0}
    number = found.st_dev if path == "/" else found.st_rdev
    start = os.path.realpath(f"{sysfs}/dev/block/{os.major(number)}:{os.minor(number)}")
    return _stack(start)


def _stack(start: str) -> dict[str, Any]:
    waiting, physical, paths = [start], set(), 1
    while waiting:
        place = waiting.pop()
        if not os.path.isdir(place):
            continue
        slaves = _listed(f"{place}/slaves")
        if slaves:
            if _text(f"{place}/dm/uuid").startswith("mpath-"):
                paths = max(paths, len(slaves))
            waiting += [os.path.realpath(f"{place}/slaves/{name}") for name in slaves]
        elif os.path.exists(f"{place}/partition"):
            waiting.append(os.path.dirname(place))
        else:
            physical.add(place)
    controllers = {found[-1] for found in map(PCI.findall, physical) if found}
    return {
        "physical": sorted(os.path.basename(place) for place in physical),
        "controllers": sorted(controllers),
        "paths": paths if physical else 0,
    }


def files_of(units: Iterable[str], run: Run) -> list[str]:
    """Return the configuration files that the start of a unit names."""
    result: set[str] = set()
    for unit in units:
        argv = ["systemctl", "show", "-p", "ExecStart", "-p", "EnvironmentFiles", "--", unit]
        code, out, _err = run(argv)
        result |= set(FILE.findall(out)) if code == 0 else set()
    return sorted(result)


def hosts_in(files: Iterable[str]) -> dict[str, list[str]]:
    """Return for each file the hosts that it names, without accounts and passwords."""
    result = {}
    for file in sorted(set(files)):
        if not os.path.isfile(file):
            continue
        lines = [line for line in _text(file).splitlines() if line.lstrip()[:1] not in ("#", ";")]
        text = "\n".join(lines)
        names = {_host(name) for name in URL.findall(text)}
        names |= {_host(name, "host" in key.lower()) for key, name in SETTING.findall(text)}
        names -= {"", *NAMESPACES}
        if names:
            result[file] = sorted(names)
    return result


def _host(name: str, sure: bool = False) -> str:
    """The host of host:port; empty for what is none. sure: a name without a dot may be one."""
    if name.startswith("["):
        return name[1:].partition("]")[0]
    host, _colon, port = name.partition(":") if name.count(":") == 1 else (name, "", "")
    whole = "." in host.strip(".") or ":" in host or port.isdigit()
    alone = sure and re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{2,}", host) and host.lower() not in WORDS
    return host.rstrip(".") if whole or alone else ""


def remote_mounts(table: str = "/proc/self/mounts") -> dict[str, str]:
    """Return the server of each mounted file system of another host: server:/x or //server/x."""
    result = {}
    for line in _text(table).splitlines():
        source, path, kind = line.split()[:3]
        if kind in REMOTE_TYPES:
            host = source[2:] if source.startswith("//") else source.partition(":/")[0]
            result[path] = host.partition("/")[0]
    return result


def _words(text: str, keyword: str) -> list[str]:
    return re.findall(rf"^[ \t]*{keyword}[ \t]+([^\s#]+)", text, re.MULTILINE)


def _listed(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read(LARGEST)
    except OSError:
        return ""
