# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair of DRBD that was made by hand becomes a cluster without a resync, and goes back.

Each test goes on where the one before it ended. The steps are those of docs/importing.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.kernels.conftest import Site

from .by_hand import ADDRESS, PREFIX, Pair
from .conftest import Old, observed

MOST_KIB = 8 << 10
"""Of 320 MiB: what a mount, its journal and the book write meanwhile."""
KEPT = ".before-failover"


@pytest.fixture(scope="module")
def old(site: Site) -> Iterator[Old]:
    """A pair with files, an address and a service, all of it by hand, on kobe."""
    pair = Pair(site.lab, "orders", "/dev/ubdb", 1, 7801)
    pair.install("drbd-utils")
    pair.make("kobe")
    pair.serve("kobe")
    with observed(site, pair) as old:
        assert old.client.served()
        yield old


def test_it_is_imported_while_it_runs(old: Old) -> None:
    before = old.pair.look()
    service, said = old.propose("import_drbd")
    assert old.pair.look() == before
    store = service["storage"]
    assert (service["name"], service["preferred"]) == ("orders", "kobe")
    assert (store["adopt"], store["minor"], store["port"]) == (True, 1, 7801)
    assert (store["disk"], store["mount"]) == ("/dev/ubdb", "/srv/orders")
    assert any("nothing excluded a silent node" in one for one in said["danger"])
    assert any(f"{ADDRESS} is a second address of srv0" in one for one in said["decide"])
    assert any("name under applications" in one for one in said["decide"])
    old.decide(addresses=[f"{ADDRESS}/{PREFIX}"], applications=[{"unit": old.pair.unit}])
    assert old.client.sessions == 1


def test_a_pair_in_use_is_refused_and_runs_on(old: Old) -> None:
    said = old.refused()
    assert "failover_services[0].storage.adopt: the resource orders is in use on kobe" in said
    assert "Primary and mounted at /srv/orders. A resource is taken over only while nobody" in said
    assert "umount /srv/orders; drbdadm secondary orders. Leave DRBD up." in said
    assert old.client.sessions == 1
    assert old.client.served()


def test_a_pair_that_is_only_primary_is_refused(old: Old) -> None:
    old.pair.unmounted("kobe")
    said = old.refused()
    assert "the resource orders is in use on kobe: it is Primary. A resource" in said
    assert "type on kobe: drbdadm secondary orders. Leave DRBD up." in said
    old.pair.mounted("kobe")
    old.pair.serve("kobe")
    assert old.client.served()


def test_the_packages_are_installed_while_it_runs(old: Old) -> None:
    sessions = old.client.sessions
    old.play("site", "--tags", "packages")
    assert old.client.served()
    assert old.client.sessions == sessions


def test_it_is_taken_over_without_a_resync(
    old: Old, record_property: Callable[[str, object], None]
) -> None:
    began, sessions = time.monotonic(), old.client.sessions
    old.pair.each("systemctl disable drbd")
    old.pair.unmounted("kobe")
    old.pair.secondary("kobe")
    before = old.pair.data()
    old.play("site")
    old.wait_owner("kobe")
    after = old.pair.data()
    copied = [new.copied_kib - was.copied_kib for was, new in zip(before, after, strict=True)]
    seen = {s.connection for node in old.lab.nodes for s in old.observer.samples(node)}
    record_property("interruption_s", old.gap(began))
    record_property("interruptions", old.client.sessions - sessions)
    record_property("copied_kib", max(copied))
    record_property("connection_seen", ", ".join(sorted(seen)))
    assert [one.generations for one in after] == [one.generations for one in before]
    assert not old.resyncs()
    assert [one.out_of_sync_kib for one in after] == [0, 0]
    assert 0 <= max(copied) < MOST_KIB
    assert old.client.sessions == sessions + 1
    assert old.pair.whole("kobe")
    assert old.pair.each(f"cat {old.pair.file}{KEPT}") == [old.pair.text()] * 2


def test_a_second_run_changes_nothing(old: Old) -> None:
    assert old.play("site").changed == 0


def test_it_switches_over_with_all_its_files(old: Old) -> None:
    sessions = old.client.sessions
    old.play("failover", "-e", "service=orders")
    old.wait_owner("otsu")
    assert old.pair.whole("otsu")
    assert old.client.sessions == sessions + 1


def test_the_way_back_leads_to_the_old_files_with_the_new_data(
    old: Old, record_property: Callable[[str, object], None]
) -> None:
    generations = [one.generations for one in old.pair.data()]
    old.play("remove", "-e", "cluster=orders", "-e", "confirm=orders")
    old.pair.each(
        f"mv {old.pair.file}{KEPT} {old.pair.file} && drbdadm up orders && systemctl enable drbd"
    )
    old.pair.wait_connected()
    old.pair.mounted("kobe")
    old.pair.serve("kobe")
    old.wait_owner("kobe")
    assert [one.generations for one in old.pair.data()] == generations
    assert not old.resyncs()
    assert old.pair.each(f"cat {old.pair.file}") == [old.pair.text()] * 2
    assert old.pair.each("ls -A /etc/drbd.d") == ["global_common.conf\norders.res\n"] * 2
    assert old.pair.whole("kobe")
    account = old.account("kobe")
    record_property("acknowledged", account["acknowledged"])
    record_property("lost", len(account["lost"]))
    assert account["acknowledged"] and not account["lost"], account
    assert not account["duplicated"] and not account["appeared"], account
    assert old.one_at_a_time()
