# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the watchdog lease proves, and when. S1 and S2 are checked by the fixture."""

from __future__ import annotations

import time

import pytest

from lab.errors import LabError
from tests.kernels import observe
from tests.kernels.conftest import OUT, Cluster

TAKEOVER_S = 22.0
"""lease 10 + watchdog 10 + margin 2, the defaults."""
HIDE = (
    "driver=$(find /lib/modules -name 'softdog.ko*')"
    " && mv $driver /root/kept && echo $driver >/root/place && depmod -a && sync"
)
"""For the next boot: the lab's kernel does not let go of a watchdog that counts (nowayout)."""
SHOW = "mv /root/kept $(cat /root/place) && depmod -a && modprobe softdog"


def test_f01_a_power_cut_of_the_owner(cluster: Cluster) -> None:
    """Nobody can ask whether it is off: its lease runs out, and not earlier it is followed."""
    owner, standby = cluster.owner, cluster.standby
    cut = time.time()
    cluster.lab.power(owner, "off")
    observe.wait_active(cluster, standby, timeout=180.0)
    first = min(s.time for s in cluster.stage.observer.samples(standby) if s.active)
    assert first - cut >= TAKEOVER_S - 1.0, "the last sign of life may be a second old"
    assert cluster.serves()
    cluster.heal()
    assert cluster.owner == standby, "F10: no automatic failback"


def test_f25_a_daemon_that_stands_still_is_reset_by_the_watchdog(
    cluster: Cluster, request: pytest.FixtureRequest
) -> None:
    """Nobody gives an order: the kernel's own timer ends the node. Who serves then is open."""
    owner = cluster.owner
    boot, began = cluster.boot(owner), time.time()
    cluster.lab.ssh(owner, "kill -STOP $(systemctl show -p MainPID --value failoverd)")
    observe.wait_new_life(cluster, owner, boot)
    lived = [s.time for s in cluster.stage.observer.samples(owner) if s.boot == boot.strip()]
    request.node.user_properties.append(("reset_after_s", round(max(lived) - began, 1)))
    assert max(lived) - began < TAKEOVER_S, "the standby could have been active beside it"
    cluster.heal()
    assert cluster.serves()
    ordered = ("self-reset", "self-fence", "reboot", "safe-stop")
    for code in ordered:
        assert not observe.entries(cluster, owner, began, code), "it was not the watchdog"


def test_f14_no_word_passes_between_the_nodes_and_the_owner_goes_on(cluster: Cluster) -> None:
    """It reaches the ping target, and the standby hears its address answer on that LAN."""
    owner, standby = cluster.owner, cluster.standby
    boots = {node: cluster.boot(node) for node in cluster.lab.nodes}
    began = time.time()
    for link, state in {"office": "no-udp", "mirror": "down", "wire": "down"}.items():
        cluster.lab.link(standby, link, state)
    cluster.wait(
        lambda: bool(observe.service(cluster, owner).get("disk", {}).get("suspended")), "frozen I/O"
    )
    assert cluster.serves(), "I/O flows once the standby's right to take over has ended"
    assert observe.never_active(cluster, standby, began)
    observe.wait_blocked(cluster, standby, "Outdated")
    observe.mend_links(cluster, standby)
    cluster.heal()
    assert cluster.owner == owner
    assert {node: cluster.boot(node) for node in cluster.lab.nodes} == boots


def test_f14_an_owner_cut_off_from_everything_ends_before_it_is_followed(
    cluster: Cluster,
) -> None:
    """Its frozen disk cannot be unmounted, so that its watchdog has to end it."""
    owner, standby = cluster.owner, cluster.standby
    boot = cluster.boot(owner)
    for link in cluster.lab.spec.links:
        cluster.lab.link(owner, link.name, "down")
    observe.wait_active(cluster, standby, timeout=180.0)
    assert cluster.serves()
    observe.mend_links(cluster, owner)
    cluster.heal()
    assert cluster.owner == standby
    assert cluster.boot(owner) != boot


def test_f29_a_node_without_its_watchdog_may_not_own(cluster: Cluster) -> None:
    owner, standby = cluster.owner, cluster.standby
    boot = cluster.boot(standby)
    cluster.lab.ssh(standby, HIDE)
    cluster.lab.ssh(standby, "systemctl reboot", check=False)
    observe.wait_new_life(cluster, standby, boot)
    absent = "there is no watchdog /dev/watchdog1"
    cluster.wait(
        lambda: absent in observe.service(cluster, owner).get("standby", {}).get("why", ""),
        "the owner knowing why the standby may not own the service",
    )
    assert f"NO PROTECTION: {absent}" in observe.shown(cluster, standby)
    move = f"failoverctl switchover {cluster.stage.service}"
    refused = cluster.lab.ssh(owner, move, check=False)
    assert refused.returncode != 0 and absent in refused.stderr
    with pytest.raises(LabError):
        cluster.site.play("preflight")
    said = " ".join((OUT / "preflight.log").read_text(encoding="utf-8").split())
    assert f"{standby}: there is no watchdog /dev/watchdog1" in said
    died = time.time()
    cluster.lab.power(owner, "off")
    assert absent in observe.wait_blocked(cluster, standby, "watchdog")
    time.sleep(2 * TAKEOVER_S)
    assert observe.never_active(cluster, standby, died)
    cluster.lab.ssh(standby, SHOW)
    cluster.lab.power(owner, "on")
    cluster.heal()
    assert cluster.serves()
    cluster.site.play("preflight")
