# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Diverged copies: what each has, what forbids to give one up, and the image that is kept of it."""

from __future__ import annotations

import copy
import subprocess
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import (
    _drbd_device,
    _drbd_generations,
    _pg_history,
)
from ansible_collections.failover.cluster.plugins.plugin_utils import _resync, _split_brain

from .modules import run as run_module

ZERO = "0" * 16
BASE, MINE, THEIRS, OLD = (
    "00000000000000B0",
    "0000000000000A10",
    "0000000000000A20",
    "00000000000000A0",
)


def gi(*known):
    return [*known, *[ZERO] * (4 - len(known))]


@pytest.mark.parametrize(
    ("mine", "other", "word"),
    [
        (gi(BASE), gi(BASE), "equal"),
        (gi(BASE[:-1] + "1"), gi(BASE), "equal"),
        (gi(BASE), gi(MINE, BASE), "older"),
        (gi(OLD), gi(MINE, BASE, OLD), "older"),
        (gi(MINE, BASE), gi(BASE), "newer"),
        (gi(MINE, BASE), gi(THEIRS, BASE), "diverged"),
        (gi(MINE, ZERO, BASE), gi(THEIRS, BASE), "diverged"),
        (gi(MINE, ZERO, OLD), gi(THEIRS, ZERO, BASE, OLD), "diverged"),
        (gi(MINE), gi(THEIRS), "unrelated"),
        (gi("0000000000000004"), gi(THEIRS), "older"),
    ],
)
def test_generations_tell_a_split_brain_from_a_copy_that_is_merely_behind(mine, other, word):
    assert _drbd_generations.relation(mine, other) == word
    mirrored = {"older": "newer", "newer": "older"}.get(word, word)
    assert _drbd_generations.relation(other, mine) == mirrored


def device(generation, **more):
    state = {
        "connection": "StandAlone",
        "role": "Secondary",
        "peer_role": "Unknown",
        "disk": "UpToDate",
        "peer_disk": "DUnknown",
        **more.pop("state", {}),
    }
    told = {"state": state, "generations": gi(generation, BASE), "behind": 12288}
    return {**told, "bytes": 1 << 30, "mounts": [], "percent": None, "left_s": None, **more}


def copies(**changes):
    nodes = {"node1": device(MINE), "node2": device(THEIRS)}
    for node, change in changes.items():
        state = {**nodes[node]["state"], **change.pop("state", {})}
        nodes[node] = {**nodes[node], **change, "state": state}
    return {
        "node1": {"device": nodes["node1"], "database": {"committed": "12:01"}, "unread": ""},
        "node2": {"device": nodes["node2"], "database": {}, "unread": "no loop device"},
    }


RUNS = {"services": [{"name": "shop", "owner": "node1", "state": "running"}]}


def planned(discard="node2", backup="/var/backups", status=RUNS, **changes):
    return _split_brain.plan("shop", copies(**copy.deepcopy(changes)), status, discard, backup)


def test_both_histories_stand_side_by_side():
    said = planned(discard="")
    text = "\n".join(said["lines"])
    assert "last commit        12:01" in text
    assert "The database on node2 was not read: no loop device." in text
    assert MINE in text and THEIRS in text
    assert (said["victim"], said["problems"]) == ("", [])
    assert "Nothing was changed. Decide which copy you want to keep" in said["lines"][-1]


def test_the_plan_says_what_is_saved_what_is_lost_and_how_long_it_is_down():
    said = planned()
    assert (said["victim"], said["survivor"], said["problems"]) == ("node2", "node1", [])
    saved, lost, down, until = said["lines"][-4:]
    assert "(1 GiB) is written to /var/backups/shop-node2.img there" in saved
    assert "the 12 KiB that only it has are LOST there" in lost
    assert "runs on node1 all the time; the expected downtime is 0 s" in down
    assert "node2 cannot take shop over" in until
    assert "does not run now" in planned(status={})["lines"][-2]
    assert "is NOT saved, as you asked" in planned(backup="none")["lines"][-4]


@pytest.mark.parametrize(
    ("words", "changes", "sentence"),
    [
        ({"backup": ""}, {}, "backup: missing; say with -e backup=DIRECTORY"),
        ({"backup": "here"}, {}, "backup: here; say with -e backup=DIRECTORY, by its whole path"),
        ({"discard": "node9"}, {}, "node9 has no copy of shop; these nodes have: node1, node2."),
        ({}, {"node2": {"state": {"role": "Primary"}}}, "the copy of node2 is in use (Primary)."),
        ({}, {"node2": {"mounts": ["/srv"]}}, "in use (Secondary, mounted at /srv)."),
        ({"discard": "node1"}, {}, "shop runs on node1; the copy of a running service"),
        ({}, {"node1": {"state": {"disk": "Inconsistent"}}}, "of node1, is Inconsistent, so"),
        ({}, {"node2": {"generations": gi(BASE)}}, "for the copies have not diverged."),
        ({}, {"node2": {"generations": gi(THEIRS)}}, "for the copies have not diverged."),
    ],
)
def test_a_precondition_that_fails_is_named(words, changes, sentence):
    said = planned(**words, **changes)
    assert said["victim"] == ""
    assert sentence in " ".join(said["problems"])


def test_copies_that_are_connected_need_nothing():
    linked = [{"state": {"connection": "Connected"}} for _node in range(2)]
    said = planned(node1=linked[0], node2=linked[1])
    assert (said["relation"], said["victim"], said["problems"]) == ("connected", "", [])


def test_a_copy_that_is_merely_behind_is_told_from_one_that_has_diverged():
    said = planned(discard="", node2={"generations": gi(BASE)})
    assert any("the copy of node2 is an older state of that of node1" in s for s in said["lines"])
    assert any("drbdadm connect shop" in line for line in said["lines"])


def test_copies_are_equal_again_only_when_nothing_differs():
    same = {"generations": gi(MINE), "behind": 0}
    assert _split_brain.verified("shop", copies(node1=dict(same), node2=dict(same))) == []
    for change in ({"behind": 4096}, {"generations": gi(THEIRS)}, {"state": {"disk": "Outdated"}}):
        assert _split_brain.verified("shop", copies(node1=dict(same), node2={**same, **change}))


VERIFYING = """version: 8.4.11 (api:1/proto:86-101)
 0: cs:VerifyS ro:Primary/Secondary ds:UpToDate/UpToDate C r-----
    ns:0 nr:0 dw:0 dr:0 al:8 bm:0 lo:2 pe:3 ua:2 ap:0 ep:1 wo:f oos:12
\t[====>...............] verified: 27.3% (238064/327640)K
\tfinish: 1:00:31 speed: 7,676 (7,676) K/sec
 1: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----
    ns:0 nr:0 dw:0 dr:0 al:8 bm:0 lo:2 pe:3 ua:2 ap:0 ep:1 wo:f oos:340
\t[====>...............] sync'ed: 91.0% (340/32764)K
"""


def test_the_progress_of_a_resync_and_of_a_verification_is_read():
    found = _drbd_device.progress(VERIFYING, 0)
    assert found == {"behind": 12288, "percent": 27.3, "left_s": 3631}
    found = _drbd_device.progress(VERIFYING, 1)
    assert found == {"behind": 348160, "percent": 91.0, "left_s": None}


def test_who_waits_is_told_how_far_it_is_and_is_not_left_alone():
    wait = _resync.Wait("shop", "node1")
    going = device(MINE, state={"connection": "SyncSource"}, percent=41.5, left_s=300)
    line = "shop on node1: resync 41.5 % done, about 5 min left"
    assert wait.look(going, 0.0) == line
    assert wait.look(going, 5.0) == "", "the same is not told again at once"
    assert wait.look(going, 61.0) == line
    apart = device(MINE, state={"connection": "WFConnection"})
    for now in (65.0, 124.0):
        wait.look(apart, now)
        assert not wait.over
    wait.look(apart, 125.0)
    assert wait.over and "are not connected (WFConnection) for 60 s" in wait.problem
    wait = _resync.Wait("shop", "node1")
    idle = device(MINE, state={"connection": "Connected"})
    assert wait.look(idle, 0.0) == ""
    assert not wait.over, "what was just ordered may not have begun yet"
    wait.look(going, 1.0)
    wait.look(idle, 2.0)
    assert not wait.over
    wait.look(idle, 3.0)
    assert wait.over and not wait.problem


@pytest.fixture
def lower(tmp_path, monkeypatch):
    """A disk with data, and metadata behind them."""
    path = tmp_path / "lower"
    path.write_bytes(b"rows" + bytes(3 << 20) + b"tail" + bytes((1 << 20) - 8) + b"metadata")
    told = device(MINE, bytes=(4 << 20) - 4096 + 4096, lower=str(path))
    monkeypatch.setattr(_drbd_device, "look", lambda _name, _run: told)
    return path, told


def save(dest, **more):
    return run_module("drbd_copy", name="shop", dest=str(dest), **more)


def test_the_image_has_the_data_without_the_metadata(lower, tmp_path):
    path, told = lower
    image = tmp_path / "shop.img"
    assert save(image, check=True)["changed"] and not image.exists()
    assert save(image)["changed"]
    assert image.read_bytes() == path.read_bytes()[: told["bytes"]]
    assert image.stat().st_mode & 0o777 == 0o600
    assert not save(image)["changed"], "an image of the same is kept"


def test_an_image_of_an_older_state_is_neither_taken_for_it_nor_overwritten(lower, tmp_path):
    path, _told = lower
    image = tmp_path / "shop.img"
    save(image)
    older = image.read_bytes()
    path.write_bytes(b"more" + path.read_bytes()[4:])
    said = save(image)
    assert said["failed"] and "exists and holds something else, perhaps an older" in said["msg"]
    assert image.read_bytes() == older


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"role": "Primary"}, "the copy is Primary and StandAlone; it must be Secondary"),
        ({"connection": "Connected"}, "the copy is Secondary and Connected; it must be Secondary"),
    ],
)
def test_a_copy_that_may_change_is_not_saved(lower, tmp_path, state, sentence):
    _path, told = lower
    told["state"].update(state)
    assert sentence in save(tmp_path / "shop.img")["msg"]


def test_without_room_or_directory_no_image_is_begun(lower, tmp_path):
    _path, told = lower
    assert "is not a directory of this node" in save(tmp_path / "none" / "shop.img")["msg"]
    told["bytes"] = 1 << 60
    said = save(tmp_path / "shop.img")["msg"]
    assert "MiB free, and the image may need" in said
    assert not list(tmp_path.glob("*.part"))


@pytest.fixture(params=["immediate", "fast"])
def database(request, tmp_path):
    """A file system with a real database of PostgreSQL, killed or shut down, as a file."""
    image = tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(192 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)
    script = """
set -e
mount -o loop "$1" /mnt
install -d -o postgres -g postgres -m 700 /mnt/postgresql
cd /
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
as() { runuser -u postgres -- "$@"; }
as "$bin/initdb" -D /mnt/postgresql --wal-segsize=1 -N >/dev/null
as "$bin/pg_ctl" -D /mnt/postgresql -w -t 600 -l /dev/null start \\
    -o "-c listen_addresses= -c unix_socket_directories=/mnt/postgresql -c timezone=Asia/Tokyo" >/dev/null
as psql -qXh /mnt/postgresql postgres -c 'CREATE TABLE t AS SELECT 1'
as psql -qXAth /mnt/postgresql postgres -c "INSERT INTO t VALUES (2) RETURNING pg_current_xact_id()"
as "$bin/pg_ctl" -D /mnt/postgresql -t 600 -m "$2" stop >/dev/null
umount /mnt
"""
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", str(image), request.param],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    state = {"immediate": "in production", "fast": "shut down"}[request.param]
    return image, done.stdout.split()[0], state


def run(argv):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=600)
    return done.returncode, done.stdout, done.stderr


def test_the_last_commit_of_a_database_is_read_without_changing_the_copy(database):
    image, transaction, state = database
    before = image.read_bytes()
    found = _pg_history.aside(str(image), image.stat().st_size, "ext4", run)
    assert found["transaction"] == transaction
    assert found["committed"].endswith(" UTC")
    assert found["state"] == state
    assert image.read_bytes() == before


def test_a_file_system_without_a_database_or_that_cannot_be_read_is_told(tmp_path):
    assert _pg_history.below(str(tmp_path), run) == {}
    (tmp_path / "disk").write_bytes(bytes(1 << 20))
    with pytest.raises(_pg_history.Unreadable, match="the file system cannot be mounted"):
        _pg_history.aside(str(tmp_path / "disk"), 1 << 20, "ext4", run)


class Adm:
    """drbdadm, which notes what it was told."""

    def __init__(self, told):
        self.told = told
        self.orders: list[Any] = []

    def __call__(self, argv):
        self.orders.append(argv[1:-1])
        if argv[1] == "connect":
            self.told["state"]["connection"] = "WFConnection"
        return 0, "", ""


@pytest.mark.parametrize(
    ("connection", "discard", "orders"),
    [
        ("StandAlone", True, [["connect", "--discard-my-data"]]),
        ("WFConnection", True, [["disconnect"], ["connect", "--discard-my-data"]]),
        ("StandAlone", False, [["connect"]]),
        ("WFConnection", False, []),
        ("SyncTarget", True, []),
    ],
)
def test_only_a_copy_that_is_apart_is_connected(monkeypatch, connection, discard, orders):
    told = device(MINE, state={"connection": connection})
    adm = Adm(told)
    monkeypatch.setattr(_drbd_device, "look", lambda _name, _run: told)
    monkeypatch.setattr(
        "ansible_collections.failover.cluster.plugins.modules.drbd_reconnect.runner",
        lambda _module: adm,
    )
    assert run_module("drbd_reconnect", check=True, name="shop", discard=discard)[
        "changed"
    ] == bool(orders)
    assert adm.orders == []
    assert run_module("drbd_reconnect", name="shop", discard=discard)["changed"] == bool(orders)
    assert adm.orders == orders


def test_a_copy_in_use_is_never_given_up(monkeypatch):
    told = device(MINE, state={"role": "Primary"})
    monkeypatch.setattr(_drbd_device, "look", lambda _name, _run: told)
    said = run_module("drbd_reconnect", name="shop", discard=True)
    assert "is Primary; a copy that is in use is never given up" in said["msg"]
