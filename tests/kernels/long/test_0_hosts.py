# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts on which others live already: what is theirs is seen, and left as it is.

Runs before the cluster is built: the number in the file's name says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import yaml

from lab.errors import LabError
from tests.kernels.conftest import OUT, Built, Site

SERVED = "a page of somebody else"
FETCH = 'import urllib.request as u; print(u.urlopen("http://127.0.0.1:8181/").read().decode())'
SCRIPT = """#!/bin/sh
### BEGIN INIT INFO
# Provides: legacy
# Required-Start: $remote_fs
# Required-Stop: $remote_fs
# Default-Start: 2 3 4 5
# Default-Stop: 0 1 6
# Short-Description: an old program
### END INIT INFO
exit 0
"""
RESOURCE = """resource r0 {
  device /dev/drbd0 minor 0;
  disk /dev/nowhere;
  meta-disk internal;
  on tokyo { address 172.20.7.1:7789; }
  on osaka { address 172.20.7.2:7789; }
}
"""


def preflight(site: Site, application: str = "") -> str:
    """What the preflight says when it refuses."""
    arguments = ["-e", application] if application else []
    with pytest.raises(LabError):
        site.play("preflight", *arguments)
    return " ".join((OUT / "preflight.log").read_text(encoding="utf-8").split())


@contextmanager
def prepared(site: Site, node: str, before: str, after: str) -> Iterator[None]:
    """Do something to a bare host, and undo it at the end."""
    site.lab.ssh(node, before, timeout=300)
    try:
        yield
    finally:
        site.lab.ssh(node, after, timeout=300, check=False)


def services(site: Site, application: dict[str, str]) -> str:
    """The inventory's service with another application beside its own, as an extra variable."""
    inventory = yaml.safe_load(site.target.inventory.read_text(encoding="utf-8"))
    wanted = inventory["lab_nodes"]["vars"]["failover_services"]
    wanted[0]["applications"].append(application)
    return json.dumps({"failover_services": wanted})


@pytest.mark.finding("H3")
def test_a_script_that_starts_at_boot_is_seen(site: Site) -> None:
    node = site.lab.nodes[1]
    install = f"cat > /etc/init.d/legacy <<'END'\n{SCRIPT}END\nchmod +x /etc/init.d/legacy"
    for other in site.lab.nodes:
        site.lab.ssh(other, install)
    start = "update-rc.d legacy defaults && systemctl daemon-reload"
    stop = "update-rc.d legacy remove && systemctl daemon-reload"
    with prepared(site, node, start, stop):
        said = preflight(site, services(site, {"lsb": "legacy"}))
    assert f"{node}: legacy.service is started at boot" in said
    for other in site.lab.nodes:
        site.lab.ssh(other, "rm /etc/init.d/legacy; systemctl daemon-reload")


@pytest.mark.finding("H10")
def test_a_unit_that_the_standby_lacks_or_masks_is_seen(site: Site) -> None:
    here, there = site.lab.nodes
    unit = "/etc/systemd/system/worker.service"
    make = f"printf '[Service]\\nExecStart=/bin/sleep inf\\n' > {unit} && systemctl daemon-reload"
    gone = f"rm -f {unit}; systemctl daemon-reload"
    with prepared(site, here, make, gone):
        said = preflight(site, services(site, {"unit": "worker.service"}))
        assert f"{there}: there is no unit worker.service" in said
        with prepared(site, there, "systemctl mask worker.service", "systemctl unmask worker"):
            said = preflight(site, services(site, {"unit": "worker.service"}))
    assert f"{there}: worker.service is masked there" in said


@pytest.mark.finding("H9")
def test_a_mount_option_that_only_fstab_knows_is_refused_before_anything_is_built(
    site: Site,
) -> None:
    inventory = yaml.safe_load(site.target.inventory.read_text(encoding="utf-8"))
    wanted = inventory["lab_nodes"]["vars"]["failover_services"]
    wanted[0]["storage"]["options"] = "noatime,nofail"
    said = preflight(site, json.dumps({"failover_services": wanted}))
    assert "failover_services[0].storage.options: noatime,nofail holds nofail" in said


@pytest.mark.finding("H2")
def test_a_resource_of_somebody_else_keeps_its_numbers(site: Site) -> None:
    """Minor 0 and port 7789 are taken: the cluster takes others, and site.yml goes on below."""
    for node in site.lab.nodes:
        write = f"mkdir -p /etc/drbd.d && cat > /etc/drbd.d/r0.res <<'END'\n{RESOURCE}END"
        site.lab.ssh(node, write)
    site.play("preflight")


@pytest.mark.finding("H1")
def test_a_server_of_somebody_else_is_not_touched(site: Site) -> None:
    """Before the cluster is built; what became of it is looked at afterwards."""
    for node in site.lab.nodes:
        site.lab.ssh(
            node,
            "DEBIAN_FRONTEND=noninteractive apt-get -q update"
            " && DEBIAN_FRONTEND=noninteractive apt-get -q -y install apache2"
            " && sed -i 's/^Listen 80$/Listen 8181/' /etc/apache2/ports.conf"
            f" && echo '{SERVED}' > /var/www/html/index.html && systemctl restart apache2"
            " && systemctl enable apache2",
            timeout=300,
        )


@pytest.mark.finding("H1", "H2")
def test_what_was_there_before_is_as_it_was_when_the_cluster_runs(built: Built) -> None:
    lab = built.site.lab
    for node in lab.nodes:
        state = lab.ssh(node, "systemctl is-active apache2; systemctl is-enabled apache2").stdout
        assert state.split() == ["active", "enabled"]
        assert SERVED in lab.ssh(node, f"python3 -c '{FETCH}'").stdout
        assert lab.ssh(node, "cat /etc/drbd.d/r0.res").stdout == RESOURCE
        assert lab.ssh(node, "drbdadm dump r0 > /dev/null && echo good").stdout.strip() == "good"
    assert built.site.play("site").changed == 0
    # The tests that follow have the hosts to themselves.
    for node in lab.nodes:
        lab.ssh(node, "systemctl disable --now apache2; rm /etc/drbd.d/r0.res")
