# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pacemaker on a node, as the modules ask it. What crm_mon says is that of Debian 12."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.failover.cluster.plugins.module_utils._engines import _base, pacemaker

ANSWER = """<pacemaker-result api-version="2.25">
 <summary><current_dc present="true" name="node2" id="2" with_quorum="true"/>
  <cluster_options maintenance-mode="false"/></summary>
 <nodes>
  <node name="node1" id="1" online="true" standby="false" pending="false" unclean="false"/>
  <node name="node2" id="2" online="true" standby="false" pending="false" unclean="false"/>
 </nodes>
 <resources>
  <resource id="theirs" role="Started"><node name="node2"/></resource>
  <group id="failover.shop" disabled="false">
   <resource id="failover.shop.a" role="Started" failed="false" blocked="false"><node name="node1"/></resource>
   <resource id="failover.shop.b" role="Started" failed="false" blocked="false"><node name="node1"/></resource>
  </group>
 </resources>
 <failures/>
</pacemaker-result>"""


def status(*changes: tuple[str, str], node: str = "node1") -> dict[str, Any]:
    text = ANSWER
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return pacemaker.read(ET.fromstring(text), "shop", node)


def shop(*changes: tuple[str, str], node: str = "node1") -> dict[str, Any]:
    [service] = status(*changes, node=node)["services"]
    return service


STOPPED = ('role="Started" failed="false" blocked="false"><node name="node1"/>', 'role="Stopped" failed="false" blocked="false">')  # fmt: skip
B = 'id="failover.shop.b" role="Started" failed="false"'


def test_a_service_that_runs_has_its_owner():
    assert shop() == {
        "name": "shop", "owner": "node1", "state": "running", "local": "running", "why": "",
    }  # fmt: skip
    assert shop(node="node2")["local"] == "stopped"
    others = {key: value for key, value in status().items() if key not in ("services", "health")}
    assert others == {
        "cluster": "shop", "node": "node1", "nodes": ["node1", "node2"], "silent": [],
        "maintenance": False, "standby": [],
    }  # fmt: skip


def test_a_service_that_nothing_runs_is_stopped_and_says_why():
    assert (shop(STOPPED)["state"], shop(STOPPED)["owner"]) == ("stopped", None)
    disabled = (
        'group id="failover.shop" disabled="false"',
        'group id="failover.shop" disabled="true"',
    )
    assert shop(STOPPED, disabled)["why"].startswith("somebody has stopped it")
    assert shop(STOPPED, ('with_quorum="true"', 'with_quorum="false"'))["why"] == "this part of the cluster has no quorum"  # fmt: skip
    lost = ('name="node2" id="2" online="true" standby="false" pending="false" unclean="false"',
            'name="node2" id="2" online="false" standby="false" pending="false" unclean="true"')  # fmt: skip
    assert shop(STOPPED, lost)["why"] == "node2 is lost, and not fenced yet"
    assert status(lost)["silent"] == ["node2"]


NODE2 = 'id="2" online="true" standby="false" pending="false" unclean="false"'
DEVICES = (
    "<resources>",
    """<resources>
  <resource id="f1" resource_agent="stonith:fence_ipmilan" role="Started" failed="false"/>
  <resource id="f2" resource_agent="stonith:fence_ipmilan" role="Started" failed="false"/>""",
)
BROKEN = tuple(
    (f'id="f{n}" resource_agent="stonith:fence_ipmilan" role="Started" failed="false"',
     f'id="f{n}" resource_agent="stonith:fence_ipmilan" role="Stopped" failed="true"')
    for n in (1, 2)
)  # fmt: skip
AWAY = (
    'id="f2" resource_agent="stonith:fence_ipmilan" role="Started"',
    'id="f2" resource_agent="stonith:fence_ipmilan" role="Stopped"',
)
FAILURE = ("<failures/>", """<failures><failure op_key="failover.shop.a_monitor_10000"
    node="node1" exitstatus="not running" exitreason="it is dead"/></failures>""")  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "state", "codes"),
    [
        ([], "ok", []),
        ([DEVICES], "ok", []),
        ([STOPPED], "critical", ["service-down"]),
        ([('with_quorum="true"', 'with_quorum="false"')], "critical", ["no-quorum"]),
        ([(NODE2, NODE2.replace('online="true"', 'online="false"'))], "warning", ["node-offline"]),
        (
            [(NODE2, 'id="2" online="false" standby="false" pending="false" unclean="true"')],
            "critical",
            ["node-unclean"],
        ),
        (
            [(NODE2, NODE2.replace('standby="false"', 'standby="true"'))],
            "warning",
            ["node-standby"],
        ),
        ([('maintenance-mode="false"', 'maintenance-mode="true"')], "warning", ["maintenance"]),
        (
            [('maintenance-mode="false"', 'maintenance-mode="false" stonith-enabled="false"')],
            "critical",
            ["fencing-unavailable"],
        ),
        ([DEVICES, BROKEN[0]], "warning", ["fencing-degraded"]),
        ([DEVICES, *BROKEN], "critical", ["fencing-unavailable"] * 2),
        ([DEVICES, AWAY], "warning", ["fencing-degraded"]),
        (
            [DEVICES, AWAY, (NODE2, NODE2.replace('online="true"', 'online="false"'))],
            "warning",
            ["node-offline"],
        ),
        ([FAILURE], "warning", ["failure-remembered"]),
    ],
)
def test_it_says_what_is_wrong_as_the_agent_does(
    changes: list[tuple[str, str]], state: str, codes: list[str]
) -> None:
    found = status(*changes)["health"]
    assert (found["state"], [one["code"] for one in found["findings"]]) == (state, codes)
    assert all(one["text"] and set(one) == KEYS for one in found["findings"])


KEYS = {"severity", "code", "about", "text", "remedy"}


def test_a_finding_says_what_to_type() -> None:
    [failed] = status(FAILURE)["health"]["findings"]
    assert failed["text"] == "failover.shop.a_monitor_10000 failed on node1: it is dead"
    assert failed["remedy"].endswith("--cleanup --resource failover.shop.a --node node1")
    lost = (NODE2, 'id="2" online="false" standby="false" pending="false" unclean="true"')
    [unclean] = status(lost)["health"]["findings"]
    assert unclean["remedy"].endswith("failover.cluster.confirm_fenced -e node=node2")


def test_a_part_that_is_down_or_broken_is_no_running_service():
    half = (f'{B} blocked="false"><node name="node1"/>', 'id="failover.shop.b" role="Stopped">')
    assert shop(half)["state"] == "changing"
    broken = (B, B.replace('failed="false"', 'failed="true"'))
    failure = '<failures><failure op_key="failover.shop.b_monitor_10000" node="node1" exitreason="no answer"/></failures>'  # fmt: skip
    told = shop(broken, ("<failures/>", failure))
    assert told["state"] == "failed"
    assert told["why"] == "failover.shop.b_monitor_10000 failed on node1: no answer"


def test_an_agent_that_cannot_work_there_is_the_reason():
    told = """<failures/><node_history><node name="node1"><resource_history id="failover.shop.b">
     <operation_history task="probe" rc="5" rc_text="not installed"/></resource_history></node>
     <node name="node2"><resource_history id="theirs"><operation_history task="start" rc="1"
     rc_text="error"/></resource_history></node></node_history>"""
    half = (f'{B} blocked="false"><node name="node1"/>', 'id="failover.shop.b" role="Stopped">')
    why = shop(half, ("<failures/>", told))["why"]
    assert why == "failover.shop.b on node1: probe ended with not installed"


COPIES = """</resources><node_attributes><node name="node1"><attribute name="master-failover.shop.drbd"
 value="10000"/></node><node name="node2"><attribute name="master-failover.shop.drbd" value="10"/>
 <attribute name="master-failover.mail.drbd" value="10000"/></node></node_attributes>"""
PAIR = """<clone id="failover.shop.drbd.pair" multi_state="true">
 <resource id="failover.shop.drbd" role="Promoted"><node name="node1"/></resource>
 <resource id="failover.shop.drbd" role="Unpromoted"><node name="node2"/></resource></clone>"""


def test_a_replicated_service_tells_the_role_and_the_data_of_each_copy():
    assert shop(("</resources>", PAIR + COPIES))["copies"] == {
        "node1": {"role": "Promoted", "good": True},
        "node2": {"role": "Unpromoted", "good": False},
    }


def test_a_service_without_good_data_says_so():
    nothing = ("</resources>", PAIR + COPIES.replace("10000", "-INFINITY"))
    assert shop(STOPPED, nothing)["why"] == "no copy of its disk is good (DRBD on node1, node2)"
    failure = '<failures><failure op_key="failover.shop.drbd_promote_0" node="node2" exitreason="no"/></failures>'  # fmt: skip
    told = shop(STOPPED, nothing, ("<failures/>", failure))["why"]
    assert told == "failover.shop.drbd_promote_0 failed on node2: no"


def test_a_replicated_database_that_does_not_start_is_the_reason():
    failure = '<failures><failure op_key="failover.shop.streaming_start_0" node="node1" exitreason="My data may be inconsistent."/></failures>'  # fmt: skip
    why = shop(STOPPED, ("<failures/>", failure))["why"]
    assert why == "failover.shop.streaming_start_0 failed on node1: My data may be inconsistent."


def test_parts_on_two_nodes_have_no_owner():
    both = (f'{B} blocked="false"><node name="node1"/>', f'{B} blocked="false"><node name="node2"/>')  # fmt: skip
    told = shop(both)
    assert (told["owner"], told["state"], told["local"]) == (None, "changing", "changing")


def test_a_node_that_is_not_a_member_yet_knows_nothing_of_itself():
    pending = ('name="node1" id="1" online="true" standby="false" pending="false"',
               'name="node1" id="1" online="true" standby="true" pending="true"')  # fmt: skip
    assert shop(pending)["local"] == "unknown"
    assert status(pending)["standby"] == ["node1"]


def test_a_configuration_is_ours_the_packages_own_or_somebody_elses(tmp_path: Path):
    path, info = tmp_path / "corosync.conf", tmp_path / "status"
    assert pacemaker.corosync(str(path), str(info)) == "none"
    path.write_text("totem {}\n")
    assert pacemaker.corosync(str(path), str(info)) == "foreign"
    digest = hashlib.md5(b"totem {}\n", usedforsecurity=False).hexdigest()
    info.write_text(f"Conffiles:\n {path} {digest}\n")
    assert pacemaker.corosync(str(path), str(info)) == "stock"
    path.write_text("totem { }\n")
    assert pacemaker.corosync(str(path), str(info)) == "foreign"
    path.write_text("# Written by failover.cluster; changes are overwritten.\n")
    assert pacemaker.corosync(str(path), str(info)) == "ours"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pacemaker.Pacemaker:
    """On a node whose Pacemaker runs."""
    conf, cib = tmp_path / "corosync.conf", tmp_path / "cib.xml"
    conf.write_text(f"{pacemaker.HEAD}\ntotem {{\n  cluster_name: shop\n}}\n")
    cib.write_text(
        """<cib><configuration><resources><primitive id="theirs"/><group id="failover.shop">
        <primitive id="m" class="ocf" provider="heartbeat" type="Filesystem">
        <instance_attributes id="i"><nvpair id="d" name="directory" value="/srv/shop"/>
        </instance_attributes></primitive><primitive id="w" class="systemd" type="worker"/></group>
        </resources></configuration></cib>"""
    )
    monkeypatch.setattr(pacemaker, "COROSYNC", str(conf))
    monkeypatch.setattr(pacemaker, "CIB", str(cib))
    monkeypatch.setattr(pacemaker, "DAEMON", "pacemakerd-of-a-test")
    monkeypatch.setattr(pacemaker, "_process", lambda name: name == pacemaker.DAEMON)
    monkeypatch.setattr(pacemaker, "POLL_S", 0)
    return pacemaker.Pacemaker()


def test_pacemaker_itself_brings_up_the_devices_of_its_services(
    engine: pacemaker.Pacemaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.found()["held"] == ["shop"]
    monkeypatch.setattr(pacemaker, "_process", lambda _name: False)
    assert engine.found()["held"] == []


ASKING = ("cat", "cibadmin", "crm_mon", "uname")


class Node:
    """Answers commands, and keeps them."""

    configured = ""
    """What the CIB has of the server of a database that is replicated."""

    def __init__(self, *answers: str, code: int = 0) -> None:
        self.said: list[list[str]] = []
        self._answers, self._code = list(answers), code

    def __call__(self, argv: Any) -> tuple[int, str, str]:
        self.said.append([str(word) for word in argv[1:]])
        if argv[1] == "crm_mon":
            return 0, self._answers.pop(0) if len(self._answers) > 1 else self._answers[0], ""
        if argv[1] == "cat":
            return 0, Path(argv[2]).read_text(encoding="utf-8"), ""
        if argv[1] == "uname":
            return 0, "node1\n", ""
        if argv[1] == "cibadmin":
            return (0, self.configured, "") if self.configured else (105, "", "No such object")
        return self._code, "", "no" if self._code else ""

    def orders(self) -> list[list[str]]:
        return [words for words in self.said if words[0] not in ASKING]


def test_what_it_knows_is_asked_by_commands_alone(engine: pacemaker.Pacemaker):
    told = engine.status(Node(ANSWER))
    assert (told["cluster"], told["node"], told["services"][0]["owner"]) == (
        "shop",
        "node1",
        "node1",
    )
    assert told["services"][0]["local"] == "running"
    node = Node(ANSWER)
    Path(pacemaker.COROSYNC).write_text("totem {}\n")
    assert engine.status(node) == {}, "the cluster of somebody else"
    assert [words[0] for words in node.said] == ["cat"]


def test_the_configured_services_are_read_from_the_file_of_the_cib(engine: pacemaker.Pacemaker):
    assert engine.services() == ["shop"]
    assert engine.configured() == {"shop": {"mount": "/srv/shop", "units": ["worker.service"]}}
    Path(pacemaker.COROSYNC).write_text("totem {}\n")
    assert (engine.running(), engine.services(), engine.configured()) == (False, [], {})
    assert engine.found()["strange"] == ["theirs", "failover.shop"]


def test_a_switchover_waits_until_the_service_runs_there_and_takes_its_order_back(
    engine: pacemaker.Pacemaker,
):
    there = ANSWER.replace('<node name="node1"/>', '<node name="node2"/>')
    between = ANSWER.replace(*STOPPED)
    node = Node(ANSWER, between, there)
    engine.switchover(node, "shop", "node2", 60)
    assert node.orders() == [
        ["crm_resource", "--resource", "failover.shop", "--move", "--node", "node2", "--lifetime=PT60S"],
        ["crm_resource", "--resource", "failover.shop", "--clear"],
    ]  # fmt: skip


def test_a_copy_of_drbd_is_moved_by_forbidding_its_node(
    engine: pacemaker.Pacemaker, monkeypatch: pytest.MonkeyPatch
):
    """Seen on real kernels: the promoted copy has the highest score, and a wish changes nothing."""
    copies: dict[str, dict[str, str]] = {"node1": {}, "node2": {}}
    states = [
        {"services": [{"name": "shop", "state": "running", "owner": owner, "copies": copies}]}
        for owner in ("node1", "node2")
    ]
    left = iter(states)
    monkeypatch.setattr(engine, "status", lambda run: next(left))
    node = Node(ANSWER)
    engine.switchover(node, "shop", "node2", 60)
    assert node.orders()[0][3:] == ["--ban", "--node", "node1", "--lifetime=PT60S"]


def test_a_replicated_database_writes_a_checkpoint_before_it_is_handed_over(
    engine: pacemaker.Pacemaker,
):
    there = ANSWER.replace('<node name="node1"/>', '<node name="node2"/>')
    node = Node(ANSWER, there, code=1)
    given = {
        "psql": "/usr/lib/postgresql/15/bin/psql",
        "master_ip": "10.0.1.10",
        "pgport": "5432",
        "repuser": "failover_replication",
        "primary_conninfo_opt": "passfile=/srv/shop/agent/passfile",
    }
    pairs = "".join(f'<nvpair name="{name}" value="{value}"/>' for name, value in given.items())
    node.configured = f"<xpath-query>{pairs}</xpath-query>"
    # It may fail; the move goes on.
    with pytest.raises(_base.Refused, match="no"):
        engine.switchover(node, "shop", "node2", 60)
    checkpoint, move, *_ = node.orders()
    assert checkpoint == [
        "timeout", "10", "runuser", "-u", "postgres", "--",
        "/usr/lib/postgresql/15/bin/psql", "-XAtq", "-c", "checkpoint",
        "host=10.0.1.10 port=5432 user=failover_replication dbname=postgres"
        " passfile=/srv/shop/agent/passfile",
    ]  # fmt: skip
    assert "--move" in move
    [asked] = [words for words in node.said if words[0] == "cibadmin"]
    assert "'failover.shop.streaming'" in asked[-1]


def test_a_move_that_does_not_end_is_taken_back_and_told(engine: pacemaker.Pacemaker):
    node = Node(ANSWER)
    with pytest.raises(_base.Refused, match="after 0 s it is running on node1"):
        engine.switchover(node, "shop", "node2", 0)
    assert node.orders()[-1][-1] == "--clear"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('maintenance-mode="false"', 'maintenance-mode="true"', "in maintenance"),
        ('id="2" online="true" standby="false"', 'id="2" online="true" standby="true"', "node2 is not there"),
        ('id="2" online="true"', 'id="2" online="false"', "node2 is not there"),
    ],
)  # fmt: skip
def test_a_move_that_cannot_be_is_not_begun(
    engine: pacemaker.Pacemaker, old: str, new: str, reason: str
):
    node = Node(ANSWER.replace(old, new))
    with pytest.raises(_base.Refused, match=reason):
        engine.switchover(node, "shop", "node2", 60)
    assert node.orders() == []


def test_a_node_that_is_heard_is_never_confirmed_as_fenced(engine: pacemaker.Pacemaker):
    node = Node(ANSWER)
    with pytest.raises(_base.Refused, match="it is a member of the cluster"):
        engine.confirm_fenced(node, "node2", "alice")
    assert node.orders() == []
    node = Node(ANSWER.replace('id="2" online="true"', 'id="2" online="false"'))
    engine.confirm_fenced(node, "node2", "alice")
    assert node.orders() == [
        ["logger", "--tag", "failover", "alice confirms that node2 is off"],
        ["stonith_admin", "--confirm", "node2"],
        ["corosync-cmapctl", "-s", "quorum.cancel_wait_for_all", "u8", "1"],
    ]


def test_maintenance_and_standby_are_the_tools_own(engine: pacemaker.Pacemaker):
    node = Node(ANSWER)
    engine.maintenance(node, True)
    engine.maintenance(node, False)
    engine.standby(node, "node2", True)
    engine.standby(node, "node2", False)
    assert node.orders() == [
        ["crm_attribute", "--name", "maintenance-mode", "--update", "true"],
        ["crm_attribute", "--name", "maintenance-mode", "--delete"],
        ["crm_standby", "--node", "node2", "--update", "on"],
        ["crm_standby", "--node", "node2", "--delete"],
    ]


def test_a_tool_that_fails_or_is_missing_is_told(engine: pacemaker.Pacemaker):
    with pytest.raises(_base.Refused, match=r"^no$"):
        engine.maintenance(Node(ANSWER, code=1), True)
    with pytest.raises(_base.Refused, match="Pacemaker is not installed"):
        engine.maintenance(Node(ANSWER, code=127), True)
