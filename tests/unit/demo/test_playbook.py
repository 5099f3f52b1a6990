# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running playbooks and reading what they did."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from lab.demo import playbook
from lab.errors import LabError

RECAP = """
PLAY RECAP *********************************************************************
node1                      : ok=41   changed=3    unreachable=0    failed=0    skipped=2
node2                      : ok=40   changed=2    unreachable=0    failed=0    skipped=2
"""


def fake_ansible(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str) -> None:
    """Replace ansible-playbook by a shell script."""
    path = tmp_path / "ansible-playbook"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(playbook, "program", lambda _name: str(path))


def run(tmp_path: Path, said: list[str]) -> playbook.PlayResult:
    """Run the fake."""
    return playbook.run_playbook(
        Path("site.yml"),
        [tmp_path / "hosts.yml"],
        tmp_path / "build",
        tmp_path / "log",
        said.append,
        environment={"SECRET": "hidden"},
    )


def test_the_recap_is_summed_over_the_hosts() -> None:
    assert playbook.recap(RECAP.splitlines()) == (2, 5, 0)


def test_unreachable_hosts_count_as_failed() -> None:
    line = "node1 : ok=1 changed=0 unreachable=1 failed=0 skipped=0"
    assert playbook.recap([line]) == (1, 0, 1)


def test_a_run_reports_tasks_changes_and_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f"echo 'TASK [failover.cluster.drbd : Create metadata] ***'\ncat <<'E'\n{RECAP}E"
    fake_ansible(monkeypatch, tmp_path, script)
    said: list[str] = []
    result = run(tmp_path, said)
    assert (result.changed, result.hosts, result.failed) == (5, 2, 0)
    assert "Create metadata" in said[0]
    assert "PLAY RECAP" in result.log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("echo 'fatal: [node1]: FAILED! => no disk'; exit 2", "no disk"),
        ("exit 0", "failed (0)"),
        ("echo 'node1 : ok=1 changed=0 unreachable=1 failed=0'; exit 0", "failed (0)"),
    ],
)
def test_a_run_that_failed_or_did_nothing_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, sentence: str
) -> None:
    fake_ansible(monkeypatch, tmp_path, script)
    with pytest.raises(LabError) as caught:
        run(tmp_path, [])
    assert sentence in str(caught.value)


def test_secrets_go_by_the_environment_and_not_by_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f'echo "args $*"\necho "env $SECRET"\ncat <<"E"\n{RECAP}E'
    fake_ansible(monkeypatch, tmp_path, script)
    lines = run(tmp_path, []).log.read_text(encoding="utf-8").splitlines()
    assert "hidden" not in lines[0]
    assert lines[1] == "env hidden"


def test_the_checkout_becomes_the_collection(tmp_path: Path) -> None:
    root = playbook.collections_path(tmp_path)
    playbook.collections_path(tmp_path)
    link = root / "ansible_collections" / "failover" / "cluster"
    assert link.resolve() == playbook.CHECKOUT
