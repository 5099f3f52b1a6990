# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may take over, and on what proof. S1 and S2 are checked by the fixture."""

from __future__ import annotations

import getpass
import time
from functools import partial

import pytest

from lab.errors import LabError
from tests.kernels import observe
from tests.kernels.conftest import Cluster


def test_f02_a_panic_of_the_owners_kernel(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    boot = cluster.boot(owner)
    # The connection dies with the kernel: nobody waits for an answer.
    cluster.lab.ssh(owner, "(sleep 0.5; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &")
    observe.wait_active(cluster, standby)
    assert cluster.serves()
    cluster.heal()
    assert cluster.owner == standby, "F10: no automatic failback"
    assert cluster.boot(owner) != boot


@pytest.mark.parametrize("behaviour", ["refuse", "hang", "feign"])
def test_f03_a_fence_that_fails_is_no_fence(cluster: Cluster, behaviour: str) -> None:
    owner, standby = cluster.owner, cluster.standby
    began = time.time()
    cluster.lab.bmc(owner, behaviour)
    cluster.lab.freeze(owner)
    cluster.wait(
        lambda: len(observe.entries(cluster, standby, began, "fence-failed")) >= 2,
        "two attempts to fence",
        timeout=180.0,
    )
    observe.wait_blocked(cluster, standby, owner, f"failoverctl confirm-fenced {owner}")
    observe.silence(cluster, 2.0)
    assert observe.never_active(cluster, standby, began)
    cluster.lab.bmc(owner, "normal")
    observe.wait_active(cluster, standby, timeout=180.0)
    assert [o["power"] for o in observe.orders(cluster, standby, began, "off")][-1] == "off"
    assert cluster.serves()


def test_f04_the_device_dies_with_its_node_and_a_person_says_that_it_is_off(
    cluster: Cluster, request: pytest.FixtureRequest
) -> None:
    """By the playbook, from the control host; on the node itself it is a command (F36)."""
    owner, standby = cluster.owner, cluster.standby
    began = time.time()
    cluster.lab.bmc(owner, "dead")
    cluster.lab.power(owner, "off")
    cluster.wait(
        lambda: bool(observe.entries(cluster, standby, began, "fence-failed")), "a failed fence"
    )
    why = observe.wait_blocked(cluster, standby, owner, f"failoverctl confirm-fenced {owner}")
    assert ". " not in why, "more than one sentence"
    request.node.user_properties.append(("status_says", why))
    assert observe.never_active(cluster, standby, began)
    wrong = cluster.lab.ssh(standby, f"failoverctl confirm-fenced {standby}", check=False)
    assert wrong.returncode != 0 and standby in wrong.stderr
    for typed in (standby, "yes"):
        with pytest.raises(LabError):
            cluster.site.play("confirm_fenced", "-e", f"node={owner}", "-e", f"confirm={typed}")
    assert not observe.entries(cluster, standby, began, "confirmed")
    cluster.site.play("confirm_fenced", "-e", f"node={owner}", "-e", f"confirm={owner}")
    observe.wait_active(cluster, standby)
    assert cluster.serves()
    (confirmed,) = observe.entries(cluster, standby, began, "confirmed")
    assert getpass.getuser() in confirmed["text"] and owner in confirmed["text"]
    observe.wait_shots_over(cluster, began)
    cluster.heal()
    assert cluster.owner == standby


def test_f05_a_device_that_says_off_is_proof_and_nobody_is_shot(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    began = time.time()
    cluster.lab.power(owner, "off")
    observe.wait_active(cluster, standby)
    assert cluster.serves()
    assert not observe.orders(cluster, standby, began, "off")
    assert not observe.orders(cluster, standby, began, "on")
    assert cluster.lab.power_state(owner) == "off", "it was not switched off here"
    assert cluster.stage.status(standby)["peer"]["proof"] == "its fence device says off"
    # F38: what let DRBD promote without its peer is gone with the promotion.
    assert cluster.lab.ssh(standby, "ls -A /run/failoverd/promote").stdout == ""


def test_f09_a_fenced_node_that_returns_to_cut_links_does_not_shoot_back(
    cluster: Cluster,
) -> None:
    owner, standby = cluster.owner, cluster.standby
    boot = cluster.boot(owner)
    observe.cut(cluster, standby)
    cluster.wait(lambda: cluster.lab.power_state(standby) == "off", "the standby fenced")
    cluster.wait(lambda: cluster.lab.power_state(standby) == "on", "its power given back")
    cluster.lab.wait_ready(nodes=[standby])
    returned = time.time()
    # It waits for its peer first; then it asks the device, more than once, and does no more.
    cluster.wait(
        lambda: len(observe.orders(cluster, standby, returned, "status")) >= 3,
        "the returned node asking",
        timeout=180.0,
    )
    assert not observe.orders(cluster, standby, returned, "off")
    assert not observe.orders(cluster, owner, returned, "off"), "a fence loop"
    assert observe.service(cluster, standby)["state"] == "blocked"
    assert observe.never_active(cluster, standby, returned)
    assert cluster.serves()
    observe.mend_links(cluster, standby)
    cluster.heal()
    assert cluster.owner == owner
    assert cluster.boot(owner) == boot


def test_f12_no_heartbeat_beside_a_living_replication_is_no_death(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    began = time.time()

    def alerted(node: str) -> bool:
        return bool(observe.entries(cluster, node, began, "peer-silent"))

    for link, state in {"office": "no-udp", "mirror": "no-udp", "wire": "down"}.items():
        cluster.lab.link(standby, link, state)
    for node in cluster.lab.nodes:
        cluster.wait(
            partial(alerted, node),
            f"{node}: the alert that its peer is silent",
        )
    cluster.wait(
        lambda: len(observe.orders(cluster, standby, began, "status")) >= 3, "the standby asking"
    )
    for node in cluster.lab.nodes:
        assert not observe.orders(cluster, node, began, "off")
    assert observe.never_active(cluster, standby, began)
    assert cluster.serves()
    observe.mend_links(cluster, standby)
    cluster.heal()
    assert cluster.owner == owner
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots


def test_f15_of_two_that_would_shoot_the_present_owner_is_first(cluster: Cluster) -> None:
    """The head start follows the role: the node that lost in F14 wins once it is the owner."""
    was, owner = cluster.owner, cluster.standby
    cluster.lab.ssh(was, f"failoverctl switchover {cluster.stage.service}", timeout=120)
    assert cluster.serves() and cluster.owner == owner
    boot = cluster.boot(owner)
    began = time.time()
    observe.cut(cluster, owner)
    cluster.wait(
        lambda: any(cluster.lab.power_state(node) == "off" for node in cluster.lab.nodes),
        "one node fenced",
    )
    assert cluster.lab.power_state(was) == "off"
    assert cluster.serves()
    observe.mend_links(cluster, owner)
    cluster.heal()
    assert cluster.owner == owner and cluster.boot(owner) == boot
    assert len(observe.orders(cluster, owner, began, "off")) == 1


def test_f24_a_dead_fence_device_is_told_on_the_day_it_dies(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    cluster.lab.bmc(owner, "dead")

    def device() -> dict[str, object]:
        found: dict[str, object] = cluster.stage.status(standby)["exclusion"][0]
        return found

    cluster.wait(lambda: device()["last"] == "failed", "the dead device in status", timeout=180.0)
    assert "FAILED" in observe.shown(cluster, standby)
    cluster.lab.bmc(owner, "normal")
    cluster.wait(lambda: device()["last"] == "ok", "the living device", timeout=180.0)
    assert cluster.serves() and cluster.owner == owner


def test_f26_an_owner_that_wakes_up_again_verifies_before_it_acts(cluster: Cluster) -> None:
    """The standby cannot exclude it meanwhile: its device hangs."""
    owner, standby = cluster.owner, cluster.standby
    boot = cluster.boot(owner)
    began = time.time()
    cluster.lab.bmc(owner, "hang")
    cluster.lab.freeze(owner)
    cluster.wait(
        lambda: bool(observe.entries(cluster, standby, began, "peer-silent")), "the owner silent"
    )
    cluster.lab.thaw(owner)
    cluster.wait(lambda: bool(observe.entries(cluster, owner, began, "paused")), "its pause seen")
    assert cluster.serves()
    observe.wait_shots_over(cluster, began)
    cluster.heal()
    assert cluster.owner == owner and cluster.boot(owner) == boot
    assert observe.never_active(cluster, standby, began)
    assert not observe.orders(cluster, owner, began, "off")


def test_f27_a_machine_that_was_paused_for_long_goes_on_in_a_world_that_did_not_wait(
    cluster: Cluster,
) -> None:
    """Nobody could exclude it meanwhile; it neither starts anew nor shoots, and serves again."""
    owner, standby = cluster.owner, cluster.standby
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    began = time.time()
    cluster.lab.bmc(owner, "refuse")
    cluster.lab.freeze(owner)
    cluster.wait(
        lambda: len(observe.entries(cluster, standby, began, "fence-failed")) >= 2,
        "two attempts to exclude it",
        timeout=180.0,
    )
    observe.wait_blocked(cluster, standby, owner)
    cluster.lab.thaw(owner)
    # systemd counts too: it may have ended the daemon before that could look at the clock.
    cluster.wait(
        lambda: any(
            observe.entries(cluster, owner, began, code) for code in ("paused", "daemon-start")
        ),
        "its pause noticed, or a new life of its daemon",
    )
    assert cluster.serves()
    observe.wait_shots_over(cluster, began)
    cluster.heal()
    assert cluster.owner == owner
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots
    assert observe.never_active(cluster, standby, began)
    assert not observe.orders(cluster, owner, began, "off")
