# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection's agent pgsql does besides calling that of the distribution."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

AGENT = Path(__file__).resolve().parents[3] / "roles/engine_pacemaker/files/pgsql"
MEMBER = '<node name="node2" id="2" online="true" unclean="false"/>'
LOST = '<node name="node2" id="2" online="false" unclean="true"/>'
DOWN = '<node name="node2" id="2" online="false" unclean="false"/>'
SYNC, ASYNC = "synchronous_standby_names = '\"node2\"'", "synchronous_standby_names = ''"
PRIMARY, PASSED_ON = 8, 42


class Node:
    """The agent with programs around it that say what a test wants."""

    def __init__(self, place: Path) -> None:
        self.place, self.log = place, place / "log"
        self.data, self.state = place / "data", place / "agent"
        for directory in (self.data, self.state, place / "bin"):
            directory.mkdir()
        (self.data / "PG_VERSION").write_text("15\n")
        (self.state / "rep_mode.conf").write_text(SYNC)
        self.log.touch()
        self.program("runuser", 'shift 3\nexec "$@"')
        self.program("pgrep", "exit 1")
        self.program(
            "real", f'echo "$1" >>{self.log}\n[ $1 = monitor ] && exit {PASSED_ON}\nexit 0'
        )
        self.says(MEMBER, standbys=1)
        self.control("in production")
        text = AGENT.read_text(encoding="utf-8")
        assert "REAL=/usr/lib/ocf/resource.d/heartbeat/pgsql\n" in text
        real = f"REAL={place}/bin/real"
        self.agent = place / "pgsql"
        self.agent.write_text(text.replace("REAL=/usr/lib/ocf/resource.d/heartbeat/pgsql", real))

    def program(self, name: str, text: str) -> None:
        path = self.place / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def says(self, nodes: str, standbys: int, recovering: str = "f") -> None:
        """What crm_mon and the server say."""
        self.program("crm_mon", f"echo '{nodes}'")
        self.program(
            "psql",
            f"""for last; do :; done
case $last in
*pg_is_in_recovery*) echo {recovering} ;;
*terminate*) echo "ended $last" >>{self.log} ;;
*) echo {standbys} ;;
esac""",
        )

    def control(self, state: str) -> None:
        self.program("pg_controldata", f"echo 'Database cluster state:               {state}'")

    def run(self, action: str) -> tuple[int, str]:
        """Status and errors of an action."""
        done = subprocess.run(
            ["sh", str(self.agent), action],
            env={
                "PATH": f"{self.place}/bin:/usr/bin:/bin",
                "OCF_RESKEY_pgdata": str(self.data),
                "OCF_RESKEY_tmpdir": str(self.state),
                "OCF_RESKEY_psql": f"{self.place}/bin/psql",
                "OCF_RESKEY_socketdir": "/run/x",
                "OCF_RESKEY_pgport": "5432",
                "OCF_RESKEY_config": "/etc/failover/shop/postgresql.conf",
                "OCF_RESKEY_CRM_meta_interval": "3000",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return done.returncode, done.stderr

    @property
    def alone(self) -> bool:
        return (self.state / "alone").exists()

    def called(self) -> list[str]:
        return self.log.read_text().split()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_while_a_node_is_lost_and_not_fenced_nobody_lets_the_primary_write_alone(node: Node):
    node.says(LOST, standbys=0)
    assert node.run("monitor")[0] == PRIMARY
    assert (node.called(), node.alone) == ([], False)
    # Who cannot ask does not know of a lost node.
    node.program("crm_mon", "exit 1")
    assert node.run("monitor")[0] == PRIMARY
    assert node.called() == []


def test_the_connection_of_a_standby_that_is_down_for_certain_is_ended(node: Node):
    node.says(DOWN, standbys=1)
    assert node.run("monitor")[0] == PASSED_ON
    assert "application_name = 'node2'" in node.log.read_text()


def test_a_primary_notes_that_it_writes_alone_until_a_standby_is_in_sync(node: Node):
    node.run("promote")
    assert node.alone
    node.run("monitor")
    assert not node.alone
    (node.state / "rep_mode.conf").write_text(ASYNC)
    assert node.run("monitor")[0] == PASSED_ON
    assert node.alone
    (node.state / "rep_mode.conf").write_text(SYNC)
    node.says(MEMBER, standbys=0)
    node.run("monitor")
    assert node.alone


def test_a_standby_is_looked_at_by_the_agent_of_the_distribution_alone(node: Node):
    node.says(LOST, standbys=0, recovering="t")
    assert node.run("monitor")[0] == PASSED_ON
    assert not node.alone


def test_a_primary_that_stopped_in_order_comes_back_as_standby_and_another_one_does_not(
    node: Node,
):
    lock = node.state / "PGSQL.lock"
    lock.touch()
    assert node.run("demote")[0] == 0
    assert (node.called(), lock.exists()) == (["demote"], True)
    node.control("shut down")
    assert node.run("demote")[0] == 0
    assert (node.called(), lock.exists()) == (["demote", "demote", "start"], False)


def test_a_demote_that_fails_is_told(node: Node):
    node.control("shut down")
    node.program("real", "exit 1")
    assert node.run("demote")[0] == 1


def test_a_node_without_data_stops_at_once_and_says_what_to_type(node: Node):
    (node.data / "PG_VERSION").unlink()
    assert node.run("stop")[0] == 0
    assert node.run("monitor")[0] == 7
    code, said = node.run("start")
    assert code == 5
    assert "has no database; run the playbook rejoin" in said
    assert node.called() == []


def test_a_server_that_runs_without_its_data_is_no_stopped_one(node: Node):
    (node.data / "PG_VERSION").unlink()
    node.program("pgrep", "exit 0")
    assert (node.run("stop")[0], node.run("demote")[0], node.run("monitor")[0]) == (1, 1, 1)
