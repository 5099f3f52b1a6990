# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault of two servers that replicate, and what a person types after it.

Nothing acknowledged is lost, the service is at one address alone, and at the end the standby is in
sync: the fixture of the cluster. Never do both servers take writes: the fixture of the pair.
"""

from __future__ import annotations

import pytest

from tests.kernels import layer, observe
from tests.kernels.conftest import Cluster

from .conftest import DISK, NAME, Pair


def lives(pair: Pair) -> dict[str, str]:
    return {node: pair.cluster.boot(node) for node in pair.lab.nodes}


def taken_over(pair: Pair, by: str) -> None:
    observe.wait_active(pair.cluster, by, pair.cluster.limit_s)
    assert pair.cluster.serves()


def test_a_second_run_and_a_check_change_nothing(cluster: Cluster) -> None:
    again = cluster.site.play("site")
    assert again.changed == 0, again.log.read_text(encoding="utf-8")[-3000:]
    checked = cluster.site.play("site", "--check", "--diff")
    assert checked.changed == 0, checked.log.read_text(encoding="utf-8")[-3000:]


def test_writing_is_with_the_primary_and_reading_with_the_standby(pair: Pair) -> None:
    assert pair.cluster.owner == "otaru"
    pair.cluster.wait(lambda: pair.reads_at() == "kobe", "reading on the standby")


def test_a_planned_move_and_the_way_home(pair: Pair) -> None:
    """The old primary follows by itself, both times."""
    boots, before, after = lives(pair), pair.cluster.owner, pair.cluster.standby
    for node in (after, before):
        pair.cluster.site.play("failover", "-e", f"service={pair.cluster.stage.service}")
        taken_over(pair, node)
        pair.cluster.heal()
    assert lives(pair) == boots


def test_the_primarys_power(pair: Pair) -> None:
    owner, standby = pair.cluster.owner, pair.cluster.standby
    pair.lab.power(owner, "off")
    taken_over(pair, standby)
    pair.lab.power(owner, "on")
    pair.rejoin(owner, "rewind")


def test_the_primarys_postgresql_killed(pair: Pair) -> None:
    owner, standby, boots = pair.cluster.owner, pair.cluster.standby, lives(pair)
    pair.kill(owner)
    taken_over(pair, standby)
    pair.rejoin(owner, "rewind")
    assert lives(pair) == boots


def test_the_primarys_stop_fails(pair: Pair) -> None:
    """Nobody may say that it takes no writes any more: its node is fenced."""
    owner, standby = pair.cluster.owner, pair.cluster.standby
    boot = pair.cluster.boot(owner)
    pair.broken_agent(owner, "demote")
    pair.lab.ssh(owner, f"failoverctl switchover {pair.cluster.stage.service}", check=False)
    taken_over(pair, standby)
    observe.wait_new_life(pair.cluster, owner, boot, pair.cluster.limit_s)
    pair.rejoin(owner, "rewind")


def test_the_primarys_service_lan(pair: Pair) -> None:
    """The service moves in order, so the old primary follows by itself; nobody is fenced."""
    owner, standby, boots = pair.cluster.owner, pair.cluster.standby, lives(pair)
    pair.lab.link(owner, "office", "down")
    taken_over(pair, standby)
    pair.cluster.heal()
    assert lives(pair) == boots


@pytest.mark.parametrize("whose", ["primary", "standby"])
def test_the_replication_lan(pair: Pair, whose: str) -> None:
    """The writes wait until the standby is lost, and go on alone; it comes back by itself."""
    owner, boots = pair.cluster.owner, lives(pair)
    pair.lab.link(owner if whose == "primary" else pair.cluster.standby, "mirror", "down")
    pair.cluster.wait(lambda: pair.reads_at() == owner, "reading on the primary")
    assert pair.cluster.serves()
    pair.cluster.heal()
    assert (pair.cluster.owner, lives(pair)) == (owner, boots)


def test_the_primarys_disk(pair: Pair) -> None:
    """Errors of its disk: the standby takes over. After a boot with a sound disk it is rewound."""
    owner, standby = pair.cluster.owner, pair.cluster.standby
    layer.fail(pair.lab, owner, NAME, DISK, "errors")
    taken_over(pair, standby)
    pair.lab.power(owner, "reset")
    pair.rejoin(owner, "rewind")


def test_the_standbys_power(pair: Pair) -> None:
    owner, boot = pair.cluster.owner, pair.cluster.boot(pair.cluster.owner)
    pair.lab.power(pair.cluster.standby, "off")
    pair.cluster.wait(lambda: pair.reads_at() == owner, "reading on the primary")
    assert pair.cluster.serves()
    pair.cluster.heal()
    assert (pair.cluster.owner, pair.cluster.boot(owner)) == (owner, boot)


def test_the_standbys_postgresql_killed(pair: Pair) -> None:
    owner, standby, boots = pair.cluster.owner, pair.cluster.standby, lives(pair)
    pair.kill(standby)
    pair.cluster.wait(lambda: pair.reads_at() == owner, "reading on the primary")
    assert pair.cluster.serves()
    pair.rejoin(standby, "follow")
    assert (pair.cluster.owner, lives(pair)) == (owner, boots)


def test_the_standbys_stop_fails(pair: Pair) -> None:
    owner, standby = pair.cluster.owner, pair.cluster.standby
    boot, other = pair.cluster.boot(owner), pair.cluster.boot(standby)
    pair.broken_agent(standby, "stop")
    pair.kill(standby)
    observe.wait_new_life(pair.cluster, standby, other, pair.cluster.limit_s)
    assert pair.cluster.serves()
    pair.cluster.heal()
    assert (pair.cluster.owner, pair.cluster.boot(owner)) == (owner, boot)


def test_the_standbys_service_lan(pair: Pair) -> None:
    owner, standby, boots = pair.cluster.owner, pair.cluster.standby, lives(pair)
    pair.lab.link(standby, "office", "down")
    pair.cluster.wait(lambda: pair.reads_at() == owner, "reading on the primary")
    assert pair.cluster.serves()
    pair.cluster.heal()
    pair.cluster.wait(lambda: pair.reads_at() == standby, "reading on the standby")
    assert (pair.cluster.owner, lives(pair)) == (owner, boots)


def test_the_standbys_disk(pair: Pair) -> None:
    owner, standby = pair.cluster.owner, pair.cluster.standby
    boot = pair.cluster.boot(owner)
    layer.fail(pair.lab, standby, NAME, DISK, "errors")
    pair.cluster.wait(lambda: pair.reads_at() == owner, "reading on the primary")
    assert pair.cluster.serves()
    pair.lab.power(standby, "reset")
    pair.cluster.heal()
    assert (pair.cluster.owner, pair.cluster.boot(owner)) == (owner, boot)


def test_the_power_of_both(pair: Pair) -> None:
    """The standby was in sync: one of them has every row, and the cluster knows which."""
    owner, standby = pair.cluster.owner, pair.cluster.standby
    for node in (owner, standby):
        pair.lab.power(node, "off")
    for node in (owner, standby):
        pair.lab.power(node, "on")
    assert pair.cluster.serves()
    pair.rejoin(pair.cluster.standby, "rewind")


def test_everything_between_the_nodes(pair: Pair) -> None:
    """Both reach both fence devices; the primary has the head start."""
    owner, standby = pair.cluster.owner, pair.cluster.standby
    boot, other = pair.cluster.boot(owner), pair.cluster.boot(standby)
    observe.cut(pair.cluster, standby)
    observe.wait_new_life(pair.cluster, standby, other, pair.cluster.limit_s)
    assert pair.cluster.serves()
    pair.cluster.heal()
    assert (pair.cluster.owner, pair.cluster.boot(owner)) == (owner, boot)


def test_by_choice_the_primary_comes_back_by_itself_after_each_fault(pair: Pair) -> None:
    """Nobody types anything after a kill of its server, nor after a loss of its power."""
    pair.cluster.site.play("site", LAB_REJOIN="automatic")
    for fault in (pair.kill, lambda node: pair.lab.power(node, "off")):
        owner, standby = pair.cluster.owner, pair.cluster.standby
        fault(owner)
        taken_over(pair, standby)
        pair.cluster.heal()
    assert pair.cluster.site.play("site", LAB_REJOIN="automatic").changed == 0
