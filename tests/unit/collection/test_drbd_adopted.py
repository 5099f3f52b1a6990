# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A resource that was made by hand is taken over with its data and metadata. Needs root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import jinja2
import pytest
from ansible_collections.failover.cluster.plugins.filter import endpoint, link
from ansible_collections.failover.cluster.plugins.module_utils import _drbd_files
from ansible_collections.failover.cluster.plugins.modules import drbd_filesystem
from ansible_collections.failover.cluster.plugins.plugin_utils import _findings, _problems

from .conftest import CHECKOUT, NODES, put
from .room import KERNEL, run

TEMPLATE = CHECKOUT / "roles" / "drbd" / "templates" / "resource.res.j2"
BY_HAND = """
# Theirs, from long ago.
resource orders {
  protocol A;
  on HOST { device /dev/drbd7; disk DISK; address 192.168.2.11:7801; meta-disk META; }
  on node2 { device /dev/drbd7; disk DISK; address 192.168.2.12:7801; meta-disk META; }
}
"""


@pytest.fixture
def loops(tmp_path: Path) -> Iterator[list[str]]:
    """A disk, and one for metadata outside."""
    made: list[str] = []
    try:
        for name, size in (("disk", 64), ("outside", 160)):
            with (tmp_path / name).open("wb") as handle:
                handle.truncate(size << 20)
            said = subprocess.run(
                ["losetup", "-f", "--show", str(tmp_path / name)],
                check=True,
                capture_output=True,
                text=True,
            )
            made.append(said.stdout.strip())
        yield made
    finally:
        for device in made:
            subprocess.run(["losetup", "-d", device], check=False)


@pytest.fixture
def rendered(build, found, variables):
    """The file of the adopted resource as the role writes it for this host."""

    def text(disk: str, metadata: str) -> str:
        storage = {"minor": 7, "port": 7801, "adopt": True, "metadata": metadata, "disk": disk}
        put(variables, "failover_services.0.name", "orders")
        for key, value in storage.items():
            put(variables, f"failover_services.0.storage.{key}", value)
        found["node1"]["nodename"] = os.uname().nodename
        model = build(found=found)
        room = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
        for plugin in (endpoint, link):
            for key, function in plugin.FilterModule().filters().items():
                room.filters[f"failover.cluster.{key}"] = function
        return room.from_string(TEMPLATE.read_text()).render(
            prepare_model=model,
            item=model["services"][0],
            prepare_secrets={"drbd-orders": "5ec4e7" * 8},
            drbd_resync_rate="200M",
        )

    return text


def drbdadm(etc: Path, *argv: str) -> str:
    """What drbdadm answers with these files, without a kernel that knows DRBD."""
    script = 'mount --bind "$0" /etc/drbd.d; ip address add 192.168.2.11/24 dev lo; exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "--net", "sh", "-c", script, str(etc), "drbdadm", *argv],
        env={**os.environ, "DRBD_DRIVER_VERSION_OVERRIDE": KERNEL},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def begin(device: str, length: int) -> bytes:
    """The first bytes of a device."""
    with Path(device).open("rb") as handle:
        return handle.read(length)


@pytest.mark.parametrize("where", ["internal", "OUTSIDE", "OUTSIDE[0]"])
def test_the_generations_of_the_data_are_the_same_after_the_takeover(
    tmp_path, rendered, loops, where
):
    disk, outside = loops
    metadata = where.replace("OUTSIDE", outside)
    etc = tmp_path / "drbd.d"
    etc.mkdir()
    (etc / "global_common.conf").touch()
    theirs = BY_HAND.replace("HOST", os.uname().nodename).replace("DISK", disk)
    theirs = theirs.replace("META", metadata)
    (etc / "orders.res").write_text(theirs)
    drbdadm(etc, "--", "--force", "create-md", "orders")
    with Path(disk).open("r+b") as handle:
        handle.write(b"rows" * 1024)
    before = drbdadm(etc, "get-gi", "orders")
    text = rendered(disk, metadata)
    said = run(etc, "drbd_files", files={"orders": text}, adopt=["orders"])
    assert said.get("written") == ["orders"], said
    assert (etc / "orders.res").read_text() == text
    assert drbdadm(etc, "get-gi", "orders") == before
    assert begin(disk, 4096) == b"rows" * 1024
    kept = etc / "orders.res.before-failover"
    assert kept.read_text() == theirs
    assert kept.stat().st_mode & 0o777 == 0o600
    # A second run neither writes nor keeps anything once more.
    assert not run(etc, "drbd_files", files={"orders": text}, adopt=["orders"])["changed"]
    assert kept.read_text() == theirs


def test_metadata_outside_the_disk_of_an_adopted_resource_are_never_created(
    tmp_path, rendered, loops
):
    disk, outside = loops
    etc = tmp_path / "drbd.d"
    etc.mkdir()
    (etc / "global_common.conf").touch()
    (etc / "orders.res").write_text(rendered(disk, f"{outside}[0]"))
    before = begin(outside, 1 << 20)
    asked = {"name": "orders", "disk": disk, "metadata": f"{outside}[0]"}
    said = run(etc, "drbd_resource", **asked, create=False)
    assert "there are no metadata on" in said["msg"] and "none are created" in said["msg"]
    assert begin(outside, 1 << 20) == before


@pytest.mark.parametrize("create", [True, False])
def test_metadata_of_an_adopted_resource_are_never_created(tmp_path, rendered, loops, create):
    """Even if the disk is empty: somebody has named the wrong one."""
    disk, _outside = loops
    etc = tmp_path / "drbd.d"
    etc.mkdir()
    (etc / "global_common.conf").touch()
    (etc / "orders.res").write_text(rendered(disk, "internal"))
    said = run(etc, "drbd_resource", name="orders", disk=disk, create=create, check=True)
    assert ("metadata" in said.get("done", [])) is create
    assert ("none are created for a resource that is adopted" in said.get("msg", "")) is not create


class Unrecognised(drbd_filesystem.Volume):
    """A device whose content no program knows, and what is done to it."""

    def __init__(self, *, create: bool) -> None:
        what = {"resource": "orders", "path": "/srv/o", "filesystem": "ext4"}
        self.params = {**what, "create": create}
        self.module = SimpleNamespace(check_mode=False)
        self.minor = 7
        self.done: list[str] = []

    def fail(self, reason: str) -> None:
        raise RuntimeError(reason)

    def mounted(self) -> bool:
        return False

    def state(self) -> dict[str, str]:
        return {"role": "Primary"}

    def make(self) -> None:
        self.done.append("made")

    def mount(self) -> None:
        self.done.append("mounted")


def test_an_adopted_resource_is_never_formatted(monkeypatch):
    monkeypatch.setattr(drbd_filesystem, "runner", lambda module: None)
    monkeypatch.setattr(drbd_filesystem._disk, "signature", lambda device, run: "")
    new, adopted = Unrecognised(create=True), Unrecognised(create=False)
    assert new.open()
    assert new.done == ["made", "mounted"]
    with pytest.raises(RuntimeError, match="keeps its data, so none is made"):
        adopted.open()
    assert adopted.done == []


def test_what_is_adopted_is_not_overwritten(build):
    with pytest.raises(_problems.Problem, match=r"storage.overwrite: true contradicts adopt"):
        build(*ADOPTED, ("failover_services.0.storage.overwrite", True))


def told(found, name="orders", file="/etc/drbd.d/orders.res"):
    """Both nodes have the resource, as it was made by hand."""
    for node in NODES:
        text = BY_HAND.replace("HOST", "node1").replace("orders", name)
        found[node]["drbd_files"][file] = _drbd_files.parse(text)
        found[node]["disks"] = {"orders": {**found[node]["disks"]["shop"], "zero": False}}


ADOPTED = (
    ("failover_services.0.name", "orders"),
    ("failover_services.0.applications", [{"unit": "worker.service"}]),
    ("failover_services.0.storage.adopt", True),
)
LIMITS = {"clock_s": 5.0, "free_mib": 1, "watchdog": False}


def test_an_adopted_resource_keeps_its_numbers(build, found):
    told(found)
    model = build(*ADOPTED, found=found)
    assert model["services"][0]["storage"]["minor"] == 7
    assert model["services"][0]["storage"]["port"] == 7801
    _findings.judge(model, found, LIMITS, repair=False)


def test_a_resource_of_somebody_else_is_refused_without_the_word(build, found):
    told(found)
    found["node1"]["drbd_files"]["/etc/drbd.d/orders.res"]["minors"] = []
    found["node2"]["drbd_files"]["/etc/drbd.d/orders.res"]["minors"] = []
    model = build(*ADOPTED[:2], ("failover_services.0.storage.minor", 9), found=found)
    with pytest.raises(_problems.Problem, match=r"write storage\.adopt: true"):
        _findings.judge(model, found, LIMITS, repair=True)


@pytest.mark.parametrize(
    ("name", "file", "sentence"),
    [
        ("orders", "/etc/drbd.conf", "stands in /etc/drbd.conf; move it"),
        ("other", "/etc/drbd.d/other.res", "has no resource orders"),
    ],
)
def test_a_resource_that_stands_elsewhere_is_not_adopted(build, found, name, file, sentence):
    told(found, name, file)
    change = ("failover_services.0.storage.minor", 9)
    model = build(*ADOPTED, change, ("failover_services.0.storage.port", 7900), found=found)
    with pytest.raises(_problems.Problem, match=sentence):
        _findings.judge(model, found, LIMITS, repair=True)


@pytest.mark.parametrize(
    ("mounts", "state", "commands"),
    [
        (["/srv/old"], "it is Primary and mounted at /srv/old.", "umount /srv/old; "),
        ([], "it is Primary.", ""),
    ],
)
def test_a_resource_that_somebody_uses_is_not_taken_over(build, found, mounts, state, commands):
    """All else is told before, and packages may be installed meanwhile."""
    told(found)
    for node in NODES:
        found[node]["drbd_used"] = {"orders": {"role": "Secondary", "mounts": []}}
    model = build(*ADOPTED, found=found)
    _findings.alone(model, found)
    found["node2"]["drbd_used"]["orders"] = {"role": "Primary", "mounts": mounts}
    _findings.judge(model, found, LIMITS, repair=True)
    with pytest.raises(_problems.Problem) as refused:
        _findings.alone(model, found)
    assert str(refused.value) == (
        "failover_services[0].storage.adopt: the resource orders is in use on node2:"
        f" {state} A resource is taken over only while nobody uses it. Stop what works with it,"
        f" then type on node2: {commands}drbdadm secondary orders. Leave DRBD up."
    )


def test_a_run_that_was_cut_off_goes_on_with_what_it_opened_itself(build, found):
    told(found)
    model = build(*ADOPTED, found=found)
    for node in NODES:
        found[node]["drbd_files"]["/etc/drbd.d/orders.res"]["ours"] = True
        found[node]["drbd_used"] = {"orders": {"role": "Primary", "mounts": ["/srv/shop"]}}
    _findings.alone(model, found)


def test_a_file_with_another_resource_is_not_written_anew(build, found):
    told(found)
    for node in NODES:
        found[node]["drbd_files"]["/etc/drbd.d/orders.res"]["resources"] = ["mail", "orders"]
    model = build(*ADOPTED, found=found)
    with pytest.raises(_problems.Problem, match=r"holds mail besides orders.*move each of them"):
        _findings.judge(model, found, LIMITS, repair=True)


def test_metadata_outside_need_an_adopted_resource(build):
    with pytest.raises(_problems.Problem, match="only a resource that is adopted, or one"):
        build(("failover_services.0.storage.metadata", "/dev/vdc1[0]"))
