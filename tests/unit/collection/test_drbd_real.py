# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What DRBD's own tools make of our files and of disks that are not empty. Needs root."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import jinja2
import pytest
from ansible_collections.failover.cluster.plugins.filter import endpoint, link

from .conftest import CHECKOUT, put
from .room import run

TEMPLATES = CHECKOUT / "roles" / "drbd" / "templates"
GRAMMARS = {"8.4.11": "resource.res.j2", "9.2.8": "resource9.res.j2"}
SECRET = "5ec4e7" * 8
PACEMAKER = {
    "failover_engine": "pacemaker",
    "failover_links.2": ...,
    "failover_services.0.applications": [{"unit": "worker.service"}],
}


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """An empty directory in the place of /etc/drbd.d."""
    path = tmp_path / "drbd.d"
    path.mkdir()
    (path / "global_common.conf").touch()
    return path


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[str]:
    """A block device."""
    image = tmp_path / "disk"
    with image.open("wb") as handle:
        handle.truncate(64 << 20)
    made = subprocess.run(
        ["losetup", "-f", "--show", str(image)], check=True, capture_output=True, text=True
    )
    device = made.stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "-d", device], check=False)


@pytest.fixture
def text(build, found, variables):
    """The file of a service as the role renders it for this host."""

    def rendered(
        kernel: str, name: str, disk: str = "/dev/vdb", engine: str = "agent", **storage: object
    ) -> str:
        for path, value in PACEMAKER.items() if engine == "pacemaker" else ():
            put(variables, path, value)
        put(variables, "failover_services.0.name", name)
        put(variables, "failover_services.0.storage.disk", disk)
        for key, value in storage.items():
            put(variables, f"failover_services.0.storage.{key}", value)
        found["node1"]["nodename"] = os.uname().nodename
        model = build(found=found)
        room = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
        for plugin in (endpoint, link):
            for key, function in plugin.FilterModule().filters().items():
                room.filters[f"failover.cluster.{key}"] = function
        return room.from_string((TEMPLATES / GRAMMARS[kernel]).read_text()).render(
            prepare_model=model,
            item=model["services"][0],
            prepare_secrets={f"drbd-{name}": SECRET},
            drbd_resync_rate="200M",
        )

    return rendered


@pytest.mark.finding("S27")
@pytest.mark.parametrize("kernel", GRAMMARS)
@pytest.mark.parametrize("name", ["proxy", "net", "disk", "resource", "on", "handlers", "volume"])
def test_a_service_may_be_called_like_a_word_of_drbds_grammar(etc, text, kernel, name):
    said = run(etc, "drbd_files", kernel, files={name: text(kernel, name)})
    assert said["written"] == [name], said
    assert (etc / f"{name}.res").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kernel", GRAMMARS)
def test_drbd_knows_the_events_and_the_utilities_the_commands_of_pacemakers_handlers(
    etc, text, kernel
):
    said = run(etc, "drbd_files", kernel, files={"shop": text(kernel, "shop", engine="pacemaker")})
    assert said["written"] == ["shop"], said
    written = (etc / "shop.res").read_text()
    commands = re.findall(r'fence-peer "([^\s"]+)', written)
    assert len(commands) == 2
    for command in commands:
        program = Path(command).read_text(encoding="utf-8")
        assert {"--role)", "--timeout)", "--dc-timeout)"} <= set(
            re.findall(r"--[a-z-]+\)", program)
        )


@pytest.mark.finding("S27")
@pytest.mark.parametrize("kernel", GRAMMARS)
@pytest.mark.parametrize(
    "disk",
    [
        "/dev/disk/by-path/pci-0000:00:1f.2-ata-1",
        "/dev/disk/by-id/wwn-0x5000c500a1b2c3d4",
        "/dev/vg0/shop+data",
        "/dev/mapper/vg0-shop+data--1",
        "/dev/disk/by-partlabel/a{b}",
    ],
)
def test_a_disk_may_have_any_path(etc, text, kernel, disk):
    said = run(etc, "drbd_files", kernel, files={"shop": text(kernel, "shop", disk)})
    assert said["written"] == ["shop"], said


@pytest.mark.finding("S27")
def test_a_set_that_drbd_cannot_parse_is_not_put_in_place(etc, text):
    run(etc, "drbd_files", files={"shop": text("8.4.11", "shop")})
    before = {path.name: path.read_bytes() for path in etc.iterdir()}
    broken = text("8.4.11", "mail", minor=1, port=7790).replace("ping-int 1;", "ping-int;")
    said = run(etc, "drbd_files", files={"mail": broken})
    assert "DRBD refuses the new configuration, so nothing was changed" in said["msg"]
    assert "drbd.d/mail.res:13" in said["msg"] and SECRET not in said["msg"]
    assert {path.name: path.read_bytes() for path in etc.iterdir()} == before


@pytest.mark.finding("S26", "S27")
def test_a_number_that_is_used_twice_is_not_put_in_place(etc, text):
    run(etc, "drbd_files", files={"shop": text("8.4.11", "shop")})
    said = run(etc, "drbd_files", files={"mail": text("8.4.11", "mail")})
    assert said["failed"] and "device-minor" in said["msg"]
    assert sorted(path.name for path in etc.glob("*.res")) == ["shop.res"]


@pytest.mark.finding("S26")
def test_a_file_of_somebody_else_is_neither_written_nor_removed(etc, text):
    theirs = 'resource "shop" { on "elsewhere" { } }\n'
    (etc / "shop.res").write_text(theirs)
    for asked in ({"files": {"shop": text("8.4.11", "shop")}}, {"retired": ["shop"]}):
        said = run(etc, "drbd_files", **asked)
        assert said["msg"].startswith("/etc/drbd.d/shop.res: was not written by failover.cluster")
    assert (etc / "shop.res").read_text() == theirs


@pytest.mark.finding("S26")
def test_check_mode_says_what_would_be_written_and_writes_nothing(etc, text):
    said = run(etc, "drbd_files", files={"shop": text("8.4.11", "shop")}, check=True)
    assert (said["changed"], said["written"]) == (True, ["shop"])
    assert not list(etc.glob("*.res"))


@pytest.mark.finding("S26")
def test_the_same_files_again_change_nothing(etc, text):
    files = {"shop": text("8.4.11", "shop")}
    assert run(etc, "drbd_files", files=files)["changed"]
    assert not run(etc, "drbd_files", files=files)["changed"]


CONTENT = {
    "ext4": ["mkfs.ext4", "-q"],
    "swap": ["mkswap"],
}


def holds(device: str) -> str:
    done = subprocess.run(
        ["blkid", "-p", "-s", "TYPE", "-o", "value", device],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


@pytest.fixture
def resource(etc, text, loop):
    """The module drbd_resource on a real device, up to the kernel, which is not there."""
    (etc / "shop.res").write_text(text("8.4.11", "shop", loop))

    def made(overwrite: bool) -> dict[str, object]:
        return run(etc, "drbd_resource", name="shop", disk=loop, overwrite=overwrite)

    return made


@pytest.mark.finding("H6")
@pytest.mark.parametrize("content", CONTENT)
def test_overwrite_wipes_what_drbd_would_refuse(resource, loop, content):
    subprocess.run([*CONTENT[content], loop], check=True, capture_output=True)
    said = resource(overwrite=False)
    assert "it is never overwritten unless storage.overwrite is true" in said["msg"]
    assert holds(loop) == content
    resource(overwrite=True)
    assert holds(loop) == "drbd"
