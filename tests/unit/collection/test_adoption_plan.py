# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a move of a single server does, and what forbids it; edits of configuration; files."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils._adoption import (
    edits,
    files,
    look,
    places,
)
from ansible_collections.failover.cluster.plugins.plugin_utils import (
    _adoption,
    _hosts,
    _problems,
)

PG, OWN = "postgresql@15-main.service", "orders.service"
DATA = "/var/lib/postgresql/15/main"
UNIT = {"exists": True, "active": True, "triggers": [], "user": ""}
DATABASE = {
    "unit": PG,
    "version": "15",
    "name": "main",
    "configuration": "/etc/postgresql/15/main",
    "programs": "/usr/lib/postgresql/15/bin",
    "port": "5432",
    "socket": "/var/run/postgresql",
    "data": DATA,
    "settings": {
        "data_directory": DATA,
        "listen_addresses": "localhost",
        "max_wal_senders": "10",
        "wal_level": "replica",
        "tablespaces": "0",
        "slots": "",
        "recovery": "false",
    },
    "sources": {"data_directory": "/etc/postgresql/15/main/postgresql.conf"},
    "said": "",
    "refused": "",
    "kept": False,
    "mib": 200,
}
ORDERS = {"kind": "directory", "mounted": False, "kept": False, "mib": 120}
MODEL = {
    "nodes": ["old", "bare"],
    "services": [
        {
            "name": "shop",
            "where": "failover_services[0]",
            "preferred": "old",
            "storage": {"type": "drbd", "mount": "/srv/shop", "adopt": False},
            "addresses": [{"ip": "192.168.1.10"}],
            "applications": [{"unit": PG, "made_by": "host"}, {"unit": OWN, "made_by": "host"}],
        }
    ],
}


def seen(**more: Any) -> dict[str, Any]:
    """What the server says."""
    return {
        "state": {},
        "databases": [copy.deepcopy(DATABASE)],
        "directories": {"/var/lib/orders": dict(ORDERS)},
        "files": {},
        "units": {PG: dict(UNIT), OWN: dict(UNIT)},
        "made_here": ["/etc/systemd/system/orders.service"],
        "named": [],
        "there": {},
        "accounts": [{"name": "postgres", "uid": 101, "gid": 104}],
        "own": {
            "192.168.1.10": {"address": "192.168.1.10/24", "interface": "eth0"},
            "192.168.1.11": {"address": "192.168.1.11/24", "interface": "eth0"},
        },
        "bound": {},
        "packages": {"postgresql-15": "15.6-0+deb12u1"},
        "rsync": True,
        "sites": False,
        "mounted": False,
        "disk_mib": 1024,
        "room": {},
        "back": {},
        **more,
    }


def bare(**more: Any) -> dict[str, Any]:
    """What the second host says."""
    idle = {**UNIT, "exists": False, "active": False}
    return seen(
        databases=[], directories={}, units={PG: idle, OWN: dict(idle)}, packages={}, **more
    )


def plan(here: dict[str, Any], there: dict[str, Any] | None = None) -> dict[str, Any]:
    return _adoption.forth(MODEL, "shop", {"old": here, "bare": there or bare()})


def test_the_plan_names_what_moves_in_which_order_and_what_it_costs() -> None:
    done = plan(seen())
    assert done["problems"] == []
    text = "\n".join(done["lines"])
    assert "1. bare gets the packages postgresql-15 15.6-0+deb12u1, and the files" in text
    assert f"About 320 MiB are copied while it runs: {DATA}, /var/lib/orders." in text
    assert f"4. {OWN}, {PG} stop, the last difference is copied and proved" in text
    assert "192.168.1.10/24 is taken from eth0 of old" in text
    assert "Expected downtime of shop: about 32 s" in text
    work = done["work"]
    assert work["databases"][0]["new"] == f"/srv/shop{DATA}"
    assert work["directories"] == [{"old": "/var/lib/orders", "new": "/srv/shop/var/lib/orders"}]
    assert work["listen"] == {"192.168.1.11": "192.168.1.10"}
    assert work["files"] == ["/etc/postgresql/15/main", "/etc/systemd/system/orders.service"]


def test_disks_too_small_for_the_data_are_refused_by_their_hosts() -> None:
    # 320 MiB and a tenth are 352, in nine tenths of a disk.
    (problem,) = plan(seen(disk_mib=392), bare(disk_mib=391))["problems"]
    assert problem.startswith("bare: the disk of shop has 391 MiB")
    assert "The data that move need 352 MiB" in problem
    assert plan(seen(disk_mib=392), bare(disk_mib=392))["problems"] == []
    assert plan(seen(disk_mib=None), bare(disk_mib=None))["problems"] == [], "no disk of its own"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"tablespaces": "2"}, "has 2 tablespaces of its own, which lie outside"),
        ({"slots": "far"}, "has the replication slots far, which a copy does not get"),
        ({"wal_level": "minimal"}, "wal_level is minimal, so nothing can follow it"),
        ({"max_wal_senders": "1"}, "max_wal_senders is 1; the copy needs 3"),
        ({"recovery": "true"}, "is a standby itself; move the primary"),
        ({"data_directory": "/srv/shop/x"}, "on the storage of the cluster already"),
    ],
)
def test_a_database_that_would_not_be_whole_is_refused(
    change: dict[str, str], sentence: str
) -> None:
    here = seen()
    here["databases"][0]["settings"].update(change)
    [said] = plan(here)["problems"]
    assert said.startswith("old: PostgreSQL 15/main: ") and sentence in said


@pytest.mark.parametrize(
    ("path", "change", "sentence"),
    [
        ("/var/lib/orders", {"kind": "link"}, "is a link on old; name the directory itself"),
        ("/var/lib/orders", {"mounted": True}, "is a mount point on old"),
        ("/var/lib/orders", {"kept": True}, "orders.before-failover on old is left of an earlier"),
        ("/var", {}, "is no directory of a service alone"),
        ("/srv/shop/www", {}, "and the mount point /srv/shop lie in each other"),
        (f"{DATA}/more", {}, f"lies in {DATA}, which moves as a whole"),
    ],
)
def test_a_directory_that_cannot_move_is_refused(
    path: str, change: dict[str, Any], sentence: str
) -> None:
    [said] = plan(seen(directories={path: {**ORDERS, **change}}))["problems"]
    assert said.startswith(f"adopt_directories: {path}") and sentence in said


def test_units_packages_files_and_addresses_have_to_fit() -> None:
    here = seen(
        named=["/usr/local/lib/orders.py", "/var/lib/orders/seed"],
        bound={"192.168.1.10": "/etc/network/interfaces line 5"},
    )
    here["units"][OWN].update(active=False)
    there = bare(there={"/usr/local/lib/orders.py": False})
    there["units"][PG]["active"] = True
    there["packages"] = {"postgresql-15": "15.5-0+deb12u1"}
    said = "\n".join(plan(here, there)["problems"])
    assert f"old: {OWN} does not run." in said
    assert f"bare: {PG} runs there, too." in said
    assert "bare: has postgresql-15 15.5-0+deb12u1, and old has 15.6-0+deb12u1." in said
    assert "bare: /usr/local/lib/orders.py is not there" in said and "/seed" not in said
    assert "/etc/network/interfaces line 5 gives the host the address 192.168.1.10" in said


def test_what_the_collection_makes_is_not_adopted() -> None:
    model: dict[str, Any] = copy.deepcopy(MODEL)
    model["services"][0]["applications"][0]["made_by"] = "role"
    done = _adoption.forth(model, "shop", {"old": seen(), "bare": bare()})
    assert any("is made by the collection" in one for one in done["problems"])


def test_a_cluster_that_runs_already_is_not_built_again() -> None:
    hosts = {"old": seen(), "bare": bare()}
    [said] = _adoption.forth(MODEL, "shop", hosts, managed=True)["problems"]
    assert "shop: a cluster runs on old, bare already" in said


def test_a_service_that_was_moved_is_left_alone() -> None:
    told = {"phase": "served", "work": {"server": "old"}, "stopped_at": 0.0, "downtime_s": 21.5}
    done = plan(seen(state=told))
    assert done["problems"] == [] and not done["follow"]
    assert "shop was moved on 1970-01-01 00:00 UTC, and was down for 21.5 s." in done["lines"]


def way(data: str, owner: str, **more: Any) -> dict[str, Any]:
    """The way back of a service that was moved."""
    work = plan(seen())["work"]
    told = {"phase": "served", "work": work, "stopped_at": 0.0, **more}
    room = {"/var/lib/postgresql/15": 1000, "/var/lib": 1000}
    after = seen(state=told, back={"written": {DATA: 5 << 20}, "room": room})
    return _adoption.back(MODEL, "shop", {"old": after, "bare": bare()}, data, owner)


def test_the_way_back_says_what_was_written_and_what_would_be_lost() -> None:
    done = way("new", "old")
    assert done["problems"] == [] and done["follow"]
    text = "\n".join(done["lines"])
    assert f"the database of {DATA} has written 5.0 MiB of WAL on the cluster" in text
    assert "Nothing of it is lost" in text
    text = "\n".join(way("kept", "bare")["lines"])
    assert "is LOST for the old service" in text


def test_a_cluster_that_runs_nowhere_is_not_copied_from() -> None:
    [said] = way("new", "", phase="moved")["problems"]
    assert "If the cluster has never served since the move, -e data=kept goes back" in said
    done = way("kept", "", phase="moved")
    assert done["problems"] == [] and not done["copied"]


def test_a_way_back_that_was_cut_off_copies_nothing_over_data_that_were_taken_back() -> None:
    assert not way("new", "", phase="returning", copied=False)["copied"]
    assert way("new", "", phase="returning", copied=True)["copied"]
    assert not way("kept", "", phase="returning", copied=True)["copied"]


def test_there_is_no_way_back_from_elsewhere_or_after_it_was_confirmed() -> None:
    [said] = way("new", "bare")["problems"]
    assert "shop: runs on bare." in said and "-e service=shop -e to=old" in said
    [said] = way("new", "old", phase="confirmed")["problems"]
    assert "its move was confirmed, and what was kept is gone" in said
    [said] = way("new", "old", phase="")["problems"]
    assert "it was not moved by the playbook adopt_move" in said


def test_only_the_lines_that_have_to_change_are_changed() -> None:
    text = "# data_directory = '/x'\ndata_directory = '/old'\t# where\nport = 5432\n"
    assert edits.setting(text, "data_directory", "/new") == text.replace("'/old'", "'/new'")
    assert edits.setting("port = 1\n", "data_directory", "/new").endswith(
        "port = 1\ndata_directory = '/new'\n"
    )
    moved = {"10.0.0.5": "10.0.0.9"}
    text = "listen_addresses = 'localhost,10.0.0.5'\n"
    assert edits.listening(text, moved) == "listen_addresses = 'localhost, 10.0.0.9'\n"
    assert edits.listening("listen_addresses = '*'\n", moved) == "listen_addresses = '*'\n"
    text = "Listen 10.0.0.5:80\n<VirtualHost 10.0.0.5:80>\n# Listen 10.0.0.55\nAllow 10.0.0.5\n"
    assert edits.sites(text, moved) == (
        "Listen 10.0.0.9:80\n<VirtualHost 10.0.0.9:80>\n# Listen 10.0.0.55\nAllow 10.0.0.5\n"
    )
    assert edits.sites("Listen 10.0.0.55:80\n", moved) == "Listen 10.0.0.55:80\n"
    assert edits.value("port 5433 # x\n", "port") == "5433"


def test_files_are_the_same_on_both_hosts_and_what_was_there_is_kept(tmp_path: Path) -> None:
    one, two, home = tmp_path / "one", tmp_path / "two", tmp_path / "home"
    home.mkdir()
    for root in (one, two):
        (root / "etc/site/on").mkdir(parents=True)
        (root / "etc/site/a.conf").write_text(f"{root.name}\n")
    (one / "etc/site/a.conf").chmod(0o640)
    (one / "etc/site/on/a.conf").symlink_to("../a.conf")
    (two / "etc/site/on/000-default.conf").write_text("theirs\n")
    paths = ["/etc/site", "/etc/unit"]
    text = files.read(paths, {"/etc/site/a.conf": "changed\n"}, str(one))
    told = files.write(text, paths, home, str(two), dry=True)
    assert "/etc/site/on/000-default.conf" in told and not (home / files.BEFORE).exists()
    assert sorted(files.write(text, paths, home, str(two))) == sorted(told)
    assert (two / "etc/site/a.conf").read_text() == "changed\n"
    assert (two / "etc/site/a.conf").stat().st_mode & 0o777 == 0o640
    assert str((two / "etc/site/on/a.conf").readlink()) == "../a.conf"
    assert not (two / "etc/site/on/000-default.conf").exists()
    assert (home / files.BEFORE).stat().st_mode & 0o777 == 0o600
    assert files.write(text, paths, home, str(two)) == []
    with pytest.raises(places.Failed, match="was not asked for"):
        files.write(text, ["/etc/other"], home, str(two))


def test_files_that_own_units_name_are_found(tmp_path: Path) -> None:
    place = tmp_path / "etc/systemd/system"
    place.mkdir(parents=True)
    for path in ("usr/local/lib/book.py", "etc/default/book", "usr/bin/python3"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (place / OWN).write_text(
        "[Service]\nEnvironmentFile=-/etc/default/book\n"
        "ExecStart=/usr/bin/python3 /usr/local/lib/book.py /var/lib/none 7070\n"
    )
    assert list(look.made_here([OWN, PG], str(tmp_path))) == [f"/etc/systemd/system/{OWN}"]
    assert set(look.named([OWN], str(tmp_path))) == {"/usr/local/lib/book.py", "/etc/default/book"}


def test_what_still_runs_in_its_old_place_may_have_address_and_start_there(
    build: Any, found: dict[str, Any]
) -> None:
    service = "failover_services.0"
    build((f"{service}.addresses.0", "192.168.1.99/24"))
    started = {**found["node1"]["units"]["worker.service"], "exists": True, "enabled": True}
    found["node1"]["units"]["worker.service"] = {**started, "mendable": False, "boot": "by hand"}
    found["node1"]["interfaces"]["eth0"].append("192.168.1.99/24")
    with pytest.raises(_problems.Refusal, match="is already a fixed address of node1"):
        build(found=found)
    found["node1"]["adopting"] = ["shop"]
    model = build(found=found)
    assert not list(_hosts.problems(model, "node1", found["node1"], True))
    del found["node1"]["adopting"]
    said = list(_hosts.problems(model, "node1", found["node1"], True))
    assert any("worker.service is started at boot" in one for one in said)
