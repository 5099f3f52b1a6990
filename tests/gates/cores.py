# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection runs with the oldest and the newest ansible-core that it promises."""

from __future__ import annotations

import json
from pathlib import Path

from tests.gates import examples, installed, pythons
from tests.gates.bench import ROOT, Bench, Refused

# ansible-core, netaddr, the versions of Python that carry both. Debian 12 has netaddr 0.8.0, and
# no Python for what comes after 2.19: that is tried where another Python is installed.
CORES = (
    ("2.16.19", "0.8.0", ("3.11", "3.12", "3.10")),
    ("2.19.14", "1.3.0", ("3.11", "3.12", "3.13")),
    ("2.21.5", "1.3.0", ("3.13", "3.12", "3.14")),
)
KINDS = ("module", "filter", "lookup", "role")


def check(bench: Bench) -> dict[str, object]:
    """Use the installed collection with each of them."""
    tried: dict[str, object] = {}
    for core, netaddr, carriers in CORES:
        python = pythons.find(carriers)
        if python is None:
            tried[core] = f"not tried: this machine has no Python {', '.join(carriers)}"
            continue
        tools = environment(bench, core, netaddr, python)
        installed.use(bench, tools)
        documented(bench, tools)
        tried[core] = {"python": pythons.version(python), **examples.check(bench, tools)}
    done = [core for core, said in tried.items() if not isinstance(said, str)]
    if len(done) < 2 or done[0] != CORES[0][0]:
        raise Refused(f"ansible-core: only {', '.join(done) or 'none'} was tried; {tried}.")
    return {"cores": tried}


def environment(bench: Bench, core: str, netaddr: str, python: Path) -> Path:
    """Return the programs of a virtual environment with these versions, made once."""
    place = ROOT / "build" / f"core-{core}"
    done = place / "done"
    wanted = f"ansible-core=={core} netaddr=={netaddr}"
    if not done.exists() or done.read_text(encoding="utf-8") != wanted:
        bench.run([python, "-m", "venv", "--clear", place])
        pip = [place / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check"]
        bench.run([*pip, "--quiet", *wanted.split()])
        done.write_text(wanted, encoding="utf-8")
    return place / "bin"


def documented(bench: Bench, tools: Path) -> None:
    """ansible-doc must find and read every plugin and role."""
    env = {"ANSIBLE_COLLECTIONS_PATH": bench.collections}
    for kind in KINDS:
        command = ["ansible-doc", "-t", kind, "--json", "--list", "failover.cluster"]
        names = list(json.loads(bench.run(command, tools=tools, env=env)))
        if not names:
            raise Refused(f"ansible-doc: finds no {kind} of the collection.")
        bench.run(["ansible-doc", "-t", kind, *names], tools=tools, env=env)
