# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which module may import which: no circle, and the core imports nothing of the shell."""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

FILES = Path(__file__).parents[3] / "roles/engine_agent/files"

Graph = dict[str, set[str]]


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


def packages(graph: Graph) -> Graph:
    """The same for the packages and the modules directly below failoverd."""
    result: Graph = defaultdict(set)
    for name, others in graph.items():
        part = ".".join(name.split(".")[:2])
        result[part] |= {".".join(other.split(".")[:2]) for other in others} - {part}
    return result


def circle(graph: Graph) -> list[str]:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def strangers(files: Path) -> set[str]:
    """What the core imports that is neither of the core nor of the standard library."""
    everything = {i for f in (files / "failoverd/core").glob("*.py") for i in imported(f, files)}
    return {
        name
        for name in everything
        if not name.startswith("failoverd.core.")
        and name.split(".")[0] not in sys.stdlib_module_names
    }


@pytest.mark.house("imports")
def test_no_modules_and_no_packages_import_each_other_in_a_circle() -> None:
    graph = modules(FILES)
    assert "failoverd.service" in graph["failoverd.daemon"]
    assert circle(graph) == []
    assert circle(packages(graph)) == []


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
