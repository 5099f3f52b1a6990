# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""N+1 with Corosync and Pacemaker: the standby has what a node loses, and nobody else notices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.kernels import observe
from tests.kernels.conftest import Site

from .both import NODES, Both, without_sharing
from .conftest import INVENTORY

STANDBY = "otsu"


def counted(both: Both) -> None:
    """The rest has a quorum of its own: the next node may be lost."""

    def said() -> bool:
        told = both.orders.lab.ssh(STANDBY, "corosync-quorumtool -s", check=False).stdout
        return any(line.split() == ["Expected", "votes:", "2"] for line in told.splitlines())

    both.orders.wait(said, "two expected votes")


def test_a_second_run_and_a_check_change_nothing(both: Both) -> None:
    for words in ((), ("--check", "--diff")):
        again = both.orders.site.play("site", *words)
        assert again.changed == 0, again.log.read_text(encoding="utf-8")[-3000:]


def test_a_planned_move_leaves_the_other_service_alone(both: Both) -> None:
    boots = both.boots()
    both.orders.site.play("failover", "-e", "service=orders", "-e", f"to={STANDBY}")
    both.moved(orders=STANDBY)
    assert both.boots() == boots


@pytest.mark.parametrize("service", sorted(NODES))
def test_the_power_of_an_active_node(both: Both, service: str) -> None:
    both.orders.lab.power(NODES[service], "off")
    both.moved(**{service: STANDBY})


def test_a_frozen_active_node_is_excluded_first(both: Both) -> None:
    node = NODES["orders"]
    boot = both.orders.boot(node)
    both.orders.lab.freeze(node)
    both.moved(orders=STANDBY)
    observe.wait_new_life(both.orders, node, boot, both.orders.limit_s)


def test_a_stop_that_fails_fences_its_node(both: Both) -> None:
    node, agent = NODES["parts"], "/usr/lib/ocf/resource.d/heartbeat/IPaddr2"
    boot = both.parts.boot(node)
    # Gone with the node's power: a mount over it, not a change of the disk.
    both.parts.lab.ssh(
        node,
        f'printf \'#!/bin/sh\n[ "$1" = stop ] && exit 1\nexec /run/real "$@"\n\' >/run/agent'
        f" && cp {agent} /run/real && chmod 755 /run/agent /run/real"
        f" && mount --bind /run/agent {agent}",
    )
    both.parts.lab.ssh(node, "failoverctl switchover parts", check=False)
    both.moved(parts=STANDBY)
    observe.wait_new_life(both.parts, node, boot, both.parts.limit_s)


def test_the_service_lan_of_an_active_node(both: Both) -> None:
    """The service moves in order, and nobody is fenced."""
    boots = both.boots()
    both.orders.lab.link(NODES["orders"], "office", "down")
    both.moved(orders=STANDBY)
    both.orders.lab.mend()
    assert both.boots() == boots


def test_both_active_nodes_one_after_the_other(both: Both) -> None:
    """By choice the standby carries both."""
    both.orders.lab.power(NODES["orders"], "off")
    both.moved(orders=STANDBY)
    counted(both)
    both.orders.lab.power(NODES["parts"], "off")
    both.moved(orders=STANDBY, parts=STANDBY)


@pytest.fixture
def alone(site: Site) -> Iterator[None]:
    """A node carries one of them at most, meanwhile."""
    before = site.target
    site.target = replace(before, inventory=without_sharing(INVENTORY))
    site.play("site")
    try:
        yield
    finally:
        site.target = before
        site.play("site")


@pytest.mark.usefixtures("alone")
def test_by_choice_a_second_failover_is_suppressed(both: Both) -> None:
    """The service that the standby runs is not slowed down; the other one comes with its node."""
    both.orders.lab.power(NODES["orders"], "off")
    both.moved(orders=STANDBY)
    counted(both)
    both.orders.lab.power(NODES["parts"], "off")
    both.parts.wait(lambda: both.owners["parts"] == "", "parts nowhere")
    assert both.orders.serves(20.0)
    assert both.owners == {"orders": STANDBY, "parts": ""}
    both.parts.lab.power(NODES["parts"], "on")
    both.moved(orders=STANDBY)
