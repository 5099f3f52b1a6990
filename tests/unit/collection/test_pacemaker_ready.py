# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a failover would succeed in a cluster of Pacemaker, from what its tools say."""

from __future__ import annotations

import calendar
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils._engines import (
    Refused,
    _pacemaker_ready,
    pacemaker,
)

from failoverd.control import ready as page
from tests.played.pacemaker import EXCLUDING, LINKS, PART, screened

NOW = calendar.timegm((2026, 11, 27, 12, 0, 0))
DEVICE = f'role="Started" {PART}>\n   <node name="node2" id="2"/></resource>'
BROKEN = DEVICE.replace('failed="false"', 'failed="true"')
STOPPED = 'role="Started" managed="true" failed="false" blocked="false"><node name="node1" id="1"/>'


def verdict(*changes: tuple[str, str], excluding: Any = EXCLUDING, **given: Any) -> dict[str, Any]:
    status = screened(NOW, *changes, excluding=excluding, **given)
    told = _pacemaker_ready.ready(status, excluding)
    [service] = told["services"]
    assert told["level"] == service["level"] == status["services"][0]["ready"]["level"]
    assert page.lines(told)
    return service


def test_where_all_is_well_each_item_says_what_was_looked_at() -> None:
    told = verdict()
    assert (told["level"], told["reason"], told["seconds"]) == ("ok", "", None)
    assert [(item["what"], item["text"]) for item in told["items"]] == [
        ("service", "runs on node1"),
        ("standby", "Pacemaker would start it on node3"),
        ("exclusion", "bmc.node1 is watched, and well"),
        ("links", "all 2 up"),
    ]


@pytest.mark.parametrize(
    ("changes", "given", "level", "reason"),
    [
        ([('maintenance-mode="false"', 'maintenance-mode="true"')], {}, "critical", "mode: maintenance mode is on"),
        ([('with_quorum="true"', 'with_quorum="false"')], {}, "critical", "quorum: this part of the cluster has no quorum"),
        ([], {"after": {"node1": {"shop": ""}}}, "critical", "standby: Pacemaker would start it nowhere"),
        ([], {"quorate": False}, "critical", "standby: without its node the rest has no quorum"),
        ([], {"after": {}}, "unknown", "standby: crm_simulate does not tell where it would run"),
        ([], {"excluding": {}}, "unknown", "exclusion: nobody tells which devices can switch node1 off"),
        ([], {"excluding": {"node1": []}}, "critical", "exclusion: no fence device can switch node1 off"),
        ([(DEVICE, BROKEN)], {}, "critical", "exclusion: bmc.node1: fails"),
        ([], {"links": LINKS}, "warning", "links: link 1 is down"),
        ([(STOPPED, STOPPED.replace("Started", "Stopped").partition("<")[0])], {}, "critical", "service: is stopped"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_is_named(
    changes: list[tuple[str, str]], given: dict[str, Any], level: str, reason: str
) -> None:
    told = verdict(*changes, **given)
    assert (told["level"], told["reason"]) == (level, reason)


def test_a_device_that_fails_beside_one_that_works_is_a_warning() -> None:
    second = DEVICE + (
        f'<resource id="failover._fence.pdu.node1" resource_agent="stonith:fence_apc" {BROKEN}'
    )
    told = verdict((DEVICE, second), excluding={"node1": ["bmc.node1", "pdu.node1"]})
    assert (told["level"], told["reason"]) == ("warning", "exclusion: pdu.node1: fails")
    [remedy] = [item["remedy"] for item in told["items"] if item["level"] == "warning"]
    assert remedy.endswith("crm_resource --cleanup --resource failover._fence.pdu.node1")


def test_a_failure_that_is_remembered_where_it_would_run_is_a_warning() -> None:
    history = '<node_history><node name="node3"><resource_history fail-count="1" '
    told = verdict(
        (
            "<node_history>",
            f'{history}id="failover.shop.application.web"/></node>',
        )
    )
    assert told["reason"] == "failures: web has failed on node3, and that is remembered"


CIB = """<cib><configuration><resources>
<primitive id="failover._fence.bmc.node1" class="stonith" type="fence_ipmilan"><instance_attributes>
<nvpair name="pcmk_host_list" value="node1"/></instance_attributes></primitive>
<primitive id="pdu" class="stonith" type="fence_apc"><instance_attributes>
<nvpair name="pcmk_host_list" value="node2, node1"/></instance_attributes></primitive>
</resources></configuration></cib>"""


def test_the_devices_of_a_node_are_those_of_the_configuration_wherever_they_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fencer of a node does not know its own device, which never runs there."""
    path = tmp_path / "cib.xml"
    monkeypatch.setattr(pacemaker, "CIB", str(path))
    assert pacemaker.ENGINE.excluding(["node1"]) == {}
    path.write_text(CIB, encoding="utf-8")
    found = pacemaker.ENGINE.excluding(["node1", "node2", "node3"])
    assert found == {"node1": ["bmc.node1", "pdu"], "node2": ["pdu"], "node3": []}


def test_a_node_whose_tool_has_no_such_word_refuses_in_one_sentence() -> None:
    with pytest.raises(Refused, match="failoverctl ended with 2: 'usage"):
        pacemaker.ENGINE.ready(lambda argv: (2, "", "usage: failoverctl"))
    answer = '{"format": 1, "level": "unknown", "text": "Pacemaker does not run."}'
    with pytest.raises(Refused, match="Pacemaker does not run"):
        pacemaker.ENGINE.ready(lambda argv: (3, answer, ""))
