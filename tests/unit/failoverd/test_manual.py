# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual pages say what --help says, and each page that a unit names is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from failoverd.cli import parser
from tests.generated_docs import manual

ROLE = Path(__file__).parents[3] / "roles/engine_agent"


@pytest.mark.parametrize("name", manual.PROGRAMS)
def test_a_manual_page_is_not_stale(name: str) -> None:
    text = (ROLE.parents[1] / manual.page_of(name)).read_text(encoding="utf-8")
    assert text == manual.page(name), "run make docs"


def test_the_page_has_every_command_with_its_sentence() -> None:
    text = manual.page("failoverctl").replace("\\-", "-")
    commands = re.findall(r"^    (\S+)(?:  |$)", parser([]).format_help(), re.MULTILINE)
    assert {"status", "switchover", "confirm-fenced"} <= set(commands)
    assert re.findall(r'^\.SS "(.*)"$', text, re.MULTILINE) == commands
    assert "Confirm, on your responsibility, that a silent node is off." in text
    assert "\\fB--to\\fR \\fINODE\\fR" in text
    assert "NODE loses power" in text, "the words of whatif"


def test_each_page_that_a_unit_names_is_installed() -> None:
    installed = yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))[
        "engine_agent_units"
    ]
    named = {
        page
        for unit in (ROLE / "templates").glob("*.service.j2")
        for line in unit.read_text(encoding="utf-8").splitlines()
        if line.startswith("Documentation=")
        for page in re.findall(r"man:(\w+)\(8\)", line)
    }
    assert named == set(manual.PROGRAMS)
    assert {f"usr/local/share/man/man8/{page}.8" for page in named} <= set(installed)


def test_nothing_of_a_text_is_taken_for_a_command_of_roff() -> None:
    assert manual._plain(".so /etc/passwd\n'x \\fB a-b") == "\\&.so /etc/passwd\n\\&'x \\efB a\\-b"
