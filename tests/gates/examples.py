# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of every plugin are run as they stand, in check mode and without a network.

What only a node of a cluster has (its daemon, its manager of units) is played by the programs in
``stand_ins``, and its disks are files. A module must return the keys that its RETURN promises.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.gates import disks, readme
from tests.gates.bench import BUILD, ROOT, Bench, Refused

STAND_INS = ROOT / "tests" / "gates" / "stand_ins"
KINDS = ("module", "filter", "lookup")
DISKS = ("vdb", "vdc")
# Judges what the task before it learned from the nodes; without that it has to say so.
REFUSALS = {
    "preflight": "node1 (192.168.1.11) cannot be examined, so nothing was changed on any node:"
    " it was not asked",
    "proposal": "node2: cannot be examined: it was not asked",
}
VARIABLES = {
    "vault": "x",
    "vault_bmc_password": "x",
    "vault_shop_password": "y",
    "configuration": {},
}


def check(bench: Bench, tools: Path) -> dict[str, object]:
    """Run one playbook with a play for each plugin."""
    place = BUILD / "examples"
    shutil.rmtree(place, ignore_errors=True)
    (place / "files" / "pages").mkdir(parents=True)
    (place / "files" / "pages" / "index.html").write_text("<p>Welcome\n", encoding="utf-8")
    plugins = [
        (kind, name, said, place / f"{kind}-{name}.json", yaml.safe_load(said["examples"]))
        for kind in KINDS
        for name, said in _documentation(bench, tools, kind).items()
    ]
    plays = [_play(f"{kind} {name}", tasks, out) for kind, name, _said, out, tasks in plugins]
    path = place / "examples.yml"
    path.write_text(yaml.safe_dump(plays, sort_keys=False), encoding="utf-8")
    inventory = readme.inventory(BUILD / "inventory.yml")
    command = ["ansible-playbook", "--check", "--diff", "-i", inventory, path]
    command += ["-e", json.dumps(VARIABLES)]
    env = {
        "ANSIBLE_COLLECTIONS_PATH": bench.collections,
        "PATH": f"{STAND_INS}:{tools}:/usr/sbin:/usr/bin:/sbin:/bin",
    }
    # Addresses and disks of the examples are nobody's business: what has them here is not touched.
    with disks.only(bench, place, DISKS) as alone:
        bench.run([*alone, *command], cwd=place, tools=tools, env=env)
    for kind, name, said, out, tasks in plugins:
        results = json.loads(out.read_text(encoding="utf-8"))
        for task, result in zip(tasks, results, strict=True):
            _judge(kind, name, said, task, result)
    return {"examples": sum(len(tasks) for *_plugin, tasks in plugins)}


def _documentation(bench: Bench, tools: Path, kind: str) -> dict[str, Any]:
    env = {"ANSIBLE_COLLECTIONS_PATH": bench.collections}
    ask = ["ansible-doc", "-t", kind, "--json"]
    names = list(json.loads(bench.run([*ask, "--list", "failover.cluster"], tools=tools, env=env)))
    found: dict[str, Any] = json.loads(bench.run([*ask, *names], tools=tools, env=env))
    return {name.rpartition(".")[2]: said for name, said in found.items()}


def _play(name: str, tasks: list[dict[str, Any]], out: Path) -> dict[str, Any]:
    words = [task.get("register", f"example_{index}") for index, task in enumerate(tasks)]
    kept = [
        {**task, "register": word, "ignore_errors": True}
        for task, word in zip(tasks, words, strict=True)
    ]
    write = {
        "name": "Keep what was returned",
        "ansible.builtin.copy": {
            "dest": str(out),
            "mode": "0600",
            "content": f"{{{{ [{', '.join(words)}] | to_json }}}}",
        },
        "check_mode": False,
    }
    return {
        "name": f"Examples of {name}",
        "hosts": "node1",
        "connection": "local",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "/usr/bin/python3"},
        "tasks": [*kept, write],
    }


def _judge(
    kind: str, name: str, said: dict[str, Any], task: dict[str, Any], result: dict[str, Any]
) -> None:
    where = f"{kind} {name}, example {task['name']!r}"
    if result.get("failed"):
        if result.get("msg") != REFUSALS.get(name):
            raise Refused(f"{where}: {result.get('msg')}")
        return
    if name in REFUSALS:
        raise Refused(f"{where}: passed, but must be refused.")
    for key, value in said["return"].items():
        if kind == "filter" and result["msg"] != value["sample"]:
            raise Refused(f"{where}: gave {result['msg']!r}, not its sample.")
        if kind == "module" and value["returned"] in ("always", "success") and key not in result:
            raise Refused(f"{where}: did not return {key}.")
