# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl on a node of Pacemaker: the same screen, from what the tools of Debian 12 say."""

from __future__ import annotations

import calendar
import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from ansible_collections.failover.cluster.plugins.module_utils._engines import (
    _pacemaker_past,
    _pacemaker_screen,
)

from failoverd.control import screen, show
from tests.played.pacemaker import ANSWER, LINKS, WELL, screened
from tests.unit.failoverd import schemas

CHECKOUT = Path(__file__).resolve().parents[3]
NOW = calendar.timegm((2026, 11, 27, 12, 0, 0))
QUORUM = "Total votes:      {}\nQuorum:           {}  {}\nFlags:            {}\n"


def seen(*changes: tuple[str, str], **given):
    made = screened(NOW, *changes, **given)
    schemas.validator("status").validate(made)
    return made


def lines(**given):
    return show.lines(seen(**given))


def test_three_nodes_in_order_are_one_short_screen():
    text = lines()
    assert text[0].startswith("OK       cluster shop, seen from node1 at ")
    assert text[1].startswith("shop     running on node1 since ")
    assert text[1].endswith(" · node3 ready to take over")
    assert text[2:] == [
        "  failover   ready",
        "  mounted    /srv/shop ok",
        "  address    192.168.1.10 ok",
        "  services   web ok",
        "  nodes      node1 alive · node2 alive · node3 alive",
        "  links      link 0 ok · link 1 ok",
        "  exclusion  bmc.node1 answered",
    ]
    assert seen()["services"][0]["since_s"] == 3600.0


def test_the_check_of_monitoring_systems_says_who_would_take_over():
    assert screen.verdict(seen()) == (0, ["OK - 1 service runs, node3 is ready to take over"])


def test_no_screen_says_that_something_cannot_be_shown():
    assert not [line for line in lines() if "cannot be shown" in line]


@pytest.mark.parametrize(
    ("changes", "given", "code", "line"),
    [
        ([], {"links": LINKS}, "link-down", "  links      link 0 ok · link 1 DOWN"),
        ([], {"after": {"node1": {"shop": ""}}}, "standby-unable", "  standby    other nodes: cannot take over: Pacemaker would start it nowhere"),
        ([], {"quorate": False}, "standby-unable", "  standby    other nodes: cannot take over: without its node the rest has no quorum"),
        ([('<attribute name="failover-ping" value="1"/></node>\n </node_attributes>', '<attribute name="failover-ping" value="0"/></node>\n </node_attributes>')], {}, "network-lost", "  nodes      node1 alive · node2 alive, ping targets LOST · node3 alive"),
        ([('name="node3" id="3" online="true" standby="false" pending="false" unclean="false"', 'name="node3" id="3" online="false" standby="false" pending="false" unclean="true"')], {}, "node-unclean", "  nodes      node1 alive · node2 alive · node3 silent"),
        ([('name="node3" id="3" online="true" standby="false"', 'name="node3" id="3" online="true" standby="true"')], {}, "node-standby", "  nodes      node1 alive · node2 alive · node3 alive, in standby mode"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_a_finding_and_a_word_of_the_screen(changes, given, code, line):
    made = seen(*changes, **given)
    assert code in {one["code"] for one in made["health"]["findings"]}
    assert made["health"]["state"] != "ok"
    assert line in show.lines(made)


def test_a_node_that_is_away_is_told_once():
    changes = [('name="node3" id="3" online="true"', 'name="node3" id="3" online="false"')]
    made = seen(
        *changes,
        links=LINKS.replace("3:	connected", "3:	disconnected"),
        after={"node1": {"shop": ""}},
    )
    codes = [one["code"] for one in made["health"]["findings"]]
    assert codes == ["node-offline", "link-down"]
    assert made["links"][0]["state"] == "up"


def test_a_service_that_is_down_says_why_and_has_no_time():
    stopped = (
        'role="Started" managed="true" failed="false" blocked="false"><node name="node1" id="1"/>',
        'role="Stopped" managed="true" failed="false" blocked="false">',
    )
    made = seen(
        stopped,
        (
            '<group id="failover.shop" disabled="false">',
            '<group id="failover.shop" disabled="true">',
        ),
    )
    [service] = made["services"]
    assert (service["state"], service["owner"], service["since_s"]) == ("blocked", "", None)
    assert "shop     blocked" in show.lines(made)[3]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-11-27 12:00:00 +01:00", NOW - 3600),
        ("2026-11-27 12:00:00Z", NOW),
        ("2026-11-27 12:00:00.183975Z", NOW),
        ("yesterday", None),
    ],
)
def test_a_time_is_read_in_each_form(text, seconds):
    assert _pacemaker_past.moment(text) == seconds


def test_a_time_without_a_zone_is_the_nodes_own():
    here = time.strftime("%a %b %d %H:%M:%S %Y", time.localtime(NOW))
    assert _pacemaker_past.moment(here) == NOW


@pytest.mark.parametrize(
    ("votes", "quorum", "flags", "left"),
    [(3, 2, "Quorate", True), (2, 2, "Quorate", False), (2, 1, "2Node Quorate", True)],
)
def test_whether_one_more_loss_leaves_a_quorum(votes, quorum, flags, left):
    assert _pacemaker_screen.quorate_without_one(QUORUM.format(votes, quorum, "", flags)) is left
    assert _pacemaker_screen.quorate_without_one("") is True


# --- the program, as the role installs it

TOOLS = {
    "cat": "echo '# Written by failover.cluster'; echo 'cluster_name: shop'",
    "crm_mon": f"cat <<'END'\n{ANSWER}\nEND",
    "uname": "echo node1",
    "corosync-cfgtool": f"cat <<'END'\n{WELL}END",
    "corosync-quorumtool": "echo 'Total votes: 3'; echo 'Quorum: 2'",
    "crm_simulate": "case \"$*\" in *--node-fail=node1*--save-output=*) touch \"${*##*=}\"; exit;; --xml-file=*) ;; *) exit 64;; esac; echo '<r><cluster_status>'; sed -n '/<resources>/,/<.resources>/p' answer | sed 's/node1/node3/'; echo '</cluster_status></r>'",
    "crm_attribute": 'echo "$@" >>"$SAID"',
    "crm_standby": 'echo "$@" >>"$SAID"',
}  # fmt: skip


@pytest.fixture
def node(tmp_path):
    """The files as the role lays them, and tools that answer."""
    variables = (CHECKOUT / "roles/engine_pacemaker/vars/main.yml").read_text(encoding="utf-8")
    tool, bin_ = tmp_path / "tool", tmp_path / "bin"
    bin_.mkdir()
    package = "ansible_collections/failover/cluster/plugins/module_utils/"
    files = CHECKOUT / "roles/engine_pacemaker/files"
    pairs = {name: files / name for name in ("asking.py", "failoverctl.py", "telling.py")}
    for line in variables.splitlines():
        name = line.removeprefix("  - ")
        if name.startswith("failoverd/"):
            pairs[name] = CHECKOUT / "roles/engine_agent/files" / name
    utilities = CHECKOUT / "plugins/module_utils"
    for path in [*utilities.glob("_engines/*.py"), utilities / "_cib.py"]:
        pairs[package + str(path.relative_to(utilities))] = path
    for name, source in pairs.items():
        place = tool / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "answer").write_text(ANSWER, encoding="utf-8")
    for name, text in TOOLS.items():
        body = text.replace("cat <<", "/bin/cat <<").replace(" answer ", f" {tmp_path}/answer ")
        (bin_ / name).write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        (bin_ / name).chmod(0o755)
    return tmp_path


def ctl(node, *words):
    environment = {"PATH": f"{node}/bin:{os.environ['PATH']}", "SAID": f"{node}/said"}
    argv = ["/usr/bin/python3", "-IS", str(node / "tool/failoverctl.py"), *words]
    return subprocess.run(
        argv, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_program_shows_what_the_tools_say_without_a_daemon(node):
    done = ctl(node, "status")
    assert done.returncode == 0, done.stderr
    assert "shop     running on node1" in done.stdout
    assert "node3 ready to take over" in done.stdout
    told = json.loads(ctl(node, "status", "--json").stdout)
    schemas.validator("status").validate(told)
    assert told["engine"] == "pacemaker"
    assert ctl(node, "status", "--names", "nodes").stdout == "node1\nnode2\nnode3\n"


def test_the_program_gives_orders_and_knows_no_command_of_a_daemon(node):
    assert ctl(node, "maintenance", "on").stdout == "maintenance mode is on\n"
    assert ctl(node, "standby", "node2").stdout == "node2 shall run nothing\n"
    said = (node / "said").read_text(encoding="utf-8")
    assert said == "--name maintenance-mode --update true\n--node node2 --update on\n"
    assert ctl(node, "handover").returncode == 2
    assert "handover" not in ctl(node, "--help").stdout


def test_without_pacemaker_the_program_says_so(node):
    (node / "bin/crm_mon").write_text("#!/bin/sh\nexit 102\n", encoding="utf-8")
    done = ctl(node, "status")
    assert (done.returncode, done.stdout) == (3, "")
    assert "Pacemaker does not run on this node" in done.stderr
    assert ctl(node, "status", "--check").stdout.startswith("UNKNOWN - Pacemaker does not run")
