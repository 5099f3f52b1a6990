# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection says of itself is whole: documentation, metadata, variables of roles."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml

from tests.gates import cores

CHECKOUT = Path(__file__).resolve().parents[3]
PLUGINS = CHECKOUT / "plugins"
MODULES = sorted(path.stem for path in (PLUGINS / "modules").glob("[a-z]*.py"))
ROLES = sorted(path.name for path in (CHECKOUT / "roles").iterdir())
DOCUMENTED = sorted(
    path.relative_to(PLUGINS).with_suffix("").as_posix()
    for kind in ("modules", "filter", "lookup")
    for path in (PLUGINS / kind).glob("[a-z]*.py")
)


def said(plugin, name):
    """What a plugin assigns to DOCUMENTATION, EXAMPLES or RETURN."""
    for node in ast.parse((PLUGINS / f"{plugin}.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return yaml.safe_load(ast.literal_eval(node.value))
    raise LookupError(f"{plugin}: has no {name}.")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_states_its_attributes_from_the_one_fragment(module):
    documentation = said(f"modules/{module}", "DOCUMENTATION")
    assert documentation["extends_documentation_fragment"] == "failover.cluster.attributes"
    stated = documentation["attributes"]
    assert sorted(stated) == ["check_mode", "diff_mode", "idempotent"]
    for attribute, value in stated.items():
        assert value["support"] in ("full", "partial", "none"), attribute
        assert value["support"] != "partial" or value["details"], attribute


@pytest.mark.parametrize("plugin", DOCUMENTED)
def test_a_plugin_shows_how_it_is_used_by_its_full_name(plugin):
    name = f"failover.cluster.{plugin.rpartition('/')[2]}"
    for task in said(plugin, "EXAMPLES"):
        assert task["name"], plugin
        assert name in task or any(f"{name}" in str(value) for value in task.values())


@pytest.mark.parametrize("plugin", DOCUMENTED)
def test_every_value_that_is_returned_has_type_description_and_sample(plugin):
    returned = said(plugin, "RETURN")
    assert returned
    for name, value in returned.items():
        assert {"type", "description", "sample"} <= set(value), name
        assert "returned" in value or not plugin.startswith("modules/"), name


def test_every_module_takes_the_defaults_of_the_group():
    runtime = yaml.safe_load((CHECKOUT / "meta/runtime.yml").read_text(encoding="utf-8"))
    assert runtime["action_groups"] == {"cluster": MODULES}


def test_the_versions_of_ansible_core_that_are_asked_for_are_those_that_are_tried():
    runtime = yaml.safe_load((CHECKOUT / "meta/runtime.yml").read_text(encoding="utf-8"))
    [(low, high)] = re.findall(r"^>=2\.(\d+)\.0,<2\.(\d+)\.0$", runtime["requires_ansible"])
    tried = [core.split(".")[:2] for core, _netaddr, _pythons in cores.CORES]
    assert (tried[0], tried[-1]) == (["2", low], ["2", str(int(high) - 1)])


@pytest.mark.parametrize("role", ROLES)
def test_the_defaults_of_a_role_are_what_its_argument_specs_say(role):
    place = CHECKOUT / "roles" / role
    specs = yaml.safe_load((place / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    options = specs["argument_specs"]["main"]["options"]
    defaults = place / "defaults/main.yml"
    have = yaml.safe_load(defaults.read_text(encoding="utf-8")) if defaults.exists() else {}
    # The variables of a cluster are not the role's; a page and they have one specification.
    own = {n: option for n, option in options.items() if not n.startswith("failover_")}
    assert {name: option["default"] for name, option in own.items()} == have
    for name, option in options.items():
        assert name.startswith((f"{role}_", "failover_"))
        assert option["description"] and option["type"]
    for entry in specs["argument_specs"].values():
        assert entry["short_description"] and entry["description"]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_describes_itself_once(role):
    place = CHECKOUT / "roles" / role
    about = yaml.safe_load((place / "meta/main.yml").read_text(encoding="utf-8"))
    specs = yaml.safe_load((place / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    short = specs["argument_specs"]["main"]["short_description"]
    assert about["galaxy_info"]["description"].casefold() in short.casefold()
    assert (place / "README.md").exists()
