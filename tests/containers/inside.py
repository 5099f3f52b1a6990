# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in the container: ``python3 -m tests.containers.inside NAME`` prints one row as JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from functools import partial
from typing import Any

from failoverd.checks.base import CheckFailed
from failoverd.resources import ocf
from failoverd.resources.base import ResourceError
from failoverd.resources.settings import ResourceSettings
from failoverd.system.systemd import Systemd, SystemdError

from . import processes
from .cases import CASES, Case
from .course import Course, Wrong


def settings_of(name: str, case: Case) -> ResourceSettings:
    """As the configuration of a service called proof would give them."""
    options = ocf.Options(case.agent, case.parameters, case.promoted, f"proof-{name}")
    return ResourceSettings(f"proof-{name}", "ocf", (), 3600, 3600, options)


def harm(case: Case, name: str) -> None:
    """Break what runs."""
    if case.harm:
        subprocess.run(case.harm, shell=True, check=True)
    else:
        processes.kill(processes.members(f"failover-proof-{name}.scope"))


def version(package: str) -> str:
    """The installed version of a package."""
    done = subprocess.run(
        ["dpkg-query", "-Wf", "${Version}", package], capture_output=True, text=True, check=True
    )
    return f"{package} {done.stdout}"


def row(name: str) -> dict[str, Any]:
    """What came of it: ok and figures."""
    case = CASES[name]
    figures: dict[str, Any] = {"version": version(case.package)}
    if case.before:
        subprocess.run(case.before, shell=True, check=True, stdout=sys.stderr)
    why = asyncio.run(tried(name, case, figures))
    if why:
        figures["why"] = why
    return {"ok": not why, "figures": figures}


async def tried(name: str, case: Case, figures: dict[str, Any]) -> str:
    """Send it over the course; returns what was wrong, and leaves nothing that runs."""
    systemd = Systemd()
    course = Course(case, settings_of(name, case), lambda given: ocf.Ocf(given, systemd), figures)
    try:
        await course.run(partial(harm, case, name))
    except (Wrong, ResourceError, CheckFailed, SystemdError) as error:
        with contextlib.suppress(ResourceError, SystemdError):
            await course.end()
        return str(error)
    finally:
        systemd.close()
    return ""


if __name__ == "__main__":
    print(json.dumps(row(sys.argv[1])))
