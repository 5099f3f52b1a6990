# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a server is bound to it, and has to be decided before it moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import text
from ..findings import Findings
from ..hosts import Host

PGDG = "pgdg"
EVERYWHERE = ("ssh", "sshd", "systemd-resolve", "chronyd", "ntpd", "systemd", "exim4", "master")
"""Programs that every host has for itself."""
SYSTEM_JOBS = ("/etc/crontab",)
PACKAGED = ("anacron", "apt", "certbot", "e2scrub_all", "php", "popularity-contest", "sysstat")
"""Jobs that packages bring along."""


def tell(server: Host, second: Host, mount: str, findings: Findings) -> None:
    """Tell everything; mount is where the data will be."""
    here = _told(server)
    _data(server, here, mount, findings)
    _releases(server, second, findings)
    _sites(server, here, mount, findings)
    _jobs(server, here, findings)
    _bound(server, here, findings)
    _accounts(server, second, findings)
    _listening(server, here, findings)


def _told(host: Host) -> Mapping[str, Any]:
    found = host.answer.get("server")
    return found if isinstance(found, Mapping) else {}


def _data(server: Host, here: Mapping[str, Any], mount: str, findings: Findings) -> None:
    sizes = here.get("sizes") or {}
    packages = here.get("packages") or {}
    for one in server.answer.get("postgresql") or ():
        size = sizes.get(one["data"])
        version = packages.get(f"postgresql-{one['version']}", "")
        findings.add(
            "decide",
            f"PostgreSQL {one['version']}/{one['name']}",
            f"its data lie in {one['data']}"
            + (f" ({size} MiB)" if size is not None else "")
            + f", and move to {mount}. {one['configuration']} stays yours; data_directory is what"
            f" changes. It listens on port {one['port']}.",
        )
        if PGDG in version:
            findings.add(
                "decide",
                f"PostgreSQL {one['version']}/{one['name']}",
                f"comes from PostgreSQL's own repository ({version}). Give the second host the same"
                " repository and the same version.",
            )


def _releases(server: Host, second: Host, findings: Findings) -> None:
    one, other = server.answer.get("os") or {}, second.answer.get("os") or {}
    if one != other:
        findings.add(
            "decide",
            second.name,
            f"runs {other.get('id', '?')} {other.get('version', '?')}, and {server.name} runs"
            f" {one.get('id', '?')} {one.get('version', '?')}. Both need the same release.",
        )


def _sites(server: Host, here: Mapping[str, Any], mount: str, findings: Findings) -> None:
    for site in here.get("sites") or ():
        said: dict[str, list[str]] = {}
        for words in site["directives"]:
            said.setdefault(words[0], []).extend(words[1:2])
        names = ", ".join(map(text.shown, said.get("servername", []))) or "no name"
        for root in dict.fromkeys(said.get("documentroot", [])):
            findings.add(
                "decide",
                site["file"],
                f"the site ({names}) has its pages in {text.shown(root)}. If they change while it"
                f" runs (uploads, sessions), move them to {mount}; else have them on both hosts.",
            )
        for listen in said.get("listen", []):
            if ":" in listen and not listen.startswith(("*:", "0.0.0.0:")):
                findings.add(
                    "decide",
                    site["file"],
                    f"listens on {text.shown(listen)}; an address of the host is not there on the"
                    " other one. Listen on all, or on the address of the service.",
                )
    for one in here.get("certificates") or ():
        until = f", valid until {text.shown(one['until'])}" if one.get("until") else ""
        findings.add(
            "decide",
            server.name,
            f"the certificate {text.shown(one['path'])}{until} has to be on both hosts, and"
            " whatever renews it has to reach both.",
        )


def _jobs(server: Host, here: Mapping[str, Any], findings: Findings) -> None:
    for job in here.get("jobs") or ():
        name = job["file"].rpartition("/")[2]
        if job["file"] in SYSTEM_JOBS or name in PACKAGED:
            continue
        findings.add(
            "decide",
            job["file"],
            f"{text.shown(job['user'])} runs {text.shown(job['program'])}"
            f" ({text.shown(job['when'])}). On a cluster it has to run on the node that has the"
            " service, and only there: as a timer that is part of it, or behind a test for the"
            " mounted file system.",
        )


def _bound(server: Host, here: Mapping[str, Any], findings: Findings) -> None:
    for one in here.get("bound") or ():
        findings.add(
            "decide",
            f"{one['path']} line {one['line']}",
            f"names {one['address']}, an address of {server.name} alone. Write the address of the"
            " service, or a name, if the line concerns it.",
        )


def _accounts(server: Host, second: Host, findings: Findings) -> None:
    here = {one["name"]: one for one in _told(server).get("accounts") or ()}
    there = {one["name"]: one for one in _told(second).get("accounts") or ()}
    uids = {one["uid"]: name for name, one in there.items()}
    for name, one in here.items():
        other = there.get(name)
        if other is not None and (one["uid"], one["gid"]) != (other["uid"], other["gid"]):
            findings.add(
                "decide",
                f"account {text.shown(name)}",
                f"is {one['uid']}:{one['gid']} on {server.name} and {other['uid']}:{other['gid']}"
                f" on {second.name}. Files on the storage would change their owner; give it the"
                " same numbers.",
            )
        elif other is None:
            taken = uids.get(one["uid"])
            clash = f", whose number {text.shown(taken)} has there" if taken else ""
            findings.add(
                "decide",
                f"account {text.shown(name)}",
                f"({one['uid']}:{one['gid']}) is not on {second.name}{clash}. Make it there, with"
                " the same numbers, if it owns files of the service.",
            )


def _listening(server: Host, here: Mapping[str, Any], findings: Findings) -> None:
    for one in here.get("listening") or ():
        if one["program"] in EVERYWHERE:
            continue
        program = text.shown(one["program"] or "a program")
        findings.add(
            "note",
            server.name,
            f"{program} listens on {text.shown(one['address'])} port {text.shown(one['port'])}.",
        )
