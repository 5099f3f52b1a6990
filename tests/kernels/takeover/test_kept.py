# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system that fills its disk stays there, and DRBD comes below it; and it goes back.

Each test goes on where the one before it ended. The steps are those of docs/importing.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from tests.kernels.conftest import OUT, Site

from .by_hand import ADDRESS, BOOK, INTERFACE, PORT, PREFIX, UNIT, Pair, wait
from .conftest import HERE, Old, observed

ASKED = ("-e", "cluster=stock")
METADATA = "/dev/ubdc"
CLEAR = (
    "for disk in /dev/ubdb /dev/ubdc; do wipefs -qa $disk; s=$(blockdev --getsize64 $disk);"
    " dd if=/dev/zero of=$disk bs=1M count=2 conv=fsync status=none;"
    " dd if=/dev/zero of=$disk bs=1M seek=$((s / 1048576 - 2)) conv=fsync status=none 2>&1; done;"
    " true"
)
"""No other test has left anything on the disks."""


def inventory(old: Old, **storage: Any) -> None:
    """What people write: the service as it is, and a second host."""
    shared = yaml.safe_load((HERE / "cluster.yml").read_text(encoding="utf-8"))
    service = {
        "name": "stock",
        "preferred": "kobe",
        "storage": {
            "type": "drbd",
            "disk": "/dev/ubdb",
            "link": "mirror",
            "mount": old.pair.mount,
            "minor": old.pair.minor,
            "keep": True,
            **storage,
        },
        "addresses": [f"{ADDRESS}/{PREFIX}"],
        "applications": [{"unit": old.pair.unit}],
    }
    links = [{"name": lan.name, "interface": lan.interface} for lan in old.lab.spec.lans]
    variables = {**shared, "failover_links": links, "failover_services": [service]}
    hosts = dict.fromkeys(old.lab.nodes)
    path = OUT / "kept.yml"
    path.write_text(yaml.safe_dump({"stock": {"hosts": hosts, "vars": variables}}), "utf-8")
    old.site = Site(old.lab, replace(old.site.target, inventory=path))


@pytest.fixture(scope="module")
def old(site: Site) -> Iterator[Old]:
    """A server with a file system on the whole of a disk; the other host is bare."""
    pair = Pair(site.lab, "stock", "/dev/ubdb", 3, 7803)
    pair.each(CLEAR)
    pair.each(f"cat >{BOOK}", input=(HERE / "book.py").read_text("utf-8"))
    unit = UNIT.format(name=pair.name, book=BOOK, mount=pair.mount, port=PORT)
    pair.each(f"cat >/etc/systemd/system/{pair.unit}; systemctl daemon-reload", input=unit)
    site.lab.ssh("kobe", f"mkfs.ext4 -q /dev/ubdb && mkdir -p {pair.mount}", timeout=120)
    mounted(site, pair)
    write = "for i in $(seq 12); do head -c 1000000 /dev/urandom >file$i; done"
    files = f"cd {pair.mount} && {write} && sha256sum file* >sums && sync"
    site.lab.ssh("kobe", files, timeout=120)
    pair.serve("kobe")
    with observed(site, pair) as old:
        assert old.client.served()
        yield old
    pair.each(CLEAR)


def mounted(site: Site, pair: Pair) -> None:
    """As it was before there was a cluster."""
    site.lab.ssh("kobe", f"mkdir -p {pair.mount} && mount /dev/ubdb {pair.mount}")


def test_no_room_for_metadata_is_refused_with_the_arithmetic(old: Old) -> None:
    inventory(old)
    said = old.refused()
    assert "failover_services[0].storage.keep: the file system on /dev/ubdb of kobe has" in said
    assert "bytes are missing" in said
    assert "bytes under storage.metadata" in said
    assert old.client.sessions == 1
    assert old.client.served()


def test_a_file_system_in_use_is_refused_and_stays_in_use(old: Old) -> None:
    inventory(old, metadata=METADATA)
    said = old.refused()
    assert "/dev/ubdb is in use on kobe (mounted). It becomes the disk of a DRBD" in said
    assert old.client.sessions == 1
    assert old.client.served()


def test_the_packages_are_installed_while_it_runs(old: Old) -> None:
    old.play("site", "--tags", "packages")
    assert old.client.served()
    assert old.client.sessions == 1


def test_it_is_taken_over_with_one_interruption_and_copied_while_it_runs(
    old: Old, record_property: Callable[[str, object], None]
) -> None:
    began = time.monotonic()
    old.pair.unmounted("kobe")
    old.play("site")
    old.wait_owner("kobe")
    record_property("interruption_s", old.gap(began))
    assert old.client.sessions == 2
    assert old.resyncs(), "the other disk was not copied"
    assert old.pair.whole("kobe")

    def equal() -> bool:
        return all("ds:UpToDate/UpToDate" in one.state for one in old.pair.data())

    wait(equal, "the copy", 300.0)
    assert old.client.sessions == 2


def test_a_second_run_changes_nothing(old: Old) -> None:
    assert old.play("site").changed == 0


def test_it_survives_a_power_cut(old: Old, record_property: Callable[[str, object], None]) -> None:
    record_property("interruption_s", old.power_cut(*ASKED))


def test_the_way_back_leads_to_the_file_system_as_it_was(
    old: Old, record_property: Callable[[str, object], None]
) -> None:
    old.play("remove", *ASKED, "-e", "confirm=stock")
    mounted(old.site, old.pair)
    old.lab.ssh("kobe", f"ip address add {ADDRESS}/{PREFIX} dev {INTERFACE}")
    old.lab.ssh("kobe", f"systemctl start {old.pair.unit}")
    old.wait_owner("kobe")
    assert old.pair.whole("kobe")
    account = old.account("kobe")
    record_property("acknowledged", account["acknowledged"])
    record_property("lost", len(account["lost"]))
    assert account["acknowledged"] and not account["lost"], account
    assert old.one_at_a_time()
