# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root starts the product in any directory: nothing there, and nothing in the environment, runs."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest

import failoverd

ROLES = Path(failoverd.__file__).parents[3]
FILES = ROLES / "engine_agent" / "files"
TEMPLATES = ROLES / "engine_agent" / "templates"
PLANTED = (
    *("failoverd/__init__.py", "failoverd/cli.py", "failoverd/__main__.py", "start.py"),
    *("argparse.py", "json.py", "sitecustomize.py", "usercustomize.py"),
    *("asyncio.py", "dbus_fast.py", "subprocess.py", "socket.py", "fence_peer.py"),
)
COMMANDS = ("--help", "status", "history --help", "check /nowhere", "replay .", "whatif", "clear")


class Trap:
    """A directory full of modules that leave a mark when they run."""

    def __init__(self, path: Path) -> None:
        self.path = path / "prepared"
        self.mark = path / "ran"
        for name in PLANTED:
            file = self.path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"open({str(self.mark)!r}, 'a').write({name!r} + chr(10))\n")
        for name in ("lib/python3.11/site-packages", "local/lib/python3.11/dist-packages"):
            shutil.copytree(self.path / "failoverd", self.path / name / "failoverd")
            shutil.copy(self.path / "argparse.py", self.path / name)

    def run(self, *command: str, script: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Run it as root would in that directory, with every variable that Python knows."""
        base = str(self.path)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": base,
            "PYTHONPATH": f"{base}:.",
            "PYTHONUSERBASE": base,
            "PYTHONINSPECT": "1",
            "PYTHONSTARTUP": f"{base}/argparse.py",
            "PYTHONSAFEPATH": "",
            "PYTHONBREAKPOINT": "argparse.x",
            "PYTHONWARNINGS": "error::argparse.X",
            "FAILOVERD_RUN": f"{base}/no",
            "FAILOVERD_STATE": f"{base}/no",
            "FAILOVERD_SOCKET": f"{base}/no",
            "FAILOVERD_GIVE_UP_S": "0.1",
            "DRBD_RESOURCE": "r0",
        }
        return subprocess.run(
            command,
            cwd=self.path,
            env=environment,
            input=script,
            capture_output=True,
            timeout=60,
            check=False,
        )

    def ran(self) -> list[str]:
        """The planted files that were run."""
        return self.mark.read_text().split() if self.mark.exists() else []


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return Trap(tmp_path)


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Path]:
    """The agent's files as the role lays them out: the tests' tree gets no byte code."""
    place = tmp_path / "installed"
    shutil.copytree(FILES, place, ignore=shutil.ignore_patterns("__pycache__"))
    yield place


def rendered(template: str, directory: Path) -> str:
    room = jinja2.Environment(keep_trailing_newline=True, undefined=jinja2.StrictUndefined)
    text = (TEMPLATES / template).read_text()
    return room.from_string(text).render(
        engine_agent_directory=directory, ansible_managed="managed"
    )


def test_the_trap_works(trap: Trap) -> None:
    """What the tests below look for is found where Python is started without care."""
    trap.run("/usr/bin/python3", "-m", "failoverd.cli")
    assert "failoverd/cli.py" in trap.ran()


@pytest.mark.finding("X2")
@pytest.mark.parametrize("words", COMMANDS)
def test_failoverctl_runs_nothing_of_the_working_directory(
    words: str, trap: Trap, installed: Path, tmp_path: Path
) -> None:
    command = tmp_path / "failoverctl"
    command.write_text(rendered("failoverctl.j2", installed).lstrip())
    command.chmod(0o755)
    done = trap.run(str(command), *words.split())
    assert trap.ran() == []
    assert done.stdout or b"failoverctl: " in done.stderr, "it did its work"
    assert b"Traceback" not in done.stderr


@pytest.mark.finding("X2")
def test_the_daemon_runs_nothing_of_the_working_directory(trap: Trap, installed: Path) -> None:
    unit = rendered("failoverd.service.j2", installed)
    (start,) = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    etc, run = trap.path / "etc", trap.path / "run"
    places = (f"--etc={etc}", f"--state={trap.path / 'state'}", f"--run={run}")
    done = trap.run(*shlex.split(start), *places)
    assert trap.ran() == []
    assert b"cluster.json: the file does not exist" in done.stderr
    assert "PYTHONPATH" not in unit, "what the daemon starts would inherit it"


@pytest.mark.finding("X2")
def test_the_handler_of_drbd_runs_nothing_of_the_working_directory(
    trap: Trap, installed: Path
) -> None:
    text = (installed / "fence-peer").read_text()
    done = trap.run(
        "/bin/sh", "-s", script=text.replace("/usr/lib/failoverd", str(installed)).encode()
    )
    assert trap.ran() == []
    assert done.returncode == 1, "no daemon answered"


@pytest.mark.finding("X2")
def test_every_start_of_python_on_a_node_is_isolated() -> None:
    """Whatever a role installs: a line that starts Python names -I."""
    places = [
        p for role in ROLES.iterdir() for d in ("files", "templates") for p in (role / d).rglob("*")
    ]
    starts = [
        (path, line)
        for path in places
        if path.is_file() and not {"__pycache__", ".mypy_cache"} & set(path.parts)
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"(bin/(env )?python3?|exec python3?)\b", line) and '"""' not in line
    ]
    assert len(starts) >= 3
    assert [(str(p), line) for p, line in starts if not re.search(r"python3 -IS?u? ", line)] == []
