# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several services on one pair of nodes: after a failover all of them run on one node."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from collections import ChainMap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
from ansible_collections.failover.cluster.plugins.filter import endpoint
from ansible_collections.failover.cluster.plugins.plugin_utils import _problems
from ansible_collections.failover.cluster.plugins.plugin_utils._engines.agent import config

from failoverd import config as daemon

from .conftest import CHECKOUT

SERVICE = "failover_services[1]"


def service(name: str, last: int, *applications: Any, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "storage": {
            "type": "drbd",
            "disk": f"/dev/vd{chr(97 + last)}",
            "link": "cross",
            "mount": f"/srv/{name}",
        },
        "addresses": [f"192.168.1.{last}/24"],
        "applications": list(applications),
        **more,
    }


@pytest.fixture
def two(build):
    """The model of two services with these applications."""

    def made(first: list[Any], second: list[Any], **more: Any) -> dict[str, Any]:
        services = [service("one", 3, *first, **more), service("two", 4, *second, **more)]
        model: dict[str, Any] = build(("failover_services", services))
        return model

    return made


def refused(two, first: list[Any], second: list[Any], **more: Any) -> str:
    with pytest.raises(_problems.Problem) as caught:
        two(first, second, **more)
    return str(caught.value)


@pytest.mark.finding("S25")
def test_two_services_may_have_the_same_applications_on_the_same_ports(two):
    model = two(["postgresql", "apache"], ["postgresql", "apache"])
    texts = {**config.files(model, "node1"), "key": "ab" * 32}
    asked = {}
    for each in daemon.parse(texts).services:
        resources = {resource.name: resource for resource in each.resources}
        [query], [http] = resources["postgresql"].monitor, resources["apache"].monitor
        asked[each.name] = (query.options.path, str(http.options.endpoint))
        assert resources["postgresql"].options.unit == f"postgresql-{each.name}.service"
    assert asked == {
        "one": ("/run/postgresql-one/.s.PGSQL.5432", "192.168.1.3:80"),
        "two": ("/run/postgresql-two/.s.PGSQL.5432", "192.168.1.4:80"),
    }


@pytest.mark.finding("S25")
@pytest.mark.parametrize("kind", ["postgresql", "apache"])
def test_services_that_would_listen_at_the_same_place_are_refused(two, kind):
    port = {"postgresql": 5432, "apache": 80}[kind]
    everywhere = refused(two, [kind], [kind], addresses=[])
    assert everywhere == (
        f"{SERVICE}.applications[0].port: {port} of {kind} of service two is the port of {kind} of"
        " service one (failover_services[0].applications[0]), and what belongs to a service without"
        " an address, or replicates by itself, listens on every address; give one of them"
        " another port."
    )
    local = {kind: {"localhost": True}}
    assert "both listen on the same address" in refused(two, [local], [local])
    two([local], [kind])
    two([{kind: {"port": 7000}}], [kind], addresses=[])


@pytest.mark.finding("S25")
def test_one_address_serves_one_application_a_port(two):
    assert "both listen on the same address" in refused(
        two, [{"postgresql": {"port": 80}}, "apache"], []
    )


@pytest.mark.finding("S25")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"unit": "worker.service"}, {"unit": "worker.service"}),
        ({"lsb": "worker"}, {"unit": "worker.service"}),
        ("postgresql", {"unit": "postgresql-one.service"}),
    ],
)
def test_a_unit_belongs_to_one_service(two, one, other):
    said = refused(two, [one], [other])
    assert "is a unit of service one already; give each service a unit of its own" in said
    two([{"unit": "worker@one.service"}], [{"unit": "worker@two.service"}])


@pytest.mark.finding("S25")
def test_scopes_of_agents_that_would_be_called_alike_are_refused(build):
    services = [
        service("a-b", 3, {"ocf": "heartbeat:nginx", "name": "c"}),
        service("a", 4, {"ocf": "heartbeat:nginx", "name": "b-c"}),
    ]
    with pytest.raises(_problems.Problem, match="is a unit of service a-b already"):
        build(("failover_services", services))


@pytest.mark.finding("S25")
@pytest.mark.parametrize(
    "unit",
    [
        "failoverd.service",
        "failoverd-handover.service",
        "ssh.service",
        "sshd.service",
        "systemd-networkd.service",
        "dbus.service",
        "serial-getty@ttyS0.service",
        "drbd.service",
        "networking.service",
    ],
)
def test_units_of_the_system_are_refused(two, unit):
    assert f"applications[0].unit: {unit} belongs to the system" in refused(
        two, [], [{"unit": unit}]
    )
    script = unit.removesuffix(".service")
    if "@" not in script:
        assert "belongs to the system" in refused(two, [], [{"lsb": script}])


@pytest.mark.finding("S25")
def test_a_template_without_an_instance_is_refused(two):
    assert "is a template; name an instance of it" in refused(two, [], [{"unit": "w@.service"}])


@pytest.mark.finding("H12")
@pytest.mark.parametrize(
    "key",
    [
        "unix_socket_directories",
        "listen_addresses",
        "port",
        "data_directory",
        "hba_file",
        "ident_file",
        "config_file",
        "external_pid_file",
        "include",
        "include_dir",
        "include_if_exists",
    ],
)
def test_settings_on_which_the_cluster_relies_are_refused(two, key):
    said = refused(two, [], [{"postgresql": {"settings": {key: "1"}}}])
    assert said == (
        f"{SERVICE}.applications[0].postgresql.settings.{key}: not allowed; the role sets it itself."
    )


@pytest.mark.finding("H12")
def test_a_monitor_of_ones_own_asks_the_very_same_server(two):
    model = two(
        [
            {"postgresql": {"port": 5544, "monitor": [{"query": "SELECT 2"}, {"port": 5544}]}},
            {"apache": {"monitor": [{"port": 80}]}},
        ],
        [],
    )
    postgresql, apache = model["services"][0]["applications"]
    assert postgresql["monitor"] == [
        {
            "type": "query",
            "query": "SELECT 2",
            "port": 5544,
            "directory": "/run/postgresql-one",
        },
        {"type": "port", "port": 5544, "address": "192.168.1.3"},
    ]
    assert apache["monitor"] == [{"type": "port", "port": 80, "address": "192.168.1.3"}]


@pytest.mark.finding("H12")
def test_a_monitor_that_asks_where_nobody_listens_is_refused(two):
    def apache(**more: Any) -> dict[str, Any]:
        return {"apache": {"monitor": [{"http": "http://localhost/health"}], **more}}

    assert refused(two, [], [apache()]) == (
        f"{SERVICE}.applications[0].apache.monitor[0].http: http://localhost/health asks 127.0.0.1,"
        " where this apache does not listen; ask http://192.168.1.4:80/health, or let it listen there"
        " with localhost: true."
    )
    two([], [apache(localhost=True)])


@pytest.mark.finding("H22")
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("user", "postgres"),
        ("user", "pg_app"),
        ("user", "public"),
        ("user", "none"),
        ("database", "postgres"),
        ("database", "template0"),
        ("database", "template1"),
    ],
)
def test_what_postgresql_keeps_for_itself_is_refused(two, key, value):
    said = refused(two, [], [{"postgresql": {key: value}}])
    assert said.startswith(f"{SERVICE}.applications[0].postgresql.{key}: {value} is ")


@pytest.mark.finding("H22")
def test_a_service_and_its_database_are_not_called_like_postgresqls_own(build):
    with pytest.raises(_problems.Problem, match=r"\[0\]\.name: postgres is a reserved name"):
        build(("failover_services.0.name", "postgres"))
    with pytest.raises(
        _problems.Problem, match=r"postgresql\.database: postgres is PostgreSQL's own"
    ):
        build(
            ("failover_services.0.name", "shop"),
            ("failover_services.0.applications.0", {"postgresql": {"database": "postgres"}}),
        )


@pytest.mark.finding("I14")
@pytest.mark.parametrize("storage", [..., {"type": "none"}, None])
def test_a_service_without_storage_reaches_the_daemon(build, found, storage):
    proxy: dict[str, Any] = {
        "name": "proxy",
        "storage": storage,
        "addresses": ["192.168.1.20/24"],
        "applications": [{"unit": "haproxy.service"}],
    }
    if storage is ...:
        del proxy["storage"]
    model = build(("failover_services.1", proxy), found=found)
    texts = {**config.files(model, "node1"), "key": "ab" * 32}
    read = daemon.parse(texts)
    resources = {r.name: r.after for r in read.services[1].resources}
    assert resources == {
        "address-192.168.1.20": (),
        "haproxy": ("address-192.168.1.20",),
    }
    core = read.core().services[1]
    assert not core.replicated and not core.locked


@pytest.mark.finding("I14")
@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        ({}, "has no storage, no address and no application; give it one."),
        ({"applications": ["apache"]}, "apache keeps its files on the service's storage"),
        (
            {"storage": {"type": "none", "mount": "/srv/x"}},
            "storage.mount: does not belong to type none",
        ),
    ],
)
def test_a_service_without_storage_has_something_else(build, item, sentence):
    with pytest.raises(_problems.Problem, match=re.escape(sentence)):
        build(("failover_services.1", {"name": "proxy", **item}))


def rendered(role: str, template: str, each: dict[str, Any], application: dict[str, Any]) -> str:
    room = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined)
    room.filters["failover.cluster.endpoint"] = endpoint.FilterModule().filters()["endpoint"]
    room.filters["combine"] = lambda one, *others: dict(ChainMap(*others[::-1], one))
    text = (CHECKOUT / "roles" / role / "templates" / template).read_text()
    return room.from_string(text).render(
        item=(each, application),
        postgresql_settings={},
        apache_servers=1,
        apache_max_requests=4,
    )


def directory(path: Path, owner: str) -> None:
    path.mkdir()
    shutil.chown(path, owner)


class Node:
    """One node on which the servers of all services run, in a network of its own."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.name = f"many{os.getpid()}"
        self.made: list[Path] = []
        self.running: list[subprocess.Popen[bytes]] = []
        [self.programs] = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]

    def inside(self, *words: str, account: str = "root") -> list[str]:
        return ["ip", "netns", "exec", self.name, "runuser", "-u", account, "--", *words]

    def call(self, *words: str, account: str = "root") -> str:
        done = subprocess.run(
            self.inside(*words, account=account),
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def postgresql(self, each: dict[str, Any], application: dict[str, Any]) -> None:
        mount = Path(each["storage"]["mount"])
        directory(Path(application["socket"]), "postgres")
        self.made.append(Path(application["socket"]))
        data = str(mount / "postgresql")
        self.call(
            *(f"{self.programs}/initdb", "-D", data, "--auth=trust", "--no-sync"),
            account="postgres",
        )
        conf = mount / "postgresql.conf"
        text = rendered("postgresql", "postgresql.conf.j2", each, application)
        conf.write_text(text.replace("/etc/failover/", f"{self.base}/etc/"))
        hba = self.base / "etc" / each["name"] / "pg_hba.conf"
        hba.parent.mkdir(parents=True)
        hba.write_text(rendered("postgresql", "pg_hba.conf.j2", each, application))
        command = self.inside(
            f"{self.programs}/postgres", "-c", f"config_file={conf}", account="postgres"
        )
        with (mount / "log").open("wb") as log:
            self.running.append(subprocess.Popen(command, stdout=log, stderr=log, cwd="/"))

    def apache(self, each: dict[str, Any], application: dict[str, Any]) -> None:
        run, mount = Path(f"/run/apache-{each['name']}"), Path(each["storage"]["mount"])
        run.mkdir()
        self.made.append(run)
        (mount / "www").mkdir()
        (mount / "www" / "index.html").write_text(f"pages of {each['name']}")
        conf = mount / "apache.conf"
        text = rendered("apache", "apache.conf.j2", each, application)
        conf.write_text(text.replace("ServerRoot /etc/apache2", f"ServerRoot {mount}"))
        self.call("/usr/sbin/apache2", "-f", str(conf), "-k", "start")

    def stop(self) -> None:
        for conf in self.base.glob("srv/*/apache.conf"):
            with contextlib.suppress(AssertionError):
                self.call("/usr/sbin/apache2", "-f", str(conf), "-k", "stop")
        for process in self.running:
            process.terminate()
        for process in self.running:
            process.wait(timeout=60)
        for path in self.made:
            shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def node() -> Iterator[Node]:
    """A node with the addresses of both services, as after a failover. Needs root."""
    # Not pytest's directory: only its own account may pass through that.
    base = Path(tempfile.mkdtemp(prefix="many-"))
    base.chmod(0o755)
    (base / "srv").mkdir()
    made = Node(base)
    subprocess.run(["ip", "netns", "add", made.name], check=True)
    try:
        made.call("ip", "link", "set", "lo", "up")
        for last in (3, 4):
            made.call("ip", "address", "add", f"192.168.1.{last}/24", "dev", "lo")
        yield made
    finally:
        made.stop()
        shutil.rmtree(base)
        subprocess.run(["ip", "netns", "del", made.name], check=True)


@pytest.mark.finding("S25", "H12")
def test_the_servers_of_two_services_run_on_one_node_and_each_monitor_asks_its_own(build, node):
    names = [f"many{os.getpid()}{letter}" for letter in "ab"]
    services = [
        service(n, last, "postgresql", "apache") for n, last in zip(names, (3, 4), strict=True)
    ]
    for item in services:
        item["storage"]["mount"] = f"{node.base}/srv/{item['name']}"
        directory(Path(item["storage"]["mount"]), "postgres")
    model = build(("failover_services", services))
    for each in model["services"]:
        for application in each["applications"]:
            getattr(node, application["kind"])(each, application)
    texts = {**config.files(model, "node1"), "key": "ab" * 32}
    for settings, each in zip(daemon.parse(texts).services, model["services"], strict=True):
        [check] = next(r for r in settings.resources if r.name == "postgresql").monitor
        asyncio.run(serving(check))
        [http] = next(r for r in settings.resources if r.name == "apache").monitor
        url = f"http://{http.options.endpoint}/"
        assert node.call("curl", "-s", url) == f"pages of {each['name']}"
        asked = f"{node.programs}/psql", "-XAt", "-h", each["applications"][0]["socket"]
        query = "SELECT setting FROM pg_settings WHERE name = 'data_directory'"
        data = node.call(*asked, "-d", "postgres", "-c", query, account="postgres").strip()
        assert data == f"{each['storage']['mount']}/postgresql"


async def serving(check: Any) -> None:
    """The daemon's own check finds the server within a while."""
    from failoverd.checks.base import CheckFailed
    from failoverd.checks.query import Query

    assert pwd.getpwnam(check.options.account)
    asked, until = Query(check.options), time.monotonic() + 60
    try:
        while True:
            try:
                await asked.check()
                return
            except (CheckFailed, OSError):
                assert time.monotonic() < until, "the server does not answer"
                await asyncio.sleep(0.2)
    finally:
        asked.close()
