# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the gates work, and how they run what they run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "gates"
TOOLS = ROOT / "build" / "gates-venv" / "bin"
SHOWN_LINES = 40


class Refused(Exception):
    """A gate stays shut; the text says why."""


class Bench:
    """Runs commands with the tools of the gates; everything they print goes into a log."""

    log = BUILD / "log" / "bench.txt"

    def begin(self, gate: str) -> None:
        """Write the log of this gate from now on."""
        self.log = BUILD / "log" / f"{gate}.txt"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_text("", encoding="utf-8")

    def run(
        self,
        argv: Sequence[object],
        *,
        cwd: Path = ROOT,
        tools: Path = TOOLS,
        env: Mapping[str, object] | None = None,
    ) -> str:
        """Return what a command prints. Raises Refused when it fails, with its last lines."""
        done = subprocess.run(
            [str(word) for word in argv],
            cwd=cwd,
            env={**surroundings(tools), **{k: str(v) for k, v in (env or {}).items()}},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            # Without a terminal, which a tool in the background would be stopped for.
            start_new_session=True,
            check=False,
        )
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"$ {' '.join(map(str, argv))}\n{done.stdout}\n")
        if done.returncode != 0:
            last = "\n".join(done.stdout.rstrip().splitlines()[-SHOWN_LINES:])
            raise Refused(f"{argv[0]} exited with {done.returncode}:\n{last}")
        return done.stdout

    @cached_property
    def tree(self) -> Path:
        """A copy of the checkout where ansible-test wants it, in a repository of its own."""
        place = BUILD / "tree" / "ansible_collections" / "failover" / "cluster"
        kept = self.run(["git", "ls-files", "-co", "--exclude-standard", "-z"]).split("\0")
        _copy([name for name in kept if name and (ROOT / name).is_file()], place)
        self.run(["git", "init", "--quiet"], cwd=place)
        self.run(["git", "add", "--all"], cwd=place)
        return place

    @cached_property
    def tarball(self) -> Path:
        """The collection as it is published."""
        place = BUILD / "dist"
        shutil.rmtree(place, ignore_errors=True)
        self.run(["ansible-galaxy", "collection", "build", "--output-path", place], cwd=self.tree)
        [found] = place.glob("*.tar.gz")
        return found

    @cached_property
    def collections(self) -> Path:
        """A directory that holds only the collection, as its users install it."""
        place = BUILD / "installed"
        shutil.rmtree(place, ignore_errors=True)
        install = ["ansible-galaxy", "collection", "install", "--offline", "-p", place]
        self.run([*install, self.tarball], cwd=BUILD)
        return place

    @cached_property
    def published(self) -> Path:
        """What is in the tarball, where ansible-test wants it, in a repository of its own."""
        whole = BUILD / "published"
        shutil.rmtree(whole, ignore_errors=True)
        shutil.copytree(self.collections, whole, symlinks=True)
        place = whole / "ansible_collections" / "failover" / "cluster"
        self.run(["git", "init", "--quiet"], cwd=place)
        self.run(["git", "add", "--all"], cwd=place)
        return place


def surroundings(tools: Path) -> dict[str, str]:
    """The environment: nothing of Ansible's settings comes from the user."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
    return {
        **kept,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_HOME": str(BUILD / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _copy(names: Sequence[str], place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    for name in names:
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
