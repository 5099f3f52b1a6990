# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster of three nodes that Pacemaker keeps: what the tools of Debian 12 say, and a status."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from tests.generated_docs import configuration

configuration.importable()

Json = dict[str, Any]
PART = 'managed="true" failed="false" blocked="false"'
HERE = '<node name="node1" id="1"/>'


def _part(name: str, agent: str) -> str:
    words = f'id="failover.shop.{name}" resource_agent="{agent}" role="Started" {PART}'
    return f"<resource {words}>{HERE}</resource>"


ANSWER = f"""<pacemaker-result api-version="2.25">
 <summary><current_dc present="true" version="2.1.5" name="node2" id="2" with_quorum="true"/>
  <cluster_options stonith-enabled="true" maintenance-mode="false"/></summary>
 <nodes>
  <node name="node1" id="1" online="true" standby="false" pending="false" unclean="false"/>
  <node name="node2" id="2" online="true" standby="false" pending="false" unclean="false"/>
  <node name="node3" id="3" online="true" standby="false" pending="false" unclean="false"/>
 </nodes>
 <resources>
  <resource id="failover._fence.bmc.node1" resource_agent="stonith:fence_ipmilan"
   role="Started" {PART}>
   <node name="node2" id="2"/></resource>
  <group id="failover.shop" disabled="false">
   {_part("check.192.168.1.10", "ocf:failover:vipcheck")}
   {_part("mount", "ocf:heartbeat:Filesystem")}
   {_part("address.192.168.1.10", "ocf:heartbeat:IPaddr2")}
   {_part("application.web", "systemd:web")}
  </group>
 </resources>
 <node_attributes>
  <node name="node1"><attribute name="failover-ping" value="1"/></node>
  <node name="node2"><attribute name="failover-ping" value="1"/></node>
 </node_attributes>
 <node_history><node name="node1"><resource_history id="failover.shop.application.web">
  <operation_history call="4" task="start" rc="0" rc_text="ok"
   last-rc-change="2026-11-27 11:00:00 +00:00"/>
 </resource_history></node></node_history>
 <failures/>
</pacemaker-result>"""
LINKS = """Local node ID 1, transport knet
LINK ID 0 udp
	addr	= 10.0.0.1
	status:
		nodeid:          1:	localhost
		nodeid:          2:	connected
		nodeid:          3:	connected
LINK ID 1 udp
	addr	= 10.0.1.1
	status:
		nodeid:          1:	localhost
		nodeid:          2:	disconnected
		nodeid:          3:	connected
"""
WELL = LINKS.replace("disconnected", "connected")
AFTER = {"node1": {"shop": "node3"}}
EXCLUDING = {"node1": ["bmc.node1"]}


def screened(
    now: float,
    *changes: tuple[str, str],
    links: str = WELL,
    after: Mapping[str, Mapping[str, str]] = AFTER,
    quorate: bool = True,
    excluding: Mapping[str, Sequence[str]] = EXCLUDING,
) -> Json:
    """The status, after some words of crm_mon were replaced by others."""
    from ansible_collections.failover.cluster.plugins.module_utils._engines import (
        _pacemaker_screen,
        pacemaker,
    )

    text = ANSWER
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    answer = ET.fromstring(text)
    status = pacemaker.read(answer, "shop", "node1")
    told = _pacemaker_screen.Told(
        answer, status, links, {"shop": "/srv/shop"}, after, quorate, excluding=excluding
    )
    made: Json = _pacemaker_screen.screen(told, now)
    return made


def well(now: float | None = None) -> Json:
    """What the page is told of the cluster while all is well."""
    return {"status": screened(time.time() if now is None else now)}


def degraded(now: float | None = None) -> Json:
    """node3 is lost and not fenced yet, one link is down, and node2 is in standby mode."""

    def node(name: str, online: str, standby: str, unclean: str) -> str:
        words = f'online="{online}" standby="{standby}" pending="false" unclean="{unclean}"'
        return f'<node name="{name}" id="{name[-1]}" {words}/>'

    well = ("true", "false", "false")
    changes = (
        (node("node2", *well), node("node2", "true", "true", "false")),
        (node("node3", *well), node("node3", "false", "false", "true")),
    )
    at = time.time() if now is None else now
    return {"status": screened(at, *changes, links=LINKS, after={"node1": {"shop": ""}})}
