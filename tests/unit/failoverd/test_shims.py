# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-ins for commands that OCF agents call: those of Pacemaker, su and runuser."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from failoverd.resources import agents


def run_shim(name: str, *words: str, directory: Path) -> tuple[int | None, str]:
    """One of the stand-ins, with its attributes kept in a directory of the test."""
    where = directory / "shims"
    if not where.exists():
        shutil.copytree(agents.SHIMS, where)
        helper = where / "failover_attribute"
        text = helper.read_text()
        assert "directory=/run/failoverd/attributes" in text
        helper.write_text(text.replace("/run/failoverd/attributes", f"{directory}/kept"))
    env = agents.environment({"OCF_RESOURCE_INSTANCE": "db"})
    finished = asyncio.run(agents.run((str(where / name), *words), env, 20.0))
    return finished.code, finished.output.strip()


def test_the_stand_ins_keep_node_attributes(tmp_path: Path) -> None:
    def shim(name: str, *words: str) -> tuple[int | None, str]:
        return run_shim(name, *words, directory=tmp_path)

    assert shim("crm_attribute", "-N", "node1", "-n", "status", "-G", "-q") == (6, "")
    assert shim("crm_attribute", "-n", "status", "-G", "-q", "-d", "none") == (0, "none")
    assert shim("crm_attribute", "-l", "reboot", "-n", "status", "-v", "a b") == (0, "")
    assert shim("crm_attribute", "--name=status", "--query", "--quiet") == (0, "a b")
    assert shim("attrd_updater", "-n", "status", "-D") == (0, "")
    assert shim("attrd_updater", "-n", "status", "-Q")[0] == 6
    assert shim("crm_master", "-l", "reboot", "-v", "100") == (0, "")
    assert shim("crm_master", "-Q") == (0, "100")
    assert shim("crm_attribute", "--promotion", "-v", "5") == (0, "")
    assert shim("crm_master", "-Q") == (0, "5")
    assert shim("crm_attribute", "--promotion=web", "-G", "-q") == (6, "")
    assert shim("crm_attribute", "-p", "-D") == (0, "")
    assert shim("crm_master", "-Q")[0] == 6
    assert shim("crm_node", "-n") == (0, os.uname().nodename)
    assert shim("crm_mon", "-1") == (0, "")


@pytest.fixture
def become(tmp_path: Path) -> Callable[..., str]:
    """su or runuser as an agent finds them, with the real one and the host's users made up."""
    where = tmp_path / "shims"
    shutil.copytree(agents.SHIMS, where)
    real = tmp_path / "real"
    for name, text in {
        "real": 'for word in "$@"; do printf "<%s>" "$word"; done; echo; pwd; env | sort',
        "shims/id": "echo ${ID:-0}",
        "shims/getent": f'[ "$2" != nobody-there ] && echo "$2:x:33:33::{tmp_path}:/bin/web-shell"',
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    shim = where / "runuser"
    text = shim.read_text(encoding="utf-8")
    for program in ("/usr/sbin/runuser", "/usr/bin/su"):
        assert program in text
        text = text.replace(program, str(real))
    shim.write_text(text.replace("/etc/default/locale", str(tmp_path / "locale")), encoding="utf-8")
    (tmp_path / "locale").write_text("LANG=xx_YY\n", encoding="utf-8")

    def called(*argv: str, **env: str) -> str:
        given = {"PATH": f"{where}:/usr/bin:/bin", "LEFT": "over", **env}
        program, *words = argv
        finished = asyncio.run(agents.run((str(where / program), *words), given, 20.0))
        assert finished.code == 0, finished.output
        return finished.output

    return called


@pytest.mark.parametrize(
    "words",
    [
        ("-", "web", "-s", "/bin/sh", "-c", "echo a  b"),
        ("-s", "/bin/sh", "-", "web", "-c", "echo a  b"),
        ("--login", "--shell=/bin/sh", "--command=echo a  b", "web"),
    ],
)
def test_f61_an_agent_becomes_another_user_without_a_login_session(
    become: Callable[..., str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    """What lives in a session is ended at the beginning of a shutdown, before the handover."""
    first, place, *environment = become("runuser", *words).splitlines()
    assert first == "<-s></bin/sh><web><--><-l><-c><echo a  b>"
    assert place == str(tmp_path)
    assert {"USER=web", "LOGNAME=web", f"HOME={tmp_path}", "SHELL=/bin/sh"} <= set(environment)
    assert not [line for line in environment if line.startswith(("LEFT=", "LANG="))]
    assert "LANG=xx_YY" in become("su", *words).splitlines()


def test_f61_su_without_a_login_has_no_session_either(become: Callable[..., str]) -> None:
    answer = become("su", "web", "-s", "/bin/sh", "-c", "x").splitlines()
    assert answer[0] == "<web><-s></bin/sh><-c><x>"
    assert "LEFT=over" in answer
    assert become("runuser", "-", "web").splitlines()[0] == "<-s></bin/web-shell><web><--><-l>"


@pytest.mark.parametrize(
    "words", [("-", "nobody-there"), ("-u", "web", "--", "x"), ("-", "web", "more")]
)
def test_what_the_stand_in_does_not_know_is_for_the_real_one(
    become: Callable[..., str], words: tuple[str, ...]
) -> None:
    expected = "".join(f"<{word}>" for word in words)
    assert become("runuser", *words).splitlines()[0] == expected


def test_an_application_that_is_not_root_has_the_real_su(become: Callable[..., str]) -> None:
    assert become("su", "-", "web", ID="33").splitlines()[0] == "<-><web>"
