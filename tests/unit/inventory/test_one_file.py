# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One file is a new kind of application, one file a new type of storage: nothing else names them.

Each test adds that file to a copy of the collection, and changes nothing in it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import CHECKOUT, Play, cluster

ASKED = Path(__file__).with_name("asked.py")
REDIS = '''
"""redis: made up by a test."""

from __future__ import annotations

from .._inventory.kinds import Key, Secret, Whole
from ._base import LOCALHOST, Application


class Redis(Application):
    """What data alone do not say."""

    def secrets(self, service, application):
        return {f"redis-{service['name']}": "password"}


KIND = Redis(
    name="redis",
    keys={
        "port": Key(Whole(1, 65535), "Port of the store.", default=6379),
        "localhost": LOCALHOST,
        "password": Key(Secret(), "Password of the store."),
    },
    on_storage=True,
    role="redis",
    reserved=("redis-server",),
    needs=("redis-server",),
    stock={"redis-server.service": "redis-server"},
    settings={"redis-server": {"etc/redis/no.conf": "no"}},
    accounts={"redis": {"default": 890, "home": "/var/lib/redis"}},
    files=("redis.conf",),
    monitor=({"type": "port"},),
)
'''
ISCSI = '''
"""iscsi: made up by a test."""

from __future__ import annotations

from .._inventory.kinds import Key, Text
from .._inventory.nested import Each
from .._inventory.storage import DEVICE, FILESYSTEM, MOUNT, OPTIONS
from ._base import Storage


class Iscsi(Storage):
    """A disk that a target gives to whoever asks."""

    def secrets(self, service):
        return [f"iscsi-{service['name']}"]

    def keeps(self, service, node, seen):
        return seen["signature"] == "iscsi"

    def host(self, services, node, info):
        if services and info["kernel"] == "bare":
            yield f"{node}: has no module iscsi."

    def notes(self, service):
        return [f"{service['name']}: a log-in takes 3 s."]


KIND = Iscsi(
    name="iscsi",
    keys={
        "disk": Key(Each(DEVICE), "Disk after the log-in.", required=True),
        "target": Key(Text(), "Name of the target.", required=True),
        "mount": MOUNT,
        "filesystem": FILESYSTEM,
        "options": OPTIONS,
    },
    role="iscsi",
    reserved=("iscsi",),
    needs=("open-iscsi",),
    stock={"iscsid.service": "open-iscsi"},
)
'''
LOGGING_IN = """
    def before(self, service, cluster, locks):
        target = service["storage"]["target"]
        return [{"name": "login", "type": "login", "target": target, "after": []}]

    def secrets("""
LOGIN = '''
"""login: made up by a test."""

from __future__ import annotations

from .part import Part

PART = Part.LOCK
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 20.0


def parse(entry, node, nodes):
    return entry.text("target")


def build(settings, host):
    raise NotImplementedError
'''
Asking = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what users install, without the links and the builds of the checkout."""
    place = tmp_path / "ansible_collections" / "failover" / "cluster"
    for part in ("plugins", "roles", "playbooks", "meta"):
        shutil.copytree(CHECKOUT / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(CHECKOUT / "galaxy.yml", place)
    return place


def variables(service: dict[str, Any]) -> dict[str, Any]:
    """A sound cluster with this service."""
    made = yaml.safe_load(json.dumps(cluster(1)["vars"]).replace("n1a", "node1"))
    made = yaml.safe_load(json.dumps(made).replace("n1b", "node2"))
    for number, link in enumerate(made["failover_links"], 1):
        link["address"] = {f"node{n}": f"192.168.{number}.{n}/24" for n in (1, 2)}
    made["failover_services"] = [service]
    return dict(made)


def answered(accounts: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """What two sound nodes tell."""
    units = [f"{one}-shop.service" for one in ("redis", "postgresql", "apache")]
    unit = {"exists": True, "masked": False, "enabled": False, "mendable": True, "triggers": []}
    disk = {"exists": True, "block": True, "size": 1 << 30, "signature": "", "used": ""}

    def node(number: int) -> dict[str, Any]:
        return {
            "nodename": f"node{number}",
            "os": {"id": "debian", "version": "12"},
            "interfaces": {f"eth{n - 1}": [f"192.168.{n}.{number}/24"] for n in (1, 2)},
            "free_mib": {},
            "interface_types": {},
            "accounts": dict.fromkeys(accounts),
            "taken": {"uids": [], "gids": []},
            "units": dict.fromkeys(units, unit),
            "programs": {},
            "serial": {},
            "packages": {"missing": [], "interrupted": False, "ours": []},
            "texts": {},
            "names": {},
            "disks": {"shop": {**disk, "zero": True}},
            "drbd_files": {},
            "drbd_minors": [],
            "drbd_version": "8.4.11",
            "listening": [],
            "kernel": "6.1",
            "mounts": {},
            "fstab": [],
            "mount_units": {},
            "running": False,
            "services": [],
            "held": [],
            "configured": {},
            "lock_disk": None,
            "locks": {},
            "watchdog": {"exists": False, "loadable": False, "identity": ""},
            "root": True,
            "offset": [-0.5, 0.5],
        }

    return {"node1": node(1), "node2": node(2)}


@pytest.fixture
def asking(copy: Path) -> Asking:
    """Asks the copy what it makes of each of some services.

    accounts: that the nodes were asked about, and that they lack.
    """

    def asked(*services: dict[str, Any], accounts: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        cases = [{"variables": variables(one), "found": answered(accounts)} for one in services]
        done = subprocess.run(
            [sys.executable, ASKED, copy.parents[2]],
            input=json.dumps(cases),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return list(json.loads(done.stdout))

    return asked


def refused(asking: Asking, *cases: tuple[dict[str, Any], str]) -> None:
    """Each service is refused with its sentence."""
    said = asking(*(given for given, _sentence in cases))
    for (_given, sentence), one in zip(cases, said, strict=True):
        assert sentence in one["refused"]


def service(**more: Any) -> dict[str, Any]:
    """A service on a replicated disk."""
    drbd = {"type": "drbd", "disk": "/dev/vdb", "link": "cross", "mount": "/srv/shop"}
    return {"name": "shop", "storage": drbd, "addresses": ["192.168.1.9/24"], **more}


@pytest.mark.house("application")
def test_one_file_is_a_new_kind_of_application(copy: Path, asking: Asking) -> None:
    wanted = service(applications=[{"redis": {"password": "never-to-be-shown"}}])
    known = "is not an application; known are apache, postgresql, {lsb: NAME}"
    refused(asking, (wanted, known))
    (copy / "plugins/plugin_utils/_applications/redis.py").write_text(REDIS, encoding="utf-8")

    port, word = {"redis": {"port": 0}}, {"redis": {"prot": 1}}
    refused(
        asking,
        (service(applications=[port]), "[0].redis.port: 0 is not between 1 and 65535."),
        (service(applications=[word]), "[0].redis.prot: unknown key; port may be meant;"),
        (service(applications=["reddis"]), "known are apache, postgresql, redis,"),
        (
            service(applications=["redis"], storage={"type": "none"}),
            "redis keeps its files on the service's storage",
        ),
        (service(name="redis-server"), "redis-server is a reserved name"),
    )

    [said] = asking(wanted, accounts=("redis",))
    [made] = said["model"]["services"][0]["applications"]
    assert (made["unit"], made["port"]) == ("redis-shop.service", 6379)
    assert made["listen"] == ["192.168.1.9"]
    assert "never-to-be-shown" not in json.dumps(said)
    assert "redis-server" in said["packages"]
    view = said["view"]
    assert view["roles"]["applications"] == ["redis"]
    assert "redis-shop" in view["secrets"]
    assert view["settings"]["redis-server"] == {"etc/redis/no.conf": "no"}
    questions = view["questions"]["node1"]
    assert questions["accounts"] == ["redis"]
    assert questions["units"] == ["redis-shop.service"]
    assert questions["stock_units"]["redis-server.service"] == "redis-server"
    account = {"name": "redis", "home": "/var/lib/redis", "uid": 890, "gid": 890}
    assert said["accounts"] == [account]
    [gone] = said["gone"]
    assert "/etc/failover/old/redis.conf" in gone["files"]
    assert "/etc/systemd/system/redis-old.service" in gone["files"]
    resources = {r["name"]: r for r in said["configuration"]["services"][0]["resources"]}
    assert (resources["redis"]["type"], resources["redis"]["unit"]) == (
        "unit",
        "redis-shop.service",
    )
    assert resources["redis"]["monitor"] == [
        {"type": "port", "port": 6379, "address": "192.168.1.9"}
    ]
    assert "| `applications[].redis.port` | whole number from 1 to 65535 | `6379` |" in said["page"]
    options = said["options"]["failover_services"]["options"]["applications"]["options"]
    assert options["redis"]["options"]["password"]["no_log"] is True


@pytest.mark.house("storage")
def test_one_file_is_a_new_type_of_storage(copy: Path, asking: Asking) -> None:
    iscsi = {"type": "iscsi", "disk": "/dev/sdb", "target": "iqn.shop", "mount": "/srv/shop"}
    wanted = service(storage=iscsi, applications=["apache"])
    refused(asking, (wanted, "iscsi is not one of drbd, none, shared, streaming."))
    (copy / "plugins/plugin_utils/_storage/iscsi.py").write_text(ISCSI, encoding="utf-8")

    refused(
        asking,
        (
            service(storage={**iscsi, "type": "iscsy"}),
            "not one of drbd, iscsi, none, shared, streaming.",
        ),
        (service(storage={**iscsi, "target": ""}), "storage.target: an empty text is not a text."),
        (service(storage={**iscsi, "minor": 1}), "storage.minor: does not belong to type iscsi."),
        (service(name="iscsi"), "iscsi is a reserved name"),
    )

    [said] = asking(wanted)
    storage = said["model"]["services"][0]["storage"]
    assert (storage["target"], storage["mount"]) == ("iqn.shop", "/srv/shop")
    assert "open-iscsi" in said["packages"] and "drbd-utils" not in said["packages"]
    view = said["view"]
    assert "iscsi" in view["roles"]["storage"]
    assert view["secrets"] == ["key", "iscsi-shop"]
    questions = view["questions"]["node1"]
    assert questions["stock_units"]["iscsid.service"] == "open-iscsi"
    assert questions["services"] == [{"name": "shop", "disk": "/dev/sdb", "mount": "/srv/shop"}]
    assert "shop: a log-in takes 3 s." in said["takeover"]
    [mount, *_rest] = said["configuration"]["services"][0]["resources"]
    assert (mount["type"], mount["device"]["node2"]) == ("filesystem", "/dev/sdb")
    row = "| `storage.target` | text | required | Name of the target. (type: iscsi.) |"
    assert row in said["page"]
    options = said["options"]["failover_services"]["options"]["storage"]["options"]
    assert options["type"]["choices"] == ["drbd", "iscsi", "none", "shared", "streaming"]


@pytest.mark.house("storage")
def test_one_file_more_is_a_type_of_resource_that_the_daemon_reads(
    copy: Path, asking: Asking
) -> None:
    text = ISCSI.replace("\n    def secrets(", LOGGING_IN)
    (copy / "plugins/plugin_utils/_storage/iscsi.py").write_text(text, encoding="utf-8")
    iscsi = {"type": "iscsi", "disk": "/dev/sdb", "target": "iqn.shop", "mount": "/srv/shop"}
    unknown = "type: must be one of drbd, filesystem, lsb, ocf, sfex, unit, virtual_ip, not login."
    refused(asking, (service(storage=iscsi), unknown))
    files = copy / "roles/engine_agent/files/failoverd"
    (files / "resources/login.py").write_text(LOGIN, encoding="utf-8")
    [said] = asking(service(storage=iscsi))
    [login, mount, *_rest] = said["configuration"]["services"][0]["resources"]
    assert (login["target"], mount["after"]) == ("iqn.shop", ["login"])


@pytest.mark.house("application", "storage")
def test_ansible_itself_finds_what_a_file_adds(copy: Path, play: Play) -> None:
    """By the loader of collections, whose way to a module is its own."""
    (copy / "plugins/plugin_utils/_applications/redis.py").write_text(REDIS, encoding="utf-8")
    (copy / "plugins/plugin_utils/_storage/iscsi.py").write_text(ISCSI, encoding="utf-8")
    one = cluster(1)
    one["vars"]["failover_services"][0].update(
        storage={"type": "iscsi", "disk": "/dev/sdb", "target": "x", "mount": "/srv/web"},
        applications=["redis"],
    )
    path = str(copy.parents[2])
    done = play("validate", {"one": one}, ANSIBLE_COLLECTIONS_PATH=path)
    assert done.code == 0, done.text
    assert done.ok("n1a")


@pytest.mark.parametrize("task", ["Ask the node", "Ask the nodes that the play leaves out"])
def test_a_node_is_asked_every_question_of_the_model(task: str, asking: Asking) -> None:
    tasks = yaml.safe_load((CHECKOUT / "roles/prepare/tasks/preflight.yml").read_text("utf-8"))
    [asked] = [one["failover.cluster.node_info"] for one in tasks if one["name"] == task]
    [said] = asking(service())
    questions = said["view"]["questions"]["node1"]
    assert set(questions) - {"stock_units"} == set(asked)
    assert "stock_units" in asked["units"]
