# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input ends in one sentence, and no host is changed."""

from __future__ import annotations

import re

import pytest

from lab.errors import LabError

from .conftest import OUT, Site


def refusal(site: Site, *arguments: str, **environment: str) -> str:
    """What site.yml says when it refuses; asserts that nothing was changed on any host."""
    with pytest.raises(LabError):
        site.play("site", *arguments, **environment)
    log = (OUT / "site.log").read_text(encoding="utf-8")
    assert re.findall(r"changed=(\d+)", log), log[-2000:]
    assert set(re.findall(r"changed=(\d+)", log)) == {"0"}, log[-2000:]
    return " ".join(log.split())


def test_a_wrong_variable_is_named_before_any_host_is_touched(site: Site) -> None:
    said = refusal(site, "-e", '{"failover_ping_targets": ["10.44.8.300"]}')
    assert "failover_ping_targets[0]" in said and "10.44.8.300" in said
    assert "ssh" not in said.lower()


def test_a_backing_device_with_data_on_it_is_not_touched(site: Site) -> None:
    node = site.lab.nodes[1]
    site.lab.ssh(node, "mkfs.ext4 -q -L precious /dev/ubdc")
    before = site.lab.ssh(node, "sha256sum /dev/ubdc").stdout
    said = refusal(site)
    assert node in said and "/dev/ubdc" in said and "ext4" in said
    assert site.lab.ssh(node, "sha256sum /dev/ubdc").stdout == before
    site.lab.ssh(node, "wipefs -qa /dev/ubdc")
    assert "/dev/ubdc" in refusal(site), "without its signature it still holds data"
    site.lab.ssh(node, "dd if=/dev/zero of=/dev/ubdc bs=1M count=320 conv=fsync status=none")


def test_a_node_that_cannot_be_reached_stops_everything(site: Site) -> None:
    node = site.lab.nodes[1]
    site.lab.power(node, "off")
    try:
        said = refusal(site)
    finally:
        site.lab.power(node, "on")
        site.lab.wait_ready()
    address = site.lab.spec.node(node).addresses["office"]
    assert f"{node} ({address}) cannot be examined, so nothing was changed on any node" in said


def test_a_bmc_that_refuses_the_password_stops_everything(site: Site) -> None:
    said = refusal(site, LAB_BMC_PASSWORD="not-the-password")
    device = site.lab.spec.nodes[0]
    named = f"failover_fencing[0].nodes.{device.name}: the BMC at {device.bmc} refuses the password"
    assert named in said
    assert "not-the-password" not in said
