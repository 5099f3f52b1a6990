# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the collection's playbooks from the checkout, with the real ansible-playbook."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.progress import Progress

CHECKOUT = Path(__file__).resolve().parents[2]

_RECAP = re.compile(
    r"^(?P<host>\S+)\s*: ok=(?P<ok>\d+)\s+changed=(?P<changed>\d+)\s+"
    r"unreachable=(?P<unreachable>\d+)\s+failed=(?P<failed>\d+)"
)


@dataclass(frozen=True)
class PlayResult:
    """What a run of a playbook did."""

    seconds: float
    changed: int
    """Sum of the hosts' changed tasks."""
    failed: int
    """Sum of the hosts' failed and unreachable counts."""
    hosts: int
    log: Path


def collections_path(build: Path) -> Path:
    """A collections directory in which the checkout is ``failover.cluster``."""
    root = build / "collections"
    link = root / "ansible_collections" / "failover" / "cluster"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink() or link.resolve() != CHECKOUT:
        link.unlink(missing_ok=True)
        link.symlink_to(CHECKOUT)
    return root


def program(name: str) -> str:
    """The program beside this Python, or else on the path.

    :raises LabError: it is not installed.
    """
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        raise LabError(f"{name} is not installed in this Python's environment")
    return found


def recap(lines: Iterable[str]) -> tuple[int, int, int]:
    """Read PLAY RECAP: number of hosts, sum of changed, sum of failed and unreachable."""
    hosts = changed = failed = 0
    for line in lines:
        found = _RECAP.match(line.strip())
        if found:
            hosts += 1
            changed += int(found["changed"])
            failed += int(found["failed"]) + int(found["unreachable"])
    return hosts, changed, failed


def run_playbook(
    playbook: Path,
    inventories: Sequence[Path],
    build: Path,
    log: Path,
    progress: Progress,
    *,
    environment: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    timeout: float = 1800.0,
) -> PlayResult:
    """Run a playbook, its output to ``log``, a line of progress for each task.

    :param environment: additional variables; the place for secrets.
    :raises LabError: it failed on a host, reached none, or took longer than ``timeout`` seconds.
    """
    argv = [program("ansible-playbook"), *(f"-i{path}" for path in inventories), *arguments]
    env = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(collections_path(build)),
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_NOCOLOR": "1",
        "PYTHONUNBUFFERED": "1",
        **(environment or {}),
    }
    config = CHECKOUT / "ansible.cfg"
    if config.exists():
        env["ANSIBLE_CONFIG"] = str(config)
    began = time.monotonic()
    lines: list[str] = []
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            [*argv, str(playbook)],
            cwd=CHECKOUT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as child,
    ):
        assert child.stdout is not None
        try:
            for line in child.stdout:
                file.write(line)
                lines.append(line)
                if line.startswith("TASK [") and "Validating arguments" not in line:
                    progress("  " + line.split("[", 1)[1].rsplit("]", 1)[0])
                if time.monotonic() - began > timeout:
                    raise LabError(f"{playbook.name} ran longer than {timeout:.0f} s (see {log})")
            code = child.wait()
        except BaseException:
            child.kill()
            raise
    hosts, changed, failed = recap(lines)
    result = PlayResult(round(time.monotonic() - began, 1), changed, failed, hosts, log)
    if code != 0 or failed or not hosts:
        raise LabError(f"{playbook.name} failed ({code}), see {log}: {last_words(lines)}")
    return result


def last_words(lines: Sequence[str]) -> str:
    """The lines that tell most about a failure: the last error and what follows it."""
    for index in reversed(range(len(lines))):
        if lines[index].startswith(("fatal:", "ERROR", "[ERROR]", "failed:")):
            return " ".join(line.strip() for line in lines[index : index + 6])[:600]
    return " | ".join(line.strip() for line in lines[-3:])
