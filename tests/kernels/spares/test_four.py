# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""N+M with Corosync and Pacemaker: two nodes run a service each, and two are there for both."""

from __future__ import annotations

from tests.kernels import observe
from tests.kernels.spare.both import NODES, Both

STANDBYS = {"otsu", "nara"}


def test_a_second_run_and_a_check_change_nothing(both: Both) -> None:
    for words in ((), ("--check", "--diff")):
        again = both.orders.site.play("site", *words)
        assert again.changed == 0, again.log.read_text(encoding="utf-8")[-3000:]


def test_a_planned_move(both: Both) -> None:
    boots = both.boots()
    both.orders.site.play("failover", "-e", "service=orders", "-e", "to=nara")
    both.moved(orders="nara")
    assert both.boots() == boots


def test_the_service_lan_of_an_active_node(both: Both) -> None:
    """The service moves in order, and nobody is fenced."""
    boots = both.boots()
    both.orders.lab.link(NODES["orders"], "office", "down")
    both.orders.wait(lambda: both.owners["orders"] in STANDBYS, "orders on a standby")
    both.moved(orders=both.owners["orders"])
    both.orders.lab.mend()
    assert both.boots() == boots


def test_a_frozen_active_node_is_excluded_first(both: Both) -> None:
    node = NODES["parts"]
    boot = both.parts.boot(node)
    both.parts.lab.freeze(node)
    both.parts.wait(lambda: both.owners["parts"] in STANDBYS, "parts on a standby")
    both.moved(parts=both.owners["parts"])
    observe.wait_new_life(both.parts, node, boot, both.parts.limit_s)


def test_both_active_nodes_at_once(both: Both) -> None:
    """Half of the nodes is left, and has a quorum. Each standby carries one service."""
    for node in NODES.values():
        both.orders.lab.power(node, "off")
    both.orders.wait(lambda: set(both.owners.values()) == STANDBYS, "one on each standby")
    both.moved(**both.owners)


def test_an_active_node_and_then_its_standby(both: Both) -> None:
    both.orders.lab.power(NODES["orders"], "off")
    both.orders.wait(lambda: both.owners["orders"] in STANDBYS, "orders on a standby")
    first = both.owners["orders"]
    both.moved(orders=first)
    both.orders.lab.power(first, "off")
    [second] = STANDBYS - {first}
    both.moved(orders=second)
