# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The completion of failoverctl, in a real bash and in a real zsh."""

from __future__ import annotations

import os
import pty
import select
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.generated_docs import completion

ROOT = Path(__file__).parents[3]
BASH = ROOT / completion.FOLDER / "failoverctl.bash"
ZSH = ROOT / completion.FOLDER / "_failoverctl"
LIMIT_S = 30.0
PROMPT = "READY> "
TOOL = """#!/bin/sh
case "$*" in
  "status --names services") printf '%s\\n' shop mail;;
  "status --names nodes") printf '%s\\n' node1 node2;;
  *) echo "asked: $*" >&2; exit 1;;
esac
"""


@pytest.fixture
def tool(tmp_path: Path) -> Path:
    """A directory with a failoverctl that knows two services and two nodes."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "failoverctl").write_text(TOOL)
    (folder / "failoverctl").chmod(0o755)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a journal.jsonl").touch()
    (tmp_path / "here" / "state").mkdir()
    return folder


def words(tool: Path, *line: str) -> set[str]:
    """What bash offers for the last word of a line."""
    script = (
        f"source {BASH}; COMP_WORDS=({shlex.join(line)}); COMP_CWORD={len(line) - 1};"
        ' _failoverctl; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "--norc", "-uc", script],
        cwd=tool.parent / "here",
        env={"PATH": f"{tool}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    assert done.stderr == ""
    return set(done.stdout.split("\n")) - {""}


@pytest.mark.parametrize("name", completion.pages())
def test_the_files_are_not_stale(name: str) -> None:
    assert (ROOT / name).read_text(encoding="utf-8") == completion.pages()[name], "run make docs"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (["failoverctl", "st"], {"status", "standby"}),
        (["failoverctl", "switchover", ""], {"shop", "mail"}),
        (["failoverctl", "switchover", "sh"], {"shop"}),
        (["failoverctl", "switchover", "shop", "--to", ""], {"node1", "node2"}),
        (["failoverctl", "switchover", "--to", "node2", ""], {"shop", "mail"}),
        (["failoverctl", "switchover", "--wait", ""], set()),
        (["failoverctl", "switchover", "shop", "--j"], {"--json"}),
        (["failoverctl", "switchover", "shop", ""], {"--to", "--wait", "--json"}),
        (["failoverctl", "confirm-fenced", ""], {"node1", "node2"}),
        (["failoverctl", "maintenance", "o"], {"on", "off"}),
        (["failoverctl", "repair", ""], {"open", "close"}),
        (["failoverctl", "repair", "open", "m"], {"mail"}),
        (["failoverctl", "availability", "shop", "m"], {"mail"}),
        (["failoverctl", "replay", ""], {"a journal.jsonl", "state"}),
        (["failoverctl", "replay", "x", "st"], {"state"}),
        (["failoverctl", "check", ""], {"state"}),
        (["failoverctl", "status", "--watch", "--js"], {"--json"}),
        (["failoverctl", "nothing", ""], set()),
    ],
)
def test_bash_offers_what_fits(tool: Path, line: list[str], expected: set[str]) -> None:
    assert words(tool, *line) == expected


def test_bash_offers_every_command_and_each_of_its_options(tool: Path) -> None:
    assert words(tool, "failoverctl", "") == {*completion.commands(), "--help"}
    for name, (_text, one) in completion.commands().items():
        help_ = one.format_help()
        for option in words(tool, "failoverctl", name, "-"):
            assert option in help_, (name, option)


def test_without_a_daemon_no_name_is_offered_and_nothing_is_written(tool: Path) -> None:
    (tool / "failoverctl").write_text("#!/bin/sh\necho no daemon >&2; exit 3\n")
    assert words(tool, "failoverctl", "confirm-fenced", "") == set()


class Shell:
    """A shell with a terminal."""

    def __init__(self, argv: list[str], tool: Path, **environment: str) -> None:
        self._main, side = pty.openpty()
        base = {"PATH": f"{tool}:{os.environ['PATH']}", "TERM": "xterm", "HOME": str(tool)}
        self._process = subprocess.Popen(
            argv,
            cwd=tool.parent / "here",
            env={**base, "LC_ALL": "C.UTF-8", **environment},
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
        )
        os.close(side)
        self.text = ""
        self._seen = 0

    def type(self, text: str) -> None:
        os.write(self._main, text.encode())

    def until(self, words: str) -> None:
        """Read until these words were written, after those that were waited for before."""
        end = time.monotonic() + LIMIT_S
        while (at := self.text.find(words, self._seen)) < 0 and time.monotonic() < end:
            if select.select([self._main], [], [], 0.1)[0]:
                self.text += os.read(self._main, 65536).decode(errors="replace")
        assert at >= 0, self.text
        self._seen = at + len(words)

    def close(self) -> None:
        self._process.kill()
        self._process.wait(60)
        os.close(self._main)


@pytest.fixture
def bash(tool: Path) -> Iterator[Shell]:
    """With the loader of the package bash-completion, which finds the file by its name."""
    place = tool.parent / "share/bash-completion/completions"
    place.mkdir(parents=True)
    (place / "failoverctl").write_text(BASH.read_text())
    shares = f"{tool.parent}/share:/usr/local/share:/usr/share"
    shell = Shell(["bash", "--norc", "--noprofile", "-i"], tool, XDG_DATA_DIRS=shares)
    shell.type("source /usr/share/bash-completion/bash_completion; PS1='READY''> '\n")
    shell.until(PROMPT)
    yield shell
    shell.close()


@pytest.fixture
def zsh(tool: Path) -> Iterator[Shell]:
    place = tool.parent / "site-functions"
    place.mkdir()
    (place / "_failoverctl").write_text(ZSH.read_text())
    shell = Shell(["zsh", "-f", "-i"], tool)
    shell.type(f"fpath=({place} $fpath); autoload -Uz compinit; compinit -u -D; PS1='READY''> '\n")
    shell.until(PROMPT)
    yield shell
    shell.close()


def test_the_loader_of_bash_completion_finds_and_runs_it(bash: Shell) -> None:
    bash.type("failoverctl swi\t")
    bash.until("failoverctl switchover ")
    bash.type("m\t")
    bash.until("mail")
    bash.type("--t\tnode2\n")
    bash.until("asked: switchover mail --to node2")


def test_zsh_completes_commands_names_and_options(zsh: Shell) -> None:
    zsh.type("failoverctl swi\t")
    zsh.until("tchover")
    zsh.type("m\t")
    zsh.until("mail")
    zsh.type("--t\tnode2\n")
    zsh.until("asked: switchover mail --to node2")


def test_zsh_says_what_each_command_does(zsh: Shell) -> None:
    zsh.type("failoverctl \t\t")
    zsh.until("Confirm, on your responsibility")
