# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is ours in a CIB becomes what is wanted; what others added stays."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _cib, _transition

LIVE = """
<cib epoch="7" num_updates="3" admin_epoch="0"><configuration>
 <crm_config><cluster_property_set id="cib-bootstrap-options">
  <nvpair id="x-have-watchdog" name="have-watchdog" value="false"/>
  <nvpair id="x-delay" name="stonith-timeout" value="1s"/>
  <nvpair id="failover._option.old" name="old" value="1"/>
 </cluster_property_set></crm_config>
 <nodes><node id="1" uname="node1"><instance_attributes id="nodes-1">
  <nvpair id="nodes-1-standby" name="standby" value="on"/></instance_attributes></node></nodes>
 <resources>
  <primitive id="theirs" class="ocf" provider="pacemaker" type="Dummy"/>
  <group id="failover.shop">
   <meta_attributes id="failover.shop-meta_attributes">
    <nvpair id="failover.shop-meta_attributes-target-role" name="target-role" value="Stopped"/>
    <nvpair id="failover.shop-meta_attributes-stickiness" name="resource-stickiness" value="7"/>
    <nvpair id="failover.shop-meta_attributes-gone" name="gone" value="7"/>
   </meta_attributes>
   <primitive id="failover.shop.b" class="lsb" type="b">
    <meta_attributes id="failover.shop.b-meta_attributes">
     <nvpair id="failover.shop.b-meta_attributes-is-managed" name="is-managed" value="false"/>
    </meta_attributes>
   </primitive>
   <primitive id="added" class="lsb" type="added"/>
   <primitive id="failover.shop.a" class="lsb" type="a"/>
  </group>
  <group id="failover.old"><primitive id="failover.old.a" class="lsb" type="old"/></group>
 </resources>
 <constraints>
  <rsc_location id="cli-ban-failover.old-on-node1" rsc="failover.old" node="node1" score="-INFINITY"/>
  <rsc_location id="cli-prefer-failover.shop" rsc="failover.shop" node="node1" score="INFINITY"/>
  <rsc_location id="drbd-fence-by-handler-old-failover.old" rsc="failover.old"/>
  <rsc_location id="drbd-fence-by-handler-shop-failover.shop" rsc="failover.shop"/>
  <rsc_location id="failover.old.home" rsc="failover.old" node="node1" score="2"/>
  <rsc_location id="theirs-home" rsc="theirs" node="node1" score="2"/>
 </constraints>
</configuration><status><node_state id="1"/></status></cib>
"""
WANTED = """
<configuration>
 <crm_config><cluster_property_set id="cib-bootstrap-options">
  <nvpair id="failover._option.stonith-timeout" name="stonith-timeout" value="40s"/>
 </cluster_property_set></crm_config>
 <resources>
  <group id="failover.shop">
   <meta_attributes id="failover.shop-meta_attributes">
    <nvpair id="failover.shop-meta_attributes-stickiness" name="resource-stickiness" value="1000"/>
   </meta_attributes>
   <primitive id="failover.shop.a" class="lsb" type="a"/>
   <primitive id="failover.shop.b" class="lsb" type="b2"/>
   <primitive id="failover.shop.c" class="lsb" type="c"/>
  </group>
 </resources>
 <constraints><rsc_location id="failover.shop.home" rsc="failover.shop" node="node1" score="2"/></constraints>
 <nodes><node id="1" uname="node1"/><node id="2" uname="node2"/></nodes>
</configuration>
"""


@pytest.fixture
def made():
    return _cib.merged(_cib.parse(LIVE), _cib.parse(WANTED))


def ids(made, path):
    return [one.get("id") for one in made.find(f"configuration/{path}")]


def named(made, path):
    found = made.iterfind(f"configuration/{path}/nvpair")
    return {one.get("name"): one.get("value") for one in found}


def test_a_second_run_has_nothing_to_do(made):
    assert not _cib.same(_cib.parse(LIVE), made)
    again = _cib.merged(made, _cib.parse(WANTED))
    assert _cib.same(made, again)


def test_what_others_added_stays(made):
    assert "theirs" in ids(made, "resources")
    assert {"theirs-home", "cli-prefer-failover.shop"} <= set(ids(made, "constraints"))
    # Without it, Pacemaker would promote old data.
    assert "drbd-fence-by-handler-shop-failover.shop" in ids(made, "constraints")
    assert named(made, "nodes/node/instance_attributes") == {"standby": "on"}
    assert made.find("status/node_state") is not None


def test_what_is_ours_and_no_longer_wanted_goes_with_what_the_tools_wrote_for_it(made):
    assert "failover.old" not in ids(made, "resources")
    assert ids(made, "constraints") == [
        "cli-prefer-failover.shop",
        "drbd-fence-by-handler-shop-failover.shop",
        "theirs-home",
        "failover.shop.home",
    ]


def test_the_word_of_an_operator_stays_and_every_other_value_is_ours(made):
    group = "resources/group[@id='failover.shop']"
    assert named(made, f"{group}/meta_attributes") == {
        "target-role": "Stopped",
        "resource-stickiness": "1000",
    }
    assert named(made, f"{group}/primitive[@id='failover.shop.b']/meta_attributes") == {
        "is-managed": "false"
    }


def test_a_group_has_our_order_and_a_part_of_others_stays_behind_its_neighbour(made):
    parts = [one.get("id") for one in made.iterfind("configuration/resources/group/primitive")]
    assert parts == ["failover.shop.a", "failover.shop.b", "added", "failover.shop.c"]


def test_an_option_that_the_tools_set_meanwhile_is_replaced_and_others_stay(made):
    pairs = made.findall("configuration/crm_config/cluster_property_set/nvpair")
    assert [(one.get("name"), one.get("value")) for one in pairs] == [
        ("have-watchdog", "false"),
        ("stonith-timeout", "40s"),
    ]


def test_the_order_of_a_section_does_not_move_what_is_there():
    turned = _cib.parse(WANTED)
    first = ET.fromstring('<primitive id="failover.z" class="lsb" type="z"/>')
    turned.find("resources").insert(0, first)
    made = _cib.merged(_cib.parse(LIVE), turned)
    assert ids(made, "resources") == ["theirs", "failover.shop", "failover.z"]


def test_something_of_others_that_names_what_goes_is_told_and_nothing_is_changed():
    live = LIVE.replace(
        "<constraints>",
        '<constraints><rsc_colocation id="mine" rsc="theirs" with-rsc="failover.old" score="1"/>',
    )
    with pytest.raises(_cib.Foreign, match=r"rsc_colocation mine names failover.old"):
        _cib.merged(_cib.parse(live), _cib.parse(WANTED))


def test_a_cluster_of_others_is_never_changed():
    live = """<cib><configuration><crm_config/><nodes/><resources>
     <primitive id="theirs" class="lsb" type="a"/></resources><constraints/></configuration></cib>"""
    with pytest.raises(_cib.Foreign, match=r"was not made by failover.cluster; it has theirs"):
        _cib.merged(_cib.parse(live), _cib.parse(WANTED))


def test_a_new_cluster_gets_everything():
    empty = "<cib epoch='1' num_updates='9'><configuration><resources/></configuration></cib>"
    made = _cib.merged(_cib.parse(empty), _cib.parse(WANTED))
    assert ids(made, "resources") == ["failover.shop"]
    _cib.next_version(made)
    assert (made.get("epoch"), made.get("num_updates")) == ("2", "0")


def test_no_secret_is_in_the_text_of_a_difference():
    text = """<cib><configuration><resources>
     <primitive id="failover._fence.x" class="stonith" type="fence_x"><instance_attributes id="i">
      <nvpair id="i-ip" name="ip" value="plain-ip"/>
      <nvpair id="i-o" name="pcmk_host_list" value="node1"/></instance_attributes></primitive>
     <primitive id="failover.a" class="ocf" provider="heartbeat" type="mysql">
      <instance_attributes id="j"><nvpair id="j-p" name="test_passwd" value="plain-word"/>
      <nvpair id="j-c" name="config" value="/etc/my.cnf"/></instance_attributes></primitive>
     </resources></configuration></cib>"""
    said = _cib.lines(_cib.parse(text), ("pass",))
    assert "plain" not in said
    assert "node1" in said and "/etc/my.cnf" in said


# --- what a transition would take from somebody

ANSWER = """<pacemaker-result><actions>
 <node_action task="Fence (reboot)" node="node2" reason="x"/>
 <rsc_action action="start" resource="failover.shop.new" node="node1"/>
 <rsc_action action="move" resource="failover.shop.a" source="node1" dest="node2"/>
 <rsc_action action="stop" resource="theirs:0" node="node1"/>
 <rsc_action action="restart" resource="failover.shop.b" node="node1"/>
 <rsc_action action="stop" resource="failover._fence.x" node="node1"/>
 <rsc_action action="stop" resource="failover._ping:0" node="node1"/>
</actions></pacemaker-result>"""
AFTER = """<cib><configuration><resources>
 <primitive id="failover._fence.x" class="stonith" type="fence_x"/>
 <primitive id="failover._ping" class="ocf" provider="pacemaker" type="ping"/>
</resources></configuration></cib>"""


def test_what_would_be_taken_from_somebody_is_told_and_nothing_else():
    found = _transition.interrupted(ANSWER, _cib.parse(AFTER))
    assert sorted(sentence for _resource, sentence in found) == [
        "failover.shop.a moves from node1 to node2",
        "failover.shop.b is stopped and started again on node1",
        "node2: fence (reboot)",
        "theirs is stopped on node1",
    ]


def test_a_fence_device_that_goes_takes_nothing_from_anybody():
    gone = _cib.parse("<cib><configuration><resources/></configuration></cib>")
    found = _transition.interrupted(ANSWER, gone, _cib.parse(AFTER))
    assert found == _transition.interrupted(ANSWER, _cib.parse(AFTER))


def test_an_action_that_is_not_known_counts_as_an_interruption():
    answer = ANSWER.replace('action="start"', 'action="explode"')
    found = _transition.interrupted(answer, _cib.parse(AFTER))
    assert ("failover.shop.new", "failover.shop.new has to explode") in found


def test_what_is_interrupted_has_the_name_of_its_service_or_its_own():
    names = {"shop", "shop.old"}
    assert _cib.service_of("failover.shop.a", names) == "shop"
    assert _cib.service_of("failover.shop.old.a", names) == "shop.old"
    assert _cib.service_of("failover.shopping.a", names) == "failover.shopping.a"
    assert _cib.service_of("shop.a", names) == "shop.a", "it belongs to others"
    assert _cib.service_of("node2", names) == "node2"
