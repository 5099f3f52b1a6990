# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a single server runs, and what of it is bound to this very host."""

from __future__ import annotations

import functools
import json
import os
import pwd
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .. import _node
from .._adoption import look
from . import host, read

Run = Callable[[Sequence[str]], tuple[int, str, str]]

SITE = frozenset(
    {
        "documentroot",
        "listen",
        "serveralias",
        "servername",
        "sslcertificatechainfile",
        "sslcertificatefile",
        "sslcertificatekeyfile",
    }
)
"""Directives of a site that are told; no other one leaves the host."""
QUIET = (
    "/etc/network",
    "/etc/netplan",
    "/etc/NetworkManager",
    "/etc/systemd/network",
    "/etc/hosts",
)
"""Where an address of the host belongs."""
MOST_FILES = 5000
MOST_FOUND = 100
ADDRESS = re.compile(rb"(?<![0-9.])([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?![0-9.])")


def facts(run: Run, root: str = "") -> dict[str, Any]:
    """Return everything; nothing of it is a secret."""
    own = {
        address.partition("/")[0]
        for name, addresses in _node.interfaces(run).items()
        for address in addresses
        if name != "lo"
    }
    sites = _sites(root)
    units = [n for n in read.names("/etc/systemd/system", root) if _made_here(n, root)]
    return {
        "sizes": _sizes(run, root),
        "sites": sites,
        "own_units": units,
        "named": {unit: sorted(look.named([unit], root)) for unit in units},
        "jobs": _jobs(root),
        "certificates": _certificates(run, sites, root),
        "bound": _bound(own, root),
        "listening": _listening(run),
        "accounts": _accounts(),
        "disks": _disks(run),
        "gateway": _gateway(run),
        "packages": _packages(run),
    }


def _sizes(run: Run, root: str) -> dict[str, int]:
    """Directory of a database -> MiB that it takes."""
    result = {}
    for cluster in host.postgresql(root):
        code, out, _err = run(["du", "-smx", "--", cluster["data"]])
        words = out.split()
        if code == 0 and words and words[0].isdigit():
            result[cluster["data"]] = int(words[0])
    return result


def _sites(root: str) -> list[dict[str, Any]]:
    """The sites of Apache, each with the directives that are told."""
    result = []
    for path in [
        "/etc/apache2/ports.conf",
        *read.matching("/etc/apache2/sites-enabled/*.conf", root),
    ]:
        found = read.file(path, _directives, root)
        if found is not None:
            result.append({"file": path, "directives": json.loads(found["text"])})
    return result


def _directives(text: str) -> str:
    words = [line.partition("#")[0].replace('"', "").split() for line in text.splitlines()]
    return json.dumps([[one[0].lower(), *one[1:3]] for one in words if one and _told(one)])


def _told(words: Sequence[str]) -> bool:
    return words[0].lower() in SITE


def _made_here(name: str, root: str) -> bool:
    """A unit of somebody's own, and not a link to one of a package."""
    path = f"{root}/etc/systemd/system/{name}"
    return name.endswith((".service", ".timer")) and not os.path.islink(path)


def _jobs(root: str) -> list[dict[str, str]]:
    """The jobs of cron: when, as whom, and which program; its arguments are nobody's business."""
    result = []
    tables = [
        ("/etc/crontab", ""),
        *((path, "") for path in read.matching("/etc/cron.d/*", root)),
        *((p, p.rpartition("/")[2]) for p in read.matching("/var/spool/cron/crontabs/*", root)),
    ]
    for path, owner in tables:
        found = read.file(path, functools.partial(_told_lines, owner), root)
        if found is not None:
            result += [{"file": path, **job} for job in json.loads(found["text"])]
    return result[:MOST_FOUND]


def _told_lines(owner: str, text: str) -> str:
    return json.dumps(list(_lines(text, owner)))


def _lines(text: str, owner: str) -> Iterator[dict[str, str]]:
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#") or "=" in words[0]:
            continue
        count = 1 if words[0].startswith("@") else 5
        when, rest = words[:count], words[count:]
        user = owner or (rest.pop(0) if rest else "")
        # Settings before a command may be passwords.
        while rest and "=" in rest[0]:
            rest.pop(0)
        if rest:
            yield {"when": " ".join(when), "user": user, "program": rest[0]}


def _certificates(run: Run, sites: Sequence[dict[str, Any]], root: str) -> list[dict[str, str]]:
    """The certificates of the sites, and until when they are valid."""
    paths = [
        words[1]
        for site in sites
        for words in site["directives"]
        if words[0] == "sslcertificatefile" and len(words) > 1
    ]
    paths += read.matching("/etc/letsencrypt/live/*/cert.pem", root)
    tool = host.program("openssl")
    result = []
    for path in dict.fromkeys(paths):
        command = [tool, "x509", "-enddate", "-noout", "-in", root + path]
        code, out, _err = run(command) if tool else (1, "", "")
        result.append({"path": path, "until": out.strip().partition("=")[2] if not code else ""})
    return result[:MOST_FOUND]


def _bound(own: set[str], root: str) -> list[dict[str, Any]]:
    """Files below /etc that name an address of this host: path, line and the address alone."""
    result: list[dict[str, Any]] = []
    wanted = {address.encode() for address in own if ":" not in address}
    for path in _plain_files("/etc", root):
        if path.startswith(QUIET):
            continue
        try:
            with open(root + path, "rb") as handle:
                data = handle.read(read.LONGEST)
        except OSError:
            continue
        if b"\0" in data[:1024]:
            continue
        for number, line in enumerate(data.splitlines(), 1):
            bare = line.partition(b"#")[0]
            for address in wanted & set(ADDRESS.findall(bare)):
                result.append({"path": path, "line": number, "address": address.decode()})
        if len(result) >= MOST_FOUND:
            break
    return result[:MOST_FOUND]


def _plain_files(top: str, root: str) -> Iterator[str]:
    count = 0
    for place, directories, files in os.walk(root + top):
        directories.sort()
        for name in sorted(files):
            path = os.path.join(place, name)
            if os.path.isfile(path) and not os.path.islink(path):
                count += 1
                if count > MOST_FILES:
                    return
                yield path[len(root) :]


def _listening(run: Run) -> list[dict[str, str]]:
    """Who listens on which port, but for what listens on this host alone."""
    tool = host.program("ss")
    code, out, _err = run([tool, "-Hltnp"]) if tool else (1, "", "")
    result = []
    for line in out.splitlines() if code == 0 else ():
        words = line.split()
        if len(words) < 4:
            continue
        address, _colon, port = words[3].rpartition(":")
        program = re.search(r'\(\("([^"]{1,40})"', line)
        if not address.startswith(("127.", "[::1]")):
            found = {"address": address, "port": port, "program": program[1] if program else ""}
            if found not in result:
                result.append(found)
    return result[:MOST_FOUND]


def _accounts() -> list[dict[str, Any]]:
    """The accounts of people and programs that no package of the base made."""
    return [
        {"name": one.pw_name, "uid": one.pw_uid, "gid": one.pw_gid}
        for one in pwd.getpwall()
        if 1000 <= one.pw_uid < 60000 or one.pw_name in ("postgres", "www-data", "mysql")
    ]


def _disks(run: Run) -> list[dict[str, Any]]:
    """Disks and partitions on which there is nothing."""
    tool = host.program("lsblk")
    command = [tool, "-J", "-b", "-o", "PATH,TYPE,SIZE,FSTYPE,PTTYPE,MOUNTPOINT,RO"]
    code, out, _err = run(command) if tool else (1, "", "")
    try:
        devices = json.loads(out)["blockdevices"] if code == 0 else []
    except (ValueError, KeyError):
        return []
    return [
        {"path": one["path"], "mib": int(one["size"]) >> 20}
        for one in devices
        if one.get("type") in ("disk", "lvm")
        and not one.get("children")
        and not any(one.get(key) for key in ("fstype", "pttype", "mountpoint", "ro"))
    ]


def _gateway(run: Run) -> str:
    code, out, _err = run(["ip", "-j", "route", "show", "default"])
    try:
        routes = json.loads(out or "[]") if code == 0 else []
    except ValueError:
        return ""
    return next((str(one["gateway"]) for one in routes if "gateway" in one), "")


def _packages(run: Run) -> dict[str, str]:
    """Version of each package of a server that may have been installed from elsewhere."""
    tool = host.program("dpkg-query")
    command = [tool, "-W", "-f", "${Package} ${Version}\n", "postgresql-[0-9]*", "apache2"]
    _code, out, _err = run(command) if tool else (1, "", "")
    pairs = [line.split() for line in out.splitlines()]
    return {words[0]: words[1] for words in pairs if len(words) == 2}


def kind(run: Run, root: str = "") -> dict[str, Any]:
    """What the kind server of existing_info reads."""
    return {"server": facts(run, root), "drbd_files": host.drbd(root)}
