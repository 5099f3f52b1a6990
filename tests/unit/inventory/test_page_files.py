# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role page writes is what the page itself reads: settings and token."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from failover_page.settings import load

ROLE = Path(__file__).resolve().parents[3] / "roles/page"
COLLECTIONS = ROLE.parents[1] / "build" / "collections"
LIMIT_S = 300.0


@pytest.mark.parametrize("token", ["0123456789012345", 'a token: {of} "signs" \\n'])
def test_the_page_reads_the_settings_that_the_role_writes(tmp_path: Path, token: str) -> None:
    tasks = yaml.safe_load((ROLE / "tasks/installed.yml").read_text(encoding="utf-8"))
    [writing] = [task for task in tasks if task["name"] == "Write its settings"]
    place = tmp_path / "settings"
    page = {"port": 9820, "listen": {"localhost": "127.0.0.1"}}
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(ROLE / "vars/main.yml")],
        "vars": {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "prepare_model": {"page": page, "hooks": {"status": "/run/played/status.sock"}},
            "prepare_private": {"model": {"page": {**page, "token": token}}},
        },
        "tasks": [writing],
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    (tmp_path / "more.yml").write_text(yaml.safe_dump({"page_settings": str(place)}))
    ansible = str(Path(sys.executable).with_name("ansible-playbook"))
    done = subprocess.run(
        [ansible, "-i", "localhost,", "-e", "@more.yml", "play.yml"],
        cwd=tmp_path,
        env={
            **{k: v for k, v in os.environ.items() if not k.startswith("ANSIBLE_")},
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_HOME": str(tmp_path / "home"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    settings = load(str(place / "page.json"), str(place))
    assert (settings.listen, settings.port) == ("127.0.0.1", 9820)
    assert str(settings.socket) == "/run/played/status.sock"
    assert settings.token == token
