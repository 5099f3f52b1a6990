# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the checkout importable as the collection it is, and gives the tests an inventory."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no reason to fail. ansible-test does not read tests/conftest.py.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

CHECKOUT = Path(__file__).resolve().parents[3]
COLLECTIONS = CHECKOUT / "build" / "collections"


def _link() -> None:
    link = COLLECTIONS / "ansible_collections" / "failover" / "cluster"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(CHECKOUT)


_link()
sys.path.insert(0, str(COLLECTIONS))
# ansible-test does not read pyproject.toml.
sys.path.append(str(CHECKOUT / "roles" / "engine_agent" / "files"))


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known to ansible-test, too, which does not read pyproject.toml."""
    config.addinivalue_line("markers", "finding(number, ...): answers these findings of the audit")


NODES = ["node1", "node2"]
UNIT: dict[str, Any] = {
    "exists": True,
    "masked": False,
    "active": False,
    "enabled": False,
    "boot": "",
    "mendable": True,
    "source": "",
    "triggers": [],
    "user": "",
}
VARIABLES: dict[str, Any] = {
    "failover_links": [
        {
            "name": "lan",
            "interface": "eth0",
            "address": {"node1": "192.168.1.11/24", "node2": "192.168.1.12/24"},
        },
        {
            "name": "cross",
            "interface": "eth1",
            "address": {"node1": "192.168.2.11/24", "node2": "192.168.2.12/24"},
        },
        {"name": "serial", "device": "/dev/ttyS0"},
    ],
    "failover_fencing": [
        {
            "method": "stonith",
            "agent": "fence_ipmilan",
            "nodes": {"node1": {"ip": "192.168.1.21"}, "node2": {"ip": "192.168.1.22"}},
            "parameters": {"username": "admin", "password": "hidden-word", "lanplus": True},
        },
    ],
    "failover_services": [
        {
            "name": "shop",
            "preferred": "node1",
            "storage": {"type": "drbd", "disk": "/dev/vdb", "link": "cross", "mount": "/srv/shop"},
            "addresses": ["192.168.1.10/24"],
            "applications": [
                "postgresql",
                {"apache": {"after": ["postgresql"]}},
                {"unit": "worker.service"},
            ],
        },
    ],
}


def put(variables: dict[str, Any], path: str, value: Any) -> None:
    """Set one value by a path such as failover_links.0.name; ... removes it."""
    *way, last = path.split(".")
    here: Any = variables
    for step in way:
        here = here[int(step)] if isinstance(here, list) else here[step]
    key: Any = int(last) if isinstance(here, list) else last
    if value is ...:
        del here[key]
    elif isinstance(here, list) and key == len(here):
        here.append(value)
    else:
        here[key] = value


def resource_file(minor: Any = 0, port: Any = 7789, **changes: Any) -> dict[str, Any]:
    """What a node tells of a resource file of ours."""
    file = {"ours": True, "minors": [minor], "ports": [port], "digest": "x", "fencing": True}
    return {**file, **changes}


@pytest.fixture
def variables() -> dict[str, Any]:
    """The inventory variables of a sound cluster, free to be spoilt."""
    return copy.deepcopy(VARIABLES)


@pytest.fixture
def build(variables: dict[str, Any]) -> Callable[..., dict[str, Any]]:
    """Builds the model from the variables, changed by path=value pairs."""
    from ansible_collections.failover.cluster.plugins.plugin_utils import _model

    def made(*changes: tuple[str, Any], found: Any = None) -> dict[str, Any]:
        for path, value in changes:
            put(variables, path, value)
        each = {
            node: {**variables, "ansible_host": f"10.0.0.{i}"} for i, node in enumerate(NODES, 1)
        }
        return _model.build("shop", NODES, each, found)

    return made


@pytest.fixture
def found() -> dict[str, dict[str, Any]]:
    """What two sound nodes answer."""

    def node(last: int) -> dict[str, Any]:
        return {
            "nodename": f"node{last - 10}",
            "os": {"id": "debian", "version": "12"},
            "interfaces": {"eth0": [f"192.168.1.{last}/24"], "eth1": [f"192.168.2.{last}/24"]},
            "free_mib": {"/": 2000, "/usr": 2000, "/var": 2000},
            "accounts": {"postgres": None, "www-data": {"uid": 33, "gid": 33}},
            "taken": {"uids": [0, 1, 33], "gids": [0, 1, 33]},
            "interface_types": {"eth0": 1, "eth1": 1},
            "units": {
                "postgresql-shop.service": dict(UNIT),
                "apache-shop.service": dict(UNIT),
                "worker.service": dict(UNIT),
            },
            "programs": {},
            "serial": {
                "/dev/ttyS0": {"exists": True, "console": False, "name": "ttyS0", "readers": []}
            },
            "mount_units": {},
            "kernel": "6.1.0-1-amd64",
            "drbd_version": "8.4.11",
            "names": {"node1": ["192.168.1.11"], "node2": ["192.168.1.12"]},
            "disks": {
                "shop": {
                    "exists": True,
                    "block": True,
                    "size": 1 << 30,
                    "signature": "",
                    "zero": True,
                    "used": "",
                }
            },
            "drbd_files": {},
            "drbd_minors": [],
            "listening": [22],
            "packages": {"missing": [], "interrupted": False, "ours": []},
            "mounts": {},
            "fstab": [],
            "running": False,
            "services": [],
            "held": [],
            "configured": {},
            "lock_disk": None,
            "locks": {},
            "texts": {},
            "watchdog": {"exists": False, "loadable": False, "identity": ""},
            "root": True,
            "time": 1000.0,
            "offset": [-0.5, 0.5],
        }

    return {"node1": node(11), "node2": node(12)}
