# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DRBD's minors and ports and the numbers of locks belong to a name, and are kept."""

from __future__ import annotations

import copy
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _drbd_files, _sfex
from ansible_collections.failover.cluster.plugins.plugin_utils import _findings, _problems
from hypothesis import given
from hypothesis import strategies as st

from .conftest import NODES, put, resource_file

pytestmark = pytest.mark.finding("S26")
FOREIGN = """
# resource shop is theirs
resource r0 {
  on alpha { device /dev/drbd0; disk /dev/vdb; address 10.0.0.1:7789; meta-disk internal; }
  on beta { device minor 1; disk "/dev/#5"; address ipv6 [fd00::2]:7790; meta-disk internal; }
}
"""


def service(name: str, index: int, **storage: object) -> dict[str, object]:
    return {
        "name": name,
        "storage": {
            "type": "drbd",
            "disk": f"/dev/vd{chr(98 + index)}",
            "link": "cross",
            "mount": f"/srv/{name}",
            **storage,
        },
    }


def numbers(model) -> dict[str, tuple[int, int]]:
    return {s["name"]: (s["storage"]["minor"], s["storage"]["port"]) for s in model["services"]}


@pytest.fixture
def named(build, found):
    """The model of services of these names; the nodes answer ``found``."""

    def made(*names: str, **storage: object):
        services = [service(n, i, **(storage if i == 0 else {})) for i, n in enumerate(names)]
        return build(("failover_services", services), found=found)

    return made


def keep(found, model) -> None:
    """Both nodes have the files of the model now."""
    for node in NODES:
        for name, (minor, port) in numbers(model).items():
            found[node]["drbd_files"][f"/etc/drbd.d/{name}.res"] = resource_file(minor, port)


def test_new_services_get_the_lowest_numbers(named):
    assert numbers(named("a", "b")) == {"a": (0, 7789), "b": (1, 7790)}


def test_a_reordered_or_shortened_list_moves_no_number(named, found):
    keep(found, named("a", "b", "c"))
    assert numbers(named("c", "b")) == {"c": (2, 7791), "b": (1, 7790)}
    # What is removed from the list has its numbers as long as its file is there.
    assert numbers(named("new", "c", "a"))["new"] == (3, 7792)


@given(st.permutations(["a", "b", "c", "d", "e"]), st.integers(0, 5), st.integers(0, 5))
def test_no_order_and_no_choice_of_services_ever_changes_a_number(names, first, second):
    from ansible_collections.failover.cluster.plugins.plugin_utils import _storage

    def made(chosen, info):
        services = [
            {
                "where": f"failover_services[{i}]",
                "name": n,
                "storage": {"type": "drbd", "minor": None, "port": None, "adopt": False},
                "applications": [],
            }
            for i, n in enumerate(chosen)
        ]
        _storage.number(services, info)
        return {s["name"]: (s["storage"]["minor"], s["storage"]["port"]) for s in services}

    info: dict = {node: {"drbd_files": {}} for node in NODES}
    known: dict[str, tuple[int, int]] = {}
    for count in (first, second, 5):
        said = made(names[:count], info)
        for name, both in said.items():
            assert known.setdefault(name, both) == both
            for node in NODES:
                info[node]["drbd_files"][f"/etc/drbd.d/{name}.res"] = resource_file(*both)
        names = list(reversed(names))
    assert len(set(known.values())) == len(known)


def test_numbers_of_the_inventory_win(named):
    assert numbers(named("a", "b", minor=7, port=9000)) == {"a": (7, 9000), "b": (0, 7789)}
    assert numbers(named("a", "b", minor=0, port=7789)) == {"a": (0, 7789), "b": (1, 7790)}


@pytest.mark.parametrize(("key", "have"), [("minor", 0), ("port", 7789)])
def test_the_number_of_an_existing_resource_is_not_changed(named, found, key, have):
    keep(found, named("a"))
    with pytest.raises(_problems.Problem) as caught:
        named("a", **{key: have + 5})
    assert str(caught.value) == (
        f"failover_services[0].storage.{key}: {have + 5} is not {have}, which the resource has"
        " already (/etc/drbd.d/a.res on node1, node2); the number of an existing resource is never"
        f" changed. Write {have}, or leave it out."
    )


def test_a_node_that_was_installed_anew_gets_the_numbers_of_the_other_one(named, found):
    keep(found, named("a", "b"))
    found["node1"]["drbd_files"] = {}
    assert numbers(named("b", "a")) == {"a": (0, 7789), "b": (1, 7790)}


def test_nodes_that_disagree_are_refused(named, found):
    for minor, node in enumerate(NODES):
        found[node]["drbd_files"] = {"/etc/drbd.d/a.res": resource_file(minor)}
    with pytest.raises(_problems.Problem, match=r"a\.res says 0 on node1, 1 on node2"):
        named("a")


@pytest.mark.finding("H2")
def test_numbers_of_other_peoples_resources_are_not_used(named, found):
    found["node2"]["drbd_files"] = {"/etc/drbd.d/r0.res": _drbd_files.parse(FOREIGN)}
    found["node1"]["drbd_minors"] = [2]
    found["node1"]["listening"] = [7791]
    assert numbers(named("a")) == {"a": (3, 7792)}
    with pytest.raises(_problems.Problem) as caught:
        named("a", minor=1)
    assert str(caught.value) == (
        "failover_services[0].storage.minor: 1 of service a is used by /etc/drbd.d/r0.res on node2;"
        " give service a another number, or remove what uses it."
    )


def test_a_resource_of_that_name_of_somebody_else_is_refused(named, found):
    found["node2"]["drbd_files"] = {
        "/etc/drbd.d/a.res": _drbd_files.parse(FOREIGN.replace("r0", "a"))
    }
    for info in found.values():
        info["disks"]["a"] = info["disks"]["shop"]
    model = named("a")
    model["addresses"] = {"node1": "10.0.0.1", "node2": "10.0.0.2"}
    limits = {"clock_s": 5.0, "free_mib": 256, "watchdog": False}
    with pytest.raises(_problems.Problem, match=r"a\.res on node2 was not written by failover"):
        _findings.judge(model, found, limits, repair=True)


def test_two_services_of_one_number_are_refused(build):
    services = [service("a", 0, minor=4), service("b", 1, minor=4)]
    with pytest.raises(_problems.Problem) as caught:
        build(("failover_services", services))
    assert str(caught.value) == (
        "failover_services[1].storage.minor: 4 of service b is that of service a already."
    )


def test_what_a_file_says_is_read_without_its_comments(tmp_path: Path):
    (tmp_path / "r0.res").write_text(FOREIGN)
    (tmp_path / "mine.res").write_text(
        "# Written by failover.cluster; changes are overwritten.\n" + FOREIGN
    )
    said = _drbd_files.read(str(tmp_path), str(tmp_path / "none"))
    theirs, ours = said[f"{tmp_path}/r0.res"], said[f"{tmp_path}/mine.res"]
    assert (theirs["ours"], theirs["minors"], theirs["ports"]) == (False, [0, 1], [7789, 7790])
    assert ours["ours"]
    assert _drbd_files.minor_of("none", str(tmp_path)) is None


def test_a_port_on_which_somebody_listens_is_seen():
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[1] in _drbd_files.listening()


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[str]:
    """An empty block device."""
    image = tmp_path / "disk"
    with image.open("wb") as handle:
        handle.truncate(1 << 20)
    made = subprocess.run(
        ["losetup", "-f", "--show", str(image)], check=True, capture_output=True, text=True
    )
    try:
        yield made.stdout.strip()
    finally:
        subprocess.run(["losetup", "-d", made.stdout.strip()], check=False)


def test_the_lock_disk_tells_whose_its_locks_are(loop):
    assert _sfex.locks(loop) == {}
    blocks = _sfex.area("shop", 64) + _sfex.free("shop", "a") + bytes(4096)
    blocks += _sfex.free("shop", "c")
    descriptor = os.open(loop, os.O_WRONLY)
    os.write(descriptor, blocks)
    os.fsync(descriptor)
    os.close(descriptor)
    assert _sfex.locks(loop) == {"a": 1, "c": 3}
    assert _sfex.locks("/dev/does-not-exist") == {}


def test_locks_are_kept_by_name(build, found, variables):
    shared: list[dict[str, Any]] = [
        {"name": n, "storage": {"type": "shared", "disk": f"/dev/vd{n}", "mount": f"/srv/{n}"}}
        for n in ("c", "new", "a")
    ]
    put(variables, "failover_sfex", {"disk": "/dev/vdz"})
    for node in NODES:
        found[node]["locks"] = {"a": 1, "b": 2, "c": 3}
    model = build(("failover_services", shared), found=found)
    locks = {s["name"]: s["storage"]["lock"] for s in model["services"]}
    assert locks == {"a": 1, "c": 3, "new": 4}
    spoilt = copy.deepcopy(shared)
    spoilt[0]["storage"]["lock"] = 5
    with pytest.raises(_problems.Problem, match="is not 3, which the resource has already"):
        build(("failover_services", spoilt), found=found)
