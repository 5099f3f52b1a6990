# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks build a cluster with the engine pacemaker, operate it, change it and remove it.

The tests follow each other, as days of one cluster.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.pacemaker import room
from tests.pacemaker.plays import Site, address, mounted

SHOP_AT, MAIL_AT = f"{room.SUBNET}.100", f"{room.SUBNET}.101"
LEFT = (
    "/etc/corosync/corosync.conf",
    "/etc/corosync/authkey",
    "/var/lib/pacemaker/cib/cib.xml",
)
SHOP: dict[str, Any] = {
    "name": "shop",
    "preferred": "node1",
    "storage": {"type": "shared", "disk": "/dev/shared0", "mount": "/srv/shop", "mmp": False},
    "addresses": [f"{SHOP_AT}/24"],
    "applications": [{"ocf": "heartbeat:Dummy", "name": "one"}],
}
MAIL: dict[str, Any] = {"name": "mail", "preferred": "node2", "addresses": [f"{MAIL_AT}/24"]}


@pytest.fixture(scope="module")
def site(containers: None, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Two nodes without a cluster."""
    room.emptied()
    return Site(tmp_path_factory.mktemp("site"))


def both(**more: Any) -> dict[str, Any]:
    return {"failover_services": [SHOP, MAIL], **more}


def test_a_cluster_of_somebody_else_is_refused_before_anything_is_changed(site: Site) -> None:
    foreign = "totem {\n version: 2\n cluster_name: theirs\n}\n"
    room.put("node2", "/etc/corosync/corosync.conf", foreign, "0644")
    said = site.play("site", **both())
    assert said.code != 0
    assert "node2: has a cluster that failover.cluster did not make" in said.flat
    assert room.inside("node2", "cat", "/etc/corosync/corosync.conf") == foreign
    assert room.asked("node1", "test", "-e", "/etc/corosync/corosync.conf")[0] != 0
    room.inside("node2", "rm", "/etc/corosync/corosync.conf")


def test_the_playbook_builds_it_and_a_second_run_changes_nothing(site: Site) -> None:
    said = site.play("site", **both())
    assert said.code == 0, said.text
    assert (address(SHOP_AT), address(MAIL_AT)) == (["node1"], ["node2"])
    assert mounted("/srv/shop") == ["node1"]
    again = site.play("site", **both())
    assert (again.code, again.changed) == (0, 0), again.text
    checked = site.play("site", "--check", "--diff", **both())
    assert (checked.code, checked.changed) == (0, 0), checked.text


def test_what_nobody_may_see_is_in_no_output(site: Site) -> None:
    other = both(failover_pacemaker={"stickiness": 500})
    said = site.play("site", "--check", "--diff", "-vvv", **other)
    assert said.code == 0
    assert 'name="resource-stickiness" value="500"' in said.text
    key = room.inside("node1", "cat", "/etc/corosync/authkey")
    assert key not in said.text
    assert "hidden-word" not in said.text


def test_the_key_and_the_cib_are_read_by_root_alone(site: Site) -> None:
    assert room.inside("node1", "stat", "-c", "%a %U", "/etc/corosync/authkey") == "400 root\n"


def test_the_status_names_the_services_and_a_service_is_moved(site: Site) -> None:
    said = site.play("status", "-e", "demand=ok", **both())
    assert said.code == 0, said.text
    assert "shop on node1" in said.flat
    room.put("node1", "/srv/shop/proof", "kept\n")
    said = site.play("failover", "-e", "service=shop", **both())
    assert said.code == 0, said.text
    assert "shop moved from node1 to node2" in said.flat
    assert (address(SHOP_AT), mounted("/srv/shop")) == (["node2"], ["node2"])
    assert room.inside("node2", "cat", "/srv/shop/proof") == "kept\n"
    assert site.play("site", **both()).changed == 0
    assert site.play("failover", "-e", "service=shop", "-e", "to=node1", **both()).code == 0


def test_a_changed_token_is_reloaded_and_stops_nothing(site: Site) -> None:
    before = room.inside("node1", "pidof", "corosync")
    said = site.play("site", **both(failover_timing={"dead_s": 4}))
    assert said.code == 0, said.text
    for node in room.NODES:
        runtime = room.inside(node, "corosync-cmapctl", "-g", "runtime.config.totem.token")
        assert "4000" in runtime
    assert room.inside("node1", "pidof", "corosync") == before
    assert site.play("site", **both(failover_timing={"dead_s": 4})).changed == 0
    limited = site.play("site", "--limit", "node1", **both())
    assert limited.code != 0
    assert "run without --limit, so that node2 gets it, too" in limited.flat
    assert site.play("site", **both()).code == 0


def test_a_change_that_interrupts_needs_a_word(site: Site) -> None:
    other = {**SHOP, "addresses": [f"{room.SUBNET}.102/24"]}
    services = {"failover_services": [other, MAIL]}
    checked = site.play("site", "--check", "--diff", **services)
    assert checked.code == 0, checked.text
    assert "# failover.shop.application.one is stopped and started again" in checked.text
    said = site.play("site", **services)
    assert said.code != 0
    assert "it would interrupt services" in said.flat
    assert address(SHOP_AT) == ["node1"]
    said = site.play("site", "-e", "interrupt=shop", **services)
    assert said.code == 0, said.text
    assert (address(SHOP_AT), address(f"{room.SUBNET}.102")) == ([], ["node1"])


def test_maintenance_begins_and_ends(site: Site) -> None:
    assert site.play("maintenance", "-e", "state=on", **both()).code == 0
    assert "true" in room.inside("node2", "crm_attribute", "--name", "maintenance-mode", "--query")
    assert site.play("maintenance", "-e", "state=off", **both()).code == 0


def test_a_service_is_taken_out_with_the_usual_word(site: Site) -> None:
    services = {"failover_services": [{**SHOP, "addresses": [f"{room.SUBNET}.102/24"]}]}
    said = site.play("site", **services)
    assert said.code != 0 and "run site.yml with -e remove=mail" in said.flat
    said = site.play("site", "-e", "remove=mail", **services)
    assert said.code == 0, said.text
    assert address(MAIL_AT) == []
    assert site.play("site", **services).changed == 0


def test_the_cluster_is_removed_with_its_secrets(site: Site) -> None:
    said = site.play("remove", "-e", "cluster=shop", "-e", "confirm=shop", **both())
    assert said.code == 0, said.text
    for node in room.NODES:
        for path in LEFT:
            assert room.asked(node, "test", "-e", path)[0] != 0, path
        assert room.asked(node, "systemctl", "is-active", "pacemaker", "corosync")[0] != 0
        assert room.asked(node, "systemctl", "is-enabled", "pacemaker")[1].strip() == "disabled"
    assert address(f"{room.SUBNET}.102") == []
    again = site.play("remove", "-e", "cluster=shop", "-e", "confirm=shop", **both())
    assert (again.code, again.changed) == (0, 0), again.text
