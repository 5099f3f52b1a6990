# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which module may import which: no circle, and the core imports nothing of the shell."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

FILES = Path(__file__).parents[3] / "roles/engine_agent/files"

Graph = dict[str, set[str]]

FLOORS = (
    ("core",),
    ("formats", "rules"),
    ("system",),
    ("journal",),
    ("alerts", "checks", "fencing", "links"),
    ("resources",),
    ("monitors", "readiness"),
    ("config",),
    ("persistence",),
    ("control", "dispatch", "permissions", "record", "runner"),
    ("daemon", "support", "whatif"),
    ("__main__", "cli"),
)
"""The parts of failoverd. A part imports only of the floors below its own."""
OPEN = frozenset(("failoverd.core", "failoverd.rules"))
"""Folders without an inside: every module is for others."""


def name_of(file: Path, files: Path) -> str:
    return ".".join(file.relative_to(files).with_suffix("").parts).removesuffix(".__init__")


def imported(file: Path, files: Path) -> set[str]:
    """Each name that a file imports, within functions and for type checkers alone, too."""
    # Of a package and of a module alike, one dot means the directory.
    here = file.relative_to(files).parent.parts
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) + 1 - node.level] if node.level else ()
            origin = ".".join([*base, *filter(None, [node.module])])
            found |= {f"{origin}.{alias.name}" for alias in node.names}
    return found


def modules(files: Path) -> Graph:
    """Which modules each module imports."""
    names = {name_of(file, files): file for file in (files / "failoverd").rglob("*.py")}

    def module(name: str) -> str:
        """Of a module's function the module."""
        return name if name in names else name.rpartition(".")[0]

    return {
        name: {module(i) for i in imported(file, files)} & names.keys() - {name}
        for name, file in names.items()
    }


def part(name: str) -> str:
    """The folder, or the module directly below failoverd, that a module belongs to."""
    return ".".join(name.split(".")[1:2])


def parts(graph: Graph) -> Graph:
    """Which part of failoverd imports which."""
    result: Graph = defaultdict(set)
    for name, others in graph.items():
        result[part(name)] |= {part(other) for other in others} - {part(name)}
    return result


def upward(graph: Graph) -> list[str]:
    """Each arrow that does not lead to a lower floor, and each part that has no floor."""
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    arrows = parts(graph)
    found = [f"{name} has no floor" for name in sorted(arrows.keys() - floor.keys() - {""})]
    return found + [
        f"{name} -> {other}"
        for name, others in sorted(arrows.items())
        for other in sorted(others - {""})
        if name in floor and other in floor and floor[other] >= floor[name]
    ]


def doors(file: Path) -> set[str]:
    """The modules that a folder lets others import: __all__ of its __init__.py."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def inside(graph: Graph, files: Path) -> list[str]:
    """Each import of another folder's module that is none of its doors; and the unused doors."""
    folders = {
        name: doors(file)
        for file in (files / "failoverd").glob("*/**/__init__.py")
        if (name := name_of(file, files)) not in OPEN
    }
    used: Graph = defaultdict(set)
    found = []
    for name, others in graph.items():
        for other in others:
            folder, _dot, module = other.rpartition(".")
            if folder not in folders or f"{name}.".startswith(f"{folder}."):
                continue
            used[folder].add(module)
            if module not in folders[folder]:
                found.append(f"{name} -> {other}")
    for folder, allowed in folders.items():
        found += [f"{folder}.{door} is imported by nobody" for door in allowed - used[folder]]
    return sorted(found)


def circle(graph: Graph) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def strangers(files: Path) -> set[str]:
    """What the core imports that is neither of the core nor of the standard library."""
    everything = {i for f in (files / "failoverd/core").rglob("*.py") for i in imported(f, files)}
    return {
        name
        for name in everything
        if not name.startswith("failoverd.core.")
        and name.split(".")[0] not in sys.stdlib_module_names
    }


@pytest.mark.house("imports")
def test_no_modules_and_no_packages_import_each_other_in_a_circle() -> None:
    graph = modules(FILES)
    assert "failoverd.resources.service" in graph["failoverd.daemon"]
    assert circle(graph) == []
    assert circle(parts(graph)) == []


def test_every_arrow_leads_downward() -> None:
    assert upward(modules(FILES)) == []


def test_a_folder_is_entered_through_its_doors_alone() -> None:
    assert inside(modules(FILES), FILES) == []


@pytest.mark.house("imports")
def test_the_core_imports_nothing_of_the_shell() -> None:
    assert strangers(FILES) == set()


@pytest.mark.parametrize(
    "line",
    [
        "from failoverd.one import a",
        "from .one import a",
        "from . import one",
        "import failoverd.one",
        "def late() -> None:\n    from .one import a",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .one import a",
    ],
)
def test_a_circle_is_found_however_it_is_written(tmp_path: Path, line: str) -> None:
    package = tmp_path / "failoverd"
    package.mkdir()
    (package / "one.py").write_text("from .two import b\n")
    (package / "two.py").write_text(line)
    assert set(circle(modules(tmp_path))) == {"failoverd.one", "failoverd.two"}


@pytest.mark.parametrize(
    "line", ["from failoverd.files import a", "from ..files import a", "from .. import files"]
)
def test_a_core_that_imports_of_the_shell_is_found(tmp_path: Path, line: str) -> None:
    core = tmp_path / "failoverd/core"
    core.mkdir(parents=True)
    (core / "one.py").write_text(f"import json\nfrom .two import b\n{line}\n")
    assert {name.rpartition(".a")[0] or name for name in strangers(tmp_path)} == {"failoverd.files"}


def folders(place: Path, **texts: str) -> Path:
    """A tree of failoverd; folder_module=text of the module, __init__ for the folder's own."""
    for name, text in texts.items():
        folder, _line, module = name.partition("_")
        file = place / "failoverd" / folder / f"{module}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return place


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("from failoverd.journal.history import a", []),
        ("from failoverd.links.wire import a", ["alerts -> links"]),
        ("from failoverd.resources.base import a", ["alerts -> resources"]),
        ("from failoverd.attic.base import a", ["attic has no floor"]),
    ],
)
def test_an_arrow_to_the_same_or_a_higher_floor_is_found(
    tmp_path: Path, line: str, wrong: list[str]
) -> None:
    files = folders(
        tmp_path,
        alerts_outbox=line,
        journal_history="",
        links_wire="",
        resources_base="",
        **({"attic_base": ""} if "attic" in line else {}),
    )
    assert upward(modules(files)) == wrong


def test_an_import_of_a_folders_inside_and_a_door_that_nobody_uses_are_found(
    tmp_path: Path,
) -> None:
    files = folders(
        tmp_path,
        journal___init__='__all__ = ["history", "spool"]',
        journal_history="from .spool import a",
        journal_spool="",
        journal_lines="",
        alerts_outbox="from failoverd.journal import history, lines",
    )
    assert inside(modules(files), files) == [
        "failoverd.alerts.outbox -> failoverd.journal.lines",
        "failoverd.journal.spool is imported by nobody",
    ]


def test_failoverctl_loads_nothing_that_takes_long() -> None:
    """An operator waits for it, and it is most of what a planned move takes to begin."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from failoverd import cli;"
        " cli.parser(['status']).parse_args(['status']); print(*sys.modules)"
    )
    argv = ["/usr/bin/python3", "-ISc", code, str(FILES)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=300)
    heavy = {"asyncio", "dataclasses", "inspect", "shutil", "subprocess", "typing"}
    assert not heavy & set(done.stdout.split())
