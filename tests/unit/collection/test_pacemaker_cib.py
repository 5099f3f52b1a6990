# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module pacemaker_cib. The tools are played; tests/pacemaker has the real ones."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible_collections.failover.cluster.plugins.modules import pacemaker_cib

from . import modules

WANTED = """<configuration><resources>
 <primitive id="failover.shop.a" class="ocf" provider="heartbeat" type="Dummy">
 <instance_attributes id="failover.shop.a-i"><nvpair id="failover.shop.a-i-p" name="passwd" value="hidden-word"/>
 </instance_attributes></primitive></resources></configuration>"""
EMPTY = """<cib epoch="4" num_updates="2"><configuration><crm_config/><resources>{}</resources>
<constraints/></configuration></cib>"""
QUIET = "<pacemaker-result><actions/></pacemaker-result>"
STOPS = """<pacemaker-result><actions>
<rsc_action action="stop" resource="failover.old.a" node="node1"/></actions></pacemaker-result>"""


class Tools:
    """Answers commands of Pacemaker; a patch is refused as often as was said."""

    def __init__(self) -> None:
        self.live = EMPTY.format("")
        self.simulated = {"live.xml": QUIET, "wanted.xml": QUIET}
        self.patches: list[int] = [0]
        self.verified = (0, "")
        self.applied = 0
        self.seen: list[str] = []
        self.foreseen = ""

    def __call__(self, argv):
        name, *words = argv
        if argv[:2] == ["cibadmin", "--query"]:
            return (0, self.live, "") if self.live else (102, "", "Transport endpoint")
        if name == "crm_verify":
            return self.verified[0], "", self.verified[1]
        path = Path(words[1])
        if name == "crm_simulate":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            self.foreseen = path.read_text(encoding="utf-8")
            return 0, self.simulated[path.name], ""
        if name == "crm_diff":
            self.seen.append(Path(words[3]).read_text(encoding="utf-8"))
            return 1, "<diff/>", ""
        self.applied += 1
        return self.patches.pop(0) if len(self.patches) > 1 else self.patches[0], "", "why not"


@pytest.fixture
def tools(monkeypatch):
    played = Tools()
    monkeypatch.setattr(pacemaker_cib, "runner", lambda module: played)
    monkeypatch.setattr(pacemaker_cib, "PAUSE_S", 0)
    return played


def run(**given):
    return modules.run("pacemaker_cib", configuration=WANTED, **given)


def test_the_difference_is_applied_as_a_patch_for_the_next_version(tools):
    said = run()
    assert (said["changed"], said["attempts"], tools.applied) == (True, 1, 1)
    assert 'epoch="5"' in tools.seen[0] and 'num_updates="0"' in tools.seen[0]
    assert "hidden-word" in tools.seen[0]
    assert "hidden-word" not in str(said["diff"])


def test_nothing_is_asked_where_nothing_differs(tools):
    tools.live = EMPTY.format(WANTED.partition("<resources>")[2].partition("</resources>")[0])
    assert not run()["changed"]
    assert tools.applied == 0


def test_check_mode_applies_nothing_and_tells_what_would_stop(tools):
    tools.simulated["wanted.xml"] = STOPS
    said = run(check=True)
    assert said["changed"] and tools.applied == 0
    assert said["interrupted"] == ["failover.old.a is stopped on node1"]
    assert "-e interrupt=" in said["refused"], "a plan can say what a run would"
    assert run(check=True, interrupt=["failover.old.a"])["refused"] == ""
    assert said["diff"]["after"].endswith("# failover.old.a is stopped on node1\n")


def test_what_is_foreseen_has_no_node_that_is_still_to_join_and_would_be_fenced(tools):
    nodes = "<nodes><node id='1' uname='node1'/>{}</nodes>"
    tools.live = tools.live.replace("<resources>", nodes.format("") + "<resources>")
    wanted = WANTED.replace(
        "<resources>", nodes.format("<node id='2' uname='node2'/>") + "<resources>"
    )
    modules.run("pacemaker_cib", configuration=wanted, check=True)
    assert "node1" in tools.foreseen and "node2" not in tools.foreseen
    modules.run("pacemaker_cib", configuration=wanted)
    assert "node2" in tools.foreseen


def test_what_would_stop_needs_a_word_or_is_of_a_service_that_leaves(tools):
    tools.simulated["wanted.xml"] = STOPS
    assert "-e interrupt=failover.old.a at a time" in run()["msg"], "no group says whose it is"
    tools.live = EMPTY.format('<group id="failover.old"/><group id="failover.o"/>')
    assert "-e interrupt=old at a time" in run()["msg"]
    assert "-e interrupt=mail,old at a time" in run(interrupt=["mail"])["msg"]
    assert "failover.old.a is stopped on node1." in run(leaving=["o"])["msg"]
    assert tools.applied == 0
    assert run(leaving=["old"])["changed"]
    assert run(interrupt="old,mail")["changed"]


def test_what_the_cluster_does_anyway_is_not_for_this_change(tools):
    tools.simulated = {"live.xml": STOPS, "wanted.xml": STOPS}
    assert run()["interrupted"] == []


def test_a_change_of_others_makes_another_patch_and_too_many_end_it(tools):
    tools.patches = [103, 103, 0]
    assert run()["attempts"] == 3
    tools.patches = [103]
    assert "others changed the cluster during each of 2 attempts" in run(attempts=2)["msg"]


def test_any_other_refusal_is_told_and_not_repeated(tools):
    tools.patches = [78]
    assert run()["msg"] == "The CIB was not changed: the cluster refused the change: why not"
    assert tools.applied == 1


def test_a_configuration_that_pacemaker_calls_wrong_is_not_applied_a_warning_is_no_reason(tools):
    tools.verified = (78, "crm_verify: Errors found during check: config not valid")
    assert "Pacemaker would refuse the configuration" in run()["msg"]
    assert tools.applied == 0
    tools.verified = (78, "crm_verify: Warnings found during check: config may not be valid")
    assert run()["changed"]


def test_a_cluster_that_does_not_answer_or_is_somebody_elses_is_told(tools):
    tools.live = ""
    assert "the cluster does not tell its CIB: Transport endpoint" in run()["msg"]
    tools.live = EMPTY.format('<primitive id="theirs" class="lsb" type="a"/>')
    assert "was not made by failover.cluster; it has theirs" in run()["msg"]
    assert tools.applied == 0
