# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A single server becomes a cluster with one short stop, survives a power cut, and goes back.

Each test goes on where the one before it ended. The steps are those of docs/importing.md.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import yaml

from lab.client.account import outcomes, settle
from lab.client.gaps import longest_gap
from lab.demo.measure import ClientProcess
from lab.errors import LabError
from lab.observer import Observer, Watch, start
from tests.kernels.conftest import OUT, Site

from .alone import ADDRESS, BOOK_PORT, LEDGER, MARKER, PAGES, SETTING, UNIT, VALUE, VISITS, Alone
from .by_hand import BOOK, INTERFACE, PREFIX, wait
from .conftest import HERE, Client

KEPT = ".before-failover"
MOVE, BACK = "adopt_move", "adopt_back"
ASKED = ("-e", "cluster=shop", "-e", "service=shop")
TYPED = ("-e", "confirm=shop")
LONGEST_S = 180.0
"""Of an interruption by the move or the way back, on the lab's slow machines."""
COPYING = "Copy while the old service runs"


@dataclass
class Server:
    """The server, its clients, and what looks at it from outside."""

    site: Site
    alone: Alone
    client: ClientProcess
    book: Client
    observer: Observer
    before: dict[str, str] = field(default_factory=dict)

    def play(self, name: str, *arguments: str) -> Any:
        """Run a playbook on this service."""
        return self.site.play(name, *ASKED, *arguments)

    def said(self, name: str) -> str:
        """What a playbook showed, on one line."""
        return " ".join((OUT / f"{name}.log").read_text(encoding="utf-8").split())

    def served(self) -> bool:
        """Rows, pages and lines of the ledger are acknowledged from now on."""
        now = time.monotonic()
        assert self.client.wait_steady(2.0, timeout=180.0, since=now), "rows and pages"
        return self.book.served()

    def gap(self, since: float) -> float:
        """The longest time without an acknowledged row since a monotonic time, in seconds."""
        rows = self.client.look().rows
        return round(longest_gap(rows, since, rows[-1]).seconds, 1)

    def wait_owner(self, node: str) -> None:
        """The service is seen on this host alone, and served."""
        wait(lambda: self.observer.active_now() == {node}, f"the service on {node}", 180.0)
        assert self.served()

    def copies(self, node: str) -> str:
        """What DRBD says of the copies."""
        return self.site.lab.ssh(node, "cat /proc/drbd", check=False).stdout

    def whole(self, node: str) -> None:
        """Everything that was there before is there, and the user's configuration with it."""
        assert self.alone.load(node) == self.before["load"]
        assert self.alone.asked(node, f"show {SETTING}") == VALUE
        site = "/etc/apache2/sites-enabled/orders.conf"
        assert "Ours since 2009" in self.site.lab.ssh(node, f"cat {site}").stdout

    def one_at_a_time(self) -> bool:
        """Never were two hosts active."""
        assert self.observer.wait_answering()
        return not self.observer.both_active()


@pytest.fixture(scope="module")
def server(site: Site) -> Iterator[Server]:
    """A server with 200 MB of rows, on kobe; otsu is bare."""
    alone = Alone(site.lab, "kobe", secrets.token_hex(12))
    alone.make()
    options = [
        *("--host", ADDRESS, "--dbname", "orders", "--user", "orders", "--rate", "20"),
        *("--path", "/", "--marker", MARKER, "--session-path", "/visits.php"),
    ]
    client = ClientProcess(site.lab, OUT / "single.jsonl", options, alone.password)
    book = Client(site.lab, OUT / "ledger.jsonl", ADDRESS, BOOK_PORT)
    watch = Watch(mount="/srv/shop", address=ADDRESS)
    try:
        with start(site.lab, site.lab.nodes, watch) as observer:
            made = Server(site, alone, client, book, observer)
            assert made.served()
            made.before = {"load": alone.load("kobe"), "look": alone.look()}
            yield made
    finally:
        client.kill()
        book.kill()
        alone.forget()


def test_it_is_looked_at_while_it_runs(server: Server) -> None:
    path = OUT / "single.yml"
    for old in OUT.glob("single.*"):
        if old.suffix != ".jsonl" and old.suffix != ".log":
            old.unlink()
    server.site.play("adopt", "-e", f"output={path}", "-e", "cluster=shop")
    assert server.alone.look() == server.before["look"]
    (group,) = yaml.safe_load(path.read_text(encoding="utf-8")).values()
    (service,) = group["vars"]["failover_services"]
    assert (service["name"], service["preferred"]) == ("shop", "kobe")
    assert service["storage"]["disk"] == "/dev/ubdc"
    units = [one["unit"] for one in service["applications"]]
    assert units == [server.alone.unit(), UNIT, "apache2.service"]
    assert group["vars"]["adopt_directories"] == [PAGES, LEDGER]
    assert group["vars"]["adopt_files"] == [BOOK]
    told = json.loads((OUT / "single.findings.json").read_text(encoding="utf-8"))
    assert any(UNIT in one["where"] for one in told["findings"] if one["kind"] == "decide")
    # What only people know.
    group["vars"] |= yaml.safe_load((HERE / "cluster.yml").read_text(encoding="utf-8"))
    group["vars"]["adopt_address"] = f"{ADDRESS}/{PREFIX}"
    group["vars"]["adopt_directories"] += [VISITS]
    assert group["vars"].pop("failover_unsafe") == ["no_exclusion"]
    decided = OUT / "adopted.yml"
    decided.write_text(yaml.safe_dump({"shop": group}), encoding="utf-8")
    server.site = Site(server.site.lab, replace(server.site.target, inventory=decided))


def test_what_would_not_be_whole_is_refused_and_the_server_runs_on(server: Server) -> None:
    slot = "select pg_create_physical_replication_slot('far')"
    server.alone.asked("kobe", slot)
    with pytest.raises(LabError):
        server.play(MOVE)
    assert "has the replication slots far, which a copy does not get." in server.said(MOVE)
    server.alone.asked("kobe", "select pg_drop_replication_slot('far')")
    assert server.alone.look() == server.before["look"]
    assert server.served()


def test_the_plan_is_shown_and_nothing_is_changed(server: Server) -> None:
    assert server.play(MOVE, "--check").changed == 0
    said = server.said(MOVE)
    assert "Expected downtime of shop: about" in said
    assert f"{ADDRESS}/{PREFIX} is taken from {INTERFACE} of kobe" in said
    assert server.alone.look() == server.before["look"]


def test_it_moves_with_one_short_stop(
    server: Server, record_property: Callable[[str, object], None]
) -> None:
    sessions = server.book.sessions
    server.site.cut_off(MOVE, COPYING, *ASKED)
    began = time.monotonic()
    server.play(MOVE)
    server.wait_owner("kobe")
    gap = server.gap(began)
    record_property("interruption_s", gap)
    record_property("interruptions", server.book.sessions - sessions)
    assert gap < LONGEST_S
    assert server.book.sessions == sessions + 1
    assert "shop runs in the cluster, on kobe, and was down for" in server.said(MOVE)
    server.whole("kobe")
    data = server.alone.asked("kobe", "show data_directory")
    assert data.startswith("/srv/shop/var/lib/postgresql/")
    kept = [data.removeprefix("/srv/shop"), PAGES, LEDGER, VISITS]
    server.site.lab.ssh("kobe", " && ".join(f"test -d {place}{KEPT}" for place in kept))
    assert not server.client.look().sessions_lost, "sessions move with the site"


def test_a_second_run_changes_nothing(server: Server) -> None:
    assert server.play(MOVE).changed == 0
    assert server.site.play("site").changed == 0


def test_it_switches_over_with_everything(
    server: Server, record_property: Callable[[str, object], None]
) -> None:
    began = time.monotonic()
    server.site.play("failover", "-e", "service=shop")
    server.wait_owner("otsu")
    record_property("switchover_s", server.gap(began))
    server.whole("otsu")
    assert server.site.lab.ssh("otsu", f"cat {PAGES}/index.html").stdout.count(MARKER) == 1


def test_there_is_no_way_back_while_it_runs_elsewhere(server: Server) -> None:
    with pytest.raises(LabError):
        server.play(BACK, *TYPED)
    assert "shop: runs on otsu. Its data are copied back on kobe" in server.said(BACK)
    assert server.served()


def test_it_survives_a_power_cut_of_its_owner(
    server: Server, record_property: Callable[[str, object], None]
) -> None:
    began = time.monotonic()
    server.site.lab.power("otsu", "off")
    server.wait_owner("kobe")
    record_property("takeover_s", server.gap(began))
    server.whole("kobe")
    server.site.lab.power("otsu", "on")
    good = "cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate"
    wait(lambda: good in server.copies("kobe"), "both copies equal again", 300.0)
    assert server.served()


def test_the_way_back_leads_to_the_old_place_with_the_new_data(
    server: Server, record_property: Callable[[str, object], None]
) -> None:
    began, sessions = time.monotonic(), server.book.sessions
    server.play(BACK, *TYPED)
    # The observer still counts the address as the service.
    wait(lambda: server.observer.active_now() == {"kobe"}, "the address on kobe", 120.0)
    assert server.served()
    gap = server.gap(began)
    record_property("interruption_back_s", gap)
    record_property("interruptions_back", server.book.sessions - sessions)
    assert gap < LONGEST_S
    assert "Nothing of it is lost" in server.said(BACK)
    server.whole("kobe")
    data = server.alone.asked("kobe", "show data_directory")
    assert data.startswith("/var/lib/postgresql/")
    lab = server.site.lab
    for place in (PAGES, LEDGER, VISITS):
        lab.ssh("kobe", f"test -d {place} && test ! -L {place} && test -d {place}{KEPT}")
    assert f"{ADDRESS}/{PREFIX}" in lab.ssh("kobe", f"ip -brief address show {INTERFACE}").stdout
    for node in lab.nodes:
        seen = lab.ssh(node, "systemctl is-active failoverd; ls /etc/drbd.d", check=False).stdout
        assert "inactive" in seen and "shop.res" not in seen


def test_nothing_that_was_acknowledged_is_lost_at_the_end(
    server: Server, record_property: Callable[[str, object], None]
) -> None:
    assert server.one_at_a_time()
    account = server.client.finish()
    record_property("acknowledged", account["acknowledged"])
    record_property("lost", len(account["lost"]))
    assert account["verified"] and not account["lost"], account
    server.book.finish()
    lines = settle(outcomes(server.book.records()), server.alone.written("kobe")).as_dict()
    record_property("lines_acknowledged", lines["acknowledged"])
    assert lines["acknowledged"] and not lines["lost"], lines
    assert not lines["duplicated"] and not lines["appeared"], lines
    server.play(BACK, *TYPED, "-e", "forget=true")
    lab = server.site.lab
    assert not lab.ssh("kobe", f"ls -d {PAGES}{KEPT} {LEDGER}{KEPT}", check=False).stdout
    server.whole("kobe")
