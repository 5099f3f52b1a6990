# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys that others can read, and files that others can change, are told loudly at the start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import failoverd
from failoverd.permissions import problems

FILES = Path(failoverd.__file__).parents[1]
CLUSTER = {
    "format": 1,
    "cluster": "shop",
    "node": "node1",
    "nodes": ["node1", "node2"],
    "unsafe": ["no_exclusion", "single_link"],
    "links": [{"name": "cable", "type": "serial", "device": "/dev/null-modem"}],
    "services": [],
}


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    path = tmp_path / "etc"
    path.mkdir(mode=0o700)
    for name, text in (("cluster.json", json.dumps(CLUSTER)), ("key", "ab" * 32)):
        (path / name).write_text(text)
        (path / name).chmod(0o600)
    return path


Change = Callable[[Path], object]


@pytest.mark.finding("X9")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda etc: (etc / "key").chmod(0o644),
            "{etc}/key: others than root can read it (mode 0644): chmod 0600 {etc}/key and replace"
            " its secret",
        ),
        (
            lambda etc: (etc / "key").chmod(0o620),
            "{etc}/key: others than root can change it (mode 0620): chmod 0600 {etc}/key and"
            " replace its secret",
        ),
        (
            lambda etc: os.chown(etc / "cluster.json", 65534, 65534),
            "{etc}/cluster.json: belongs to user 65534, who can change it: chown root:root"
            " {etc}/cluster.json",
        ),
        (
            lambda etc: etc.chmod(0o777),
            "{etc}: others than root can change it (mode 0777): chmod go-w {etc}",
        ),
    ],
)
def test_the_daemon_tells_of_files_that_others_can_use(
    etc: Path, tmp_path: Path, change: Change, said: str
) -> None:
    change(etc)
    assert problems(str(etc)) == [said.format(etc=etc)]
    run, state = tmp_path / "run", tmp_path / "state"
    places = [f"--etc={etc}", f"--state={state}", f"--run={run}", f"--sysrq={tmp_path / 'no'}"]
    daemon = subprocess.Popen(
        [sys.executable, "-m", "failoverd", *places],
        env={**os.environ, "PYTHONPATH": str(FILES)},
        stderr=subprocess.PIPE,
    )
    try:
        until = time.monotonic() + 30
        while not (run / "control.sock").exists() and time.monotonic() < until:
            time.sleep(0.05)
        shown = ctl("status", FAILOVERD_RUN=str(run)).stdout
        history = ctl("history", FAILOVERD_STATE=str(state)).stdout
    finally:
        daemon.kill()
        daemon.communicate(timeout=30)
    assert said.format(etc=etc) in shown
    assert any(line[24] == "!" and said.format(etc=etc) in line for line in history.splitlines())
    done = ctl("check", str(etc))
    assert (done.returncode, done.stderr) == (0, f"failoverctl: {said.format(etc=etc)}\n")


def ctl(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FILES / "start.py"), "failoverctl", *words],
        env={**os.environ, **more},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.finding("X9")
def test_files_as_the_role_writes_them_are_no_problem(etc: Path) -> None:
    assert problems(str(etc)) == []
    assert problems("/nowhere") == []
