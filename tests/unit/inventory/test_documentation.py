# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written of the variables is made from their specification."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.generated_docs import configuration

configuration.importable()


@pytest.mark.finding("I9")
@pytest.mark.parametrize(
    ("name", "made"),
    [(configuration.PAGE, configuration.page), (configuration.SPECS, configuration.specs)],
)
def test_page_and_argument_specs_are_up_to_date(name: str, made: object) -> None:
    assert callable(made)
    written = (configuration.ROOT / name).read_text(encoding="utf-8")
    assert written == made(), "run make docs"


@pytest.mark.house("variables")
def test_every_variable_and_every_key_has_a_sentence() -> None:
    specs = yaml.safe_load((configuration.ROOT / configuration.SPECS).read_text(encoding="utf-8"))
    options = specs["argument_specs"]["main"]["options"]
    page = (configuration.ROOT / configuration.PAGE).read_text(encoding="utf-8")
    from ansible_collections.failover.cluster.plugins.plugin_utils._inventory import specification

    assert set(specification.VARIABLES) <= set(options)

    def walk(entries: dict[str, dict[str, object]]) -> None:
        for name, entry in entries.items():
            assert entry["description"], name
            assert f"{name}`" in page or f"## {name}\n" in page, name
            inner = entry.get("options", {})
            assert isinstance(inner, dict)
            walk(inner)

    walk({name: options[name] for name in specification.VARIABLES})


@pytest.mark.house("variables")
def test_ansible_doc_shows_every_variable() -> None:
    from ansible_collections.failover.cluster.plugins.plugin_utils._inventory import specification

    role = "failover.cluster.prepare"
    command = ["ansible-doc", "-t", "role", "--json", role]
    where = {"ANSIBLE_COLLECTIONS_PATH": str(Path(specification.__file__).parents[6])}
    done = subprocess.run(
        command,
        env={**os.environ, **where},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    shown = json.loads(done.stdout)[role]["entry_points"]["main"]["options"]
    assert set(specification.VARIABLES) <= set(shown)
    assert all(shown[name]["description"] for name in specification.VARIABLES)


def test_ansible_itself_never_quotes_a_value_of_a_cluster() -> None:
    """Its check of a role's arguments shows what it cannot convert: it has nothing to convert."""
    specs = yaml.safe_load((configuration.ROOT / configuration.SPECS).read_text(encoding="utf-8"))
    for name, option in specs["argument_specs"]["main"]["options"].items():
        if name.startswith("failover_"):
            assert option["type"] == "raw", name
            assert "choices" not in option and "elements" not in option, name


PLACES = ("", "roles/engine_agent/files/failoverd/", "plugins/plugin_utils/")
"""Where the pages for developers look for a path."""


@pytest.mark.parametrize("page", ["architecture", "extending"])
def test_every_file_that_a_page_for_developers_names_is_there(page: str) -> None:
    text = (configuration.ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    named = re.findall(r"`([a-z_.][\w./-]*(?:/|\.py|\.yml|\.md))`", text)
    assert len(named) > 20
    for path in named:
        assert any((configuration.ROOT / place / path).exists() for place in PLACES), path
