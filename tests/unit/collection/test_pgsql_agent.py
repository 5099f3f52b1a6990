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
PROMOTED = '<resource id="failover.shop.streaming" role="Promoted" active="true"/>'
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
        self.program("sleep", "")
        self.program("crm_node", "echo node1")
        self.program("logger", f'echo "told $*" >>{self.log}')
        self.calls(node1="LATEST", node2="STREAMING|SYNC")
        self.says(MEMBER, standbys=1)
        self.control("in production")
        text = AGENT.read_text(encoding="utf-8")
        assert "REAL=/usr/lib/ocf/resource.d/heartbeat/pgsql\n" in text
        real = f"REAL={place}/bin/real"
        self.agent = place / "pgsql"
        self.agent.write_text(text.replace("REAL=/usr/lib/ocf/resource.d/heartbeat/pgsql", real))

    def program(self, name: str, text: str) -> None:
        path = self.place / "bin" / name
        # What the agent has left running may still be in the old one.
        new = path.with_name(f".{name}")
        new.write_text(f"#!/bin/sh\n{text}\n")
        new.chmod(0o755)
        new.replace(path)

    def calls(self, **nodes: str) -> None:
        """What the CIB calls the data of each node."""
        cases = "".join(f"{node}) echo '{said}' ;;\n" for node, said in nodes.items() if said)
        self.program("crm_attribute", f"case $4 in\n{cases}esac")

    def says(self, nodes: str, standbys: int, recovering: str = "f", checkpoint: int = 0) -> None:
        """What crm_mon and the server say. checkpoint: how one ends."""
        self.program("crm_mon", f"echo '{nodes}'")
        self.program(
            "psql",
            f"""for last; do :; done
case $last in
*pg_is_in_recovery*) echo {recovering} ;;
*terminate*) echo "ended $last" >>{self.log} ;;
checkpoint) exit {checkpoint} ;;
show*) cut -d"'" -f2 {self.state}/rep_mode.conf ;;
*"select application_name"*) [ {standbys} = 0 ] || echo node2 ;;
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
                "OCF_RESKEY_node_list": "node1 node2",
                "OCF_RESOURCE_INSTANCE": "failover.shop.streaming:0",
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
    node.says(MEMBER, standbys=0)
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


def mode(node: Node) -> str:
    return (node.state / "rep_mode.conf").read_text()


def test_a_standby_is_looked_at_only_after_the_commits_wait_for_it(node: Node):
    (node.state / "rep_mode.conf").write_text(ASYNC)
    node.run("promote")
    node.log.write_text("")
    # While another checkpoint has not ended, the server calls it "sync", and commits do not wait.
    node.says(MEMBER, standbys=1, checkpoint=1)
    for _ in range(2):
        assert node.run("monitor")[0] == PRIMARY
        assert node.run("notify")[0] == 0
        assert (mode(node), node.called(), node.alone) == (f"{SYNC}\n", [], True)
    # It is lost meanwhile: the agent makes the commits asynchronous again.
    node.says(MEMBER, standbys=0)
    assert node.run("monitor")[0] == PASSED_ON
    node.says(MEMBER, standbys=1)
    assert PASSED_ON in (node.run("monitor")[0] for _ in range(100))
    assert (mode(node), node.alone) == (f"{SYNC}\n", False)


def test_the_agent_of_the_distribution_does_not_make_the_commits_wait_itself(node: Node):
    (node.state / "rep_mode.conf").write_text(ASYNC)
    node.says(MEMBER, standbys=0)
    for action in ("monitor", "notify"):
        node.run(action)
        # It does so if nothing stands between the first two quotes of the first line.
        assert mode(node).split("'")[1]
        assert mode(node).splitlines()[1:] == [ASYNC]


@pytest.mark.parametrize("said", ["DISCONNECT", "STREAMING|ASYNC"])
def test_data_that_were_not_in_sync_are_not_promoted_whatever_the_score_says(node: Node, said: str):
    node.calls(node1=said, node2="LATEST")
    code, why = node.run("promote")
    assert (code, node.called(), node.alone) == (1, [], False)
    assert f"the data were not in sync when the primary was lost ({said})" in why
    for good in ("STREAMING|SYNC", "LATEST", ""):
        node.calls(node1=good)
        assert node.run("promote")[0] == 0


def test_the_lock_goes_if_the_other_node_cannot_have_been_promoted(node: Node):
    lock = node.state / "PGSQL.lock"
    lock.touch()
    for own, other, nodes in (
        ("LATEST", "STREAMING|SYNC", MEMBER),
        ("DISCONNECT", "DISCONNECT", MEMBER),
        ("DISCONNECT", "LATEST", MEMBER),
        ("LATEST", "", MEMBER),
        ("", "", MEMBER),
        ("LATEST", "DISCONNECT", PROMOTED),
    ):
        node.calls(node1=own, node2=other)
        node.says(nodes, standbys=0, recovering="")
        node.run("start")
        assert lock.exists(), (own, other)
    node.log.write_text("")
    node.says(MEMBER, standbys=0, recovering="")
    node.calls(node1="LATEST", node2="DISCONNECT")
    node.run("start")
    assert not lock.exists()
    assert "this node has the newest data" in node.log.read_text()
    assert node.called()[-1] == "start"
