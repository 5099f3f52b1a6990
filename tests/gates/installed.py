# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection works as its users install it, from an empty directory, by full names."""

from __future__ import annotations

from pathlib import Path

from tests.gates import readme
from tests.gates.bench import BUILD, TOOLS, Bench, Refused

PLAYBOOKS = ("site", "preflight", "validate", "failover", "status")
NEVER = ("lab", "tests", "build", ".git", "Makefile", "LICENSES")


def check(bench: Bench) -> dict[str, object]:
    """Look into the tarball, then use what was installed from it."""
    place = bench.collections / "ansible_collections" / "failover" / "cluster"
    for name in NEVER:
        if (place / name).exists():
            raise Refused(f"{bench.tarball.name}: holds {name}, which users do not need.")
    use(bench, TOOLS)
    return {"bytes": bench.tarball.stat().st_size, "playbooks": len(PLAYBOOKS)}


def use(bench: Bench, tools: Path) -> None:
    """Check every playbook's syntax, and the inventory of the README with the real model."""
    inventory = readme.inventory(BUILD / "inventory.yml")
    env = {"ANSIBLE_COLLECTIONS_PATH": bench.collections}
    base = ["ansible-playbook", "-i", inventory, "-e", "vault_bmc_password=x"]
    work = BUILD / "empty"
    work.mkdir(exist_ok=True)
    for name in PLAYBOOKS:
        run = [*base, f"failover.cluster.{name}", "--syntax-check"]
        bench.run(run, cwd=work, tools=tools, env=env)
    bench.run([*base, "failover.cluster.validate"], cwd=work, tools=tools, env=env)
    wrong = [*base, "failover.cluster.validate", "-e", '{"failover_ping_targets": ["gate"]}']
    rule = "failover_ping_targets[0]: gate is not an IP address."
    try:
        bench.run(wrong, cwd=work, tools=tools, env=env)
    except Refused as refused:
        if rule in str(refused):
            return
        raise
    raise Refused("failover.cluster.validate: accepts a ping target that is no address.")
