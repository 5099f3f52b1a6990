# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks adopt_move and adopt_back: what they refuse, and the plan that they show."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import Play, Run, cluster

UNIT = "orders.service"
PYTHON = '#!/bin/sh\nexport PATH={place}:/usr/sbin:/usr/bin:/sbin:/bin\nexec {python} "$@"\n'
SYSTEMCTL = """#!/bin/sh
echo "Id={unit}"
echo "LoadState={load}"
echo "ActiveState={active}"
"""
IP = "#!/bin/sh\necho '{told}'\n"


@pytest.fixture
def run(play: Play, tmp_path: Path) -> Callable[..., Run]:
    """Runs a playbook on a server that runs a unit of its own, and on a bare host."""
    orders = tmp_path / "orders"
    orders.mkdir()
    one = cluster(1)
    service = one["vars"]["failover_services"][0]
    service["applications"] = [{"unit": UNIT}]
    one["vars"]["adopt_directories"] = [str(orders)]
    for name, load, active in (("n1a", "loaded", "active"), ("n1b", "not-found", "inactive")):
        place = tmp_path / f"tools-{name}"
        place.mkdir()
        interfaces = [
            {"ifname": "eth0", "addr_info": [{"local": f"10.0.1.{ord(name[-1])}", "prefixlen": 24}]}
        ]
        for tool, text in (
            ("python", PYTHON.format(place=place, python=sys.executable)),
            ("systemctl", SYSTEMCTL.format(unit=UNIT, load=load, active=active)),
            ("ip", IP.format(told=json.dumps(interfaces))),
        ):
            (place / tool).write_text(text, encoding="utf-8")
            (place / tool).chmod((place / tool).stat().st_mode | stat.S_IXUSR)
        one["hosts"][name].update(
            ansible_connection="local",
            ansible_become=False,
            ansible_python_interpreter=str(place / "python"),
        )

    def run(name: str, *words: str, **variables: Any) -> Run:
        changed = {**one, "vars": {**one["vars"], **variables}}
        return play(name, {"one": changed}, "-e", "cluster=one", *words)

    return run


def test_the_plan_is_shown_and_check_mode_changes_nothing(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    done = run("adopt_move", "-e", "service=web", "--check")
    assert done.code == 0, done.text
    assert f"{UNIT} stop, the last difference is copied and proved" in done.text
    assert f"About 1 MiB are copied while it runs: {tmp_path}/orders" in done.text
    assert "Expected downtime of web: about" in done.text
    assert "TASK [Install what copies directories]" not in done.text
    assert done.text.count("changed=0") == 4


def test_all_that_hinders_is_told_at_once_and_nothing_is_changed(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    done = run(
        "adopt_move",
        *("-e", "service=web"),
        adopt_directories=[str(link)],
        adopt_files=["/nowhere/at/all"],
    )
    assert done.code != 0
    assert f"adopt_directories: {link} is a link on n1a" in done.text
    assert "adopt_files: /nowhere/at/all is not there on n1a. Nothing was changed." in done.text
    assert "TASK [Install what copies directories]" not in done.text


@pytest.mark.parametrize(
    ("book", "asked", "sentence"),
    [
        ("adopt_move", "", "service: missing; say which one is adopted with -e service=NAME."),
        ("adopt_move", "-e service=mail", "service: mail is not a service of cluster one;"),
        ("adopt_move", "-e service=web --limit n1a", "has nodes that --limit leaves out;"),
        ("adopt_move", "-e service=web -e confirm=true", "confirm: web has not come to its end"),
        ("adopt_back", "-e service=web", "service: web was not confirmed;"),
        ("adopt_back", "-e service=web -e confirm=wbe", "service: web was not confirmed;"),
        ("adopt_back", "-e service=web -e confirm=web -e data=old", "data: old is neither new,"),
        (
            "adopt_back",
            "-e service=web -e confirm=web",
            "web: there is no way back on n1a, because it was not moved",
        ),
    ],
)
def test_nothing_is_done_before_all_of_it_was_said(
    run: Callable[..., Run], book: str, asked: str, sentence: str
) -> None:
    done = run(book, *asked.split())
    assert done.code != 0
    assert sentence in done.text
    assert "TASK [failover.cluster.prepare" not in done.text
