# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine is one file on each side and one role; nothing else names one.

A copy of the collection gets one more engine, for three nodes, and is asked for everything.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.generated_docs import configuration

CHECKOUT = Path(__file__).resolve().parents[3]
PARTS = ("plugins", "roles", "playbooks", "meta", "galaxy.yml")
STUB = '''
"""relay: a stub."""

from ansible_collections.failover.cluster.plugins.plugin_utils._engines._base import Engine, Hooks
from ansible_collections.failover.cluster.plugins.plugin_utils._inventory import kinds, nested
from ansible_collections.failover.cluster.plugins.plugin_utils._problems import Problem


class Relay(Engine):
    def complete(self, model, scope):
        model["relay"]["seats"] = len(model["nodes"])

    def check(self, model, problems):
        for service in model["services"]:
            with problems:
                if service["name"] == "closed":
                    raise Problem(f"{service['where']}.name: relay keeps no closed service.")

    def files(self, model, node, secrets):
        addresses = [a["address"] for s in model["services"] for a in s["addresses"]]
        return {"relay.conf": f"{node} {model['relay']['word']} {secrets['baton']} {addresses}"}


KIND = Relay(
    name="relay",
    text="A stub.",
    most=16,
    ignores=("failover_sfex", "failover_watchdog"),
    variables={
        "failover_relay": kinds.Key(
            nested.Keys({"word": kinds.Key(kinds.Text(), "A word.", default="go")}), "For it.",
            default={"word": "go"},
        )
    },
    needs=("relay-utils",),
    secrets=("baton",),
    hooks=Hooks(units=("relay.service",)),
)
'''
ON_NODE = '''
"""relay: a stub."""

from ansible_collections.failover.cluster.plugins.module_utils._engines._base import Engine


class Relay(Engine):
    name = "relay"

    def running(self):
        return True

    def services(self):
        return ["shop"]

    def configured(self):
        return {}

    def status(self, run):
        services = [
            {"name": "shop", "owner": "n2", "state": "running", "local": "stopped", "why": ""}
        ]
        return {"cluster": "three", "node": "n1", "nodes": ["n1", "n2", "n3"], "silent": [],
                "maintenance": False, "standby": [], "services": services,
                "health": {"state": "ok", "findings": []}}

    def switchover(self, run, service, to, wait_s):
        return 1.5

    def maintenance(self, run, on):
        pass

    def standby(self, run, node, on):
        pass

    def confirm_fenced(self, run, node, who):
        return f"{who} says that {node} is off"


ENGINE = Relay()
'''
TASK = """
---
- name: Say where this is
  ansible.builtin.debug:
    msg: "relay {}: {{{{ (engine_service | default('')) ~ (engine_state | default('')) }}}}"
"""
ENTRIES = (
    "main",
    "plan",
    "rotate_keys",
    "absent",
    "leave",
    "stopped",
    "forget",
    "switchover",
    "maintenance",
    "confirm_fenced",
    "replace",
)


def cluster(nodes: int, **more: Any) -> dict[str, Any]:
    """A group of hosts with the second engine."""
    names = [f"n{i}" for i in range(1, nodes + 1)]
    devices = {name: {"ip": f"10.9.0.{i}"} for i, name in enumerate(names, 1)}
    variables = {
        "failover_engine": "relay",
        "failover_links": [
            {"name": "lan", "interface": "eth0"},
            {"name": "x", "interface": "eth1"},
        ],
        "failover_fencing": [
            {"method": "stonith", "agent": "fence_ipmilan", "nodes": devices, "parameters": {}}
        ],
        "failover_services": [{"name": "shop", "addresses": ["192.168.1.10/24"]}],
    }
    hosts = {
        name: {"ansible_connection": "local", "ansible_host": f"192.168.7.{i}"}
        for i, name in enumerate(names, 1)
    }
    return {"hosts": hosts, "vars": {**variables, "ansible_become": False, **more}}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection with one more engine: two files, one line, one role."""
    root = tmp_path_factory.mktemp("engines")
    copy = root / "ansible_collections" / "failover" / "cluster"
    copy.mkdir(parents=True)
    for part in PARTS:
        source = CHECKOUT / part
        if source.is_dir():
            shutil.copytree(source, copy / part)
        else:
            shutil.copy(source, copy / part)
    (copy / "plugins/plugin_utils/_engines/relay.py").write_text(STUB)
    (copy / "plugins/module_utils/_engines/relay.py").write_text(ON_NODE)
    line = copy / "plugins/module_utils/_engines/__init__.py"
    text = line.read_text().replace("import agent, pacemaker\n", "import agent, pacemaker, relay\n")
    line.write_text(text.replace("(agent, pacemaker)", "(agent, pacemaker, relay)"))
    tasks = copy / "roles/engine_relay/tasks"
    tasks.mkdir(parents=True)
    for entry in ENTRIES:
        (tasks / f"{entry}.yml").write_text(TASK.format(entry))
    return root


def python(place: Path, code: str) -> Any:
    """What a process with that collection prints, as JSON."""
    head = f"import sys; sys.path.insert(0, {str(place)!r}); import json\n"
    head += "from ansible_collections.failover.cluster.plugins.plugin_utils import "
    head += "_engines, _model, _nodes, _problems, _packages\n"
    done = subprocess.run(
        [sys.executable, "-c", head + code],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def model(place: Path, group: dict[str, Any], then: str) -> Any:
    """Build the model of a group with that collection, and go on with it."""
    nodes = list(group["hosts"])
    each = {node: {**group["vars"], **group["hosts"][node]} for node in nodes}
    code = f"nodes, each = json.loads({json.dumps([nodes, each])!r})\n"
    code += "try:\n    model = _model.build('three', nodes, each)\n"
    code += "except _problems.Problem as problem:\n    print(json.dumps(str(problem)))\n"
    code += f"else:\n    print(json.dumps({then}))\n"
    return python(place, code)


def play(place: Path, book: str, group: dict[str, Any], *words: str) -> str:
    """What a playbook says, with that collection."""
    inventory = place / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"all": {"children": {"three": group}}}))
    done = subprocess.run(
        ["ansible-playbook", "-i", str(inventory), book, *words],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(place),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        },
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.stdout + done.stderr


@pytest.mark.house("engine")
def test_a_second_engine_reads_judges_and_renders_three_nodes(place: Path) -> None:
    then = "{**model, 'packages': _packages.needed(model),"
    then += " 'files': _engines.of(model).files(model, 'n3', {'baton': 's'}),"
    then += " 'view': _nodes.view(model, 'n1', ['n1'])}"
    made = model(place, cluster(3, failover_relay={"word": "run"}), then)
    assert (made["engine"], made["nodes"]) == ("relay", ["n1", "n2", "n3"])
    assert made["relay"] == {"word": "run", "seats": 3}
    assert made["files"] == {"relay.conf": "n3 run s ['192.168.1.10/24']"}
    assert made["hooks"]["units"] == ["relay.service"]
    assert "relay-utils" in made["packages"] and "python3-dbus-fast" not in made["packages"]
    assert made["view"]["secrets"] == ["baton"]
    assert made["view"]["others"] == ["n2", "n3"]


@pytest.mark.house("engine")
@pytest.mark.parametrize(
    ("nodes", "more", "sentence"),
    [
        (3, {"failover_engine": "agent"}, "give it as many, or the engine pacemaker or relay, or"),
        (
            3,
            {"failover_watchdog": {"device": "/dev/watchdog"}},
            "failover_watchdog: means nothing to the engine relay; leave it out, or take the engine"
            " agent (failover_engine).",
        ),
        (
            2,
            {"failover_engine": "agent", "failover_relay": {"word": "run"}},
            "failover_relay: means nothing to the engine agent; leave it out, or take the engine"
            " relay (failover_engine).",
        ),
        (
            3,
            {"failover_services": [{"name": "closed", "addresses": ["192.168.1.10/24"]}]},
            "failover_services[0].name: relay keeps no closed service.",
        ),
        (3, {"failover_relay": {"wort": "run"}}, "failover_relay.wort: unknown key; word may be"),
        (
            3,
            {"failover_engine": "rely"},
            "failover_engine: rely is not one of agent, pacemaker, relay.",
        ),
    ],
)
def test_what_an_engine_cannot_do_is_refused(
    place: Path, nodes: int, more: dict[str, Any], sentence: str
) -> None:
    assert sentence in model(place, cluster(nodes, **more), "'nothing was refused'")


@pytest.mark.house("engine")
def test_the_playbooks_take_the_role_of_the_engine(place: Path) -> None:
    said = play(place, "failover.cluster.failover", cluster(3), "-e", "service=shop")
    assert "1. shop moves from n2 to the node that the engine chooses" in said
    assert "relay switchover: shop" in said
    said = play(place, "failover.cluster.failback", cluster(3), "-e", "cluster=three")
    assert "1. shop moves from n2 to n1" in said
    assert "relay switchover: shop" in said
    said = play(place, "failover.cluster.standby", cluster(3), "-e", "node=n3")
    assert "Nothing moves." in said
    assert "n3 runs nothing now." in said
    said = play(place, "failover.cluster.maintenance", cluster(3), "-e", "state=on")
    assert "relay maintenance: on" in said
    said = play(
        place, "failover.cluster.confirm_fenced", cluster(3), "-e", "node=n3", "-e", "confirm=n3"
    )
    assert "relay confirm_fenced" in said
    said = play(place, "failover.cluster.rotate_keys", cluster(3), "-e", "cluster=three")
    assert said.count("relay rotate_keys") == 3
    words = ("-e", "cluster=three", "-e", "node=n3", "-e", "confirm=n3", "--check")
    said = play(place, "failover.cluster.replace_node", cluster(3), *words)
    assert said.count("relay replace: begun") == 3


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "cluster: missing; say whose heartbeats shall get a new key with -e cluster=NAME."),
        (("-e", "cluster=four"), "cluster: four is not a cluster of the inventory"),
        (("-e", "cluster=three", "--limit", "n1,n2"), "has nodes that --limit leaves out"),
    ],
)
def test_a_key_is_renewed_on_all_nodes_of_one_cluster_or_on_none(
    place: Path, words: tuple[str, ...], sentence: str
) -> None:
    said = play(place, "failover.cluster.rotate_keys", cluster(3), *words)
    assert sentence in " ".join(said.split())
    assert "relay rotate_keys" not in said


@pytest.mark.house("engine")
def test_the_modules_ask_the_engine_of_the_node(place: Path) -> None:
    said = play(place, "failover.cluster.status", cluster(3))
    assert "shop on n2" in said
    (place / "move.yml").write_text(
        "- hosts: n1\n  gather_facts: false\n  tasks:\n"
        "    - failover.cluster.switchover: {service: shop, to: n3}\n      register: moved\n"
        "    - ansible.builtin.debug:\n        msg: '{{ moved.before }} {{ moved.after }}"
        " {{ moved.seconds }}'\n"
        "    - failover.cluster.switchover: {service: shop}\n"
    )
    said = play(place, "move.yml", cluster(3))
    assert "n2 n3 1.5" in said
    assert "to: missing; several nodes could run it; they are n1, n2, n3." in said


NAMED = re.compile(
    r"engine_(agent|pacemaker)|failoverctl|failoverd\b"
    r"|[\"'](agent|pacemaker)[\"']\s*(==|!=)|(==|!=)\s*[\"'](agent|pacemaker)[\"']"
)
DOOR = CHECKOUT / "plugins/plugin_utils/_daemon.py"
"""The rules that the collection shares with a daemon lie in the role of that daemon."""
DOCUMENTED = re.compile(r'r""".*?"""', re.DOTALL)
"""Documentation of modules, whose examples may name anything."""
PRODUCT = re.compile(r"/(etc|var/lib)/failoverd\b")
"""Directories of the product; not all that lies there belongs to an engine."""


@pytest.mark.house("engine")
def test_nothing_outside_names_an_engine() -> None:
    places = [*CHECKOUT.glob("plugins/**/*.py"), *CHECKOUT.glob("playbooks/*.yml")]
    roles = [path for path in CHECKOUT.glob("roles/*/*/*") if "engine_" not in str(path)]
    named = [
        f"{path.relative_to(CHECKOUT)}: {line.strip()}"
        for path in [*places, *roles]
        if "_engines" not in path.parts and path != DOOR and path.suffix in (".py", ".yml", ".j2")
        for line in DOCUMENTED.sub("", path.read_text(encoding="utf-8")).splitlines()
        if NAMED.search(PRODUCT.sub("", line))
    ]
    assert named == []


def test_every_engine_of_the_control_host_is_sent_to_the_nodes() -> None:
    configuration.importable()
    from ansible_collections.failover.cluster.plugins.module_utils import _engines as on_node
    from ansible_collections.failover.cluster.plugins.plugin_utils import _engines

    assert set(on_node.ENGINES) == set(_engines.ENGINES)
    for name in _engines.ENGINES:
        tasks = CHECKOUT / "roles" / f"engine_{name}" / "tasks"
        assert {f"{entry}.yml" for entry in ENTRIES} <= {path.name for path in tasks.iterdir()}
