# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the model of a sound inventory says, and the configuration that is made of it."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.failover.cluster.plugins.plugin_utils import (
    _fencing,
    _membership,
    _model,
    _nodes,
    _packages,
    _problems,
    _secrets,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._engines.agent import config
from hypothesis import given
from hypothesis import strategies as st

from failoverd import config as daemon
from failoverd.alerts import settings as daemon_notices


def test_the_daemon_accepts_the_configuration_of_both_nodes(build):
    model = build()
    for node in model["nodes"]:
        texts = {**config.files(model, node), "key": "ab" * 32}
        read = daemon.parse(texts)
        assert (read.cluster, read.node) == ("shop", node)
        assert read.peer != node
        assert [service.name for service in read.services] == ["shop"]
        target = read.fencing[0].targets["node2"]
        assert target["ip"] == "192.168.1.22"
        assert target["password"] == "hidden-word"
        assert target["lanplus"] == "1"


def test_the_policy_of_a_service_reaches_the_daemon(build):
    model = build(
        ("failover_services.0.restarts", 5),
        ("failover_services.0.failure_expiry_s", 600),
        ("failover_services.0.failback", "automatic"),
        ("failover_services.0.failback_delay_s", 60),
    )
    texts = {**config.files(model, "node1"), "key": "ab" * 32}
    [service] = daemon.parse(texts).core().services
    assert (service.restarts, service.failure_expiry_s) == (5, 600.0)
    assert (service.failback, service.failback_delay_s) == (True, 60.0)


def test_the_monitors_reach_the_daemon(build):
    model = build(
        ("failover_ping_targets", ["192.168.1.254", {"address": "fd00::fe", "weight": 2}]),
        (
            "failover_monitors",
            {"ping": {"needed": 2, "interval_s": 2}, "space": {"interval_s": 60}},
        ),
    )
    texts = {**config.files(model, "node1"), "key": "ab" * 32}
    read = daemon.parse(texts).monitors
    assert [(t.address, t.weight) for t in read.ping.targets] == [
        ("192.168.1.254", 1),
        ("fd00::fe", 2),
    ]
    assert (read.ping.needed, read.ping.interval_s, read.space.interval_s) == (2, 2.0, 60.0)


NOTIFICATIONS = [
    {
        "method": "mail",
        "to": ["ops@example.org"],
        "from": "shop@example.org",
        "server": "mail.example.org",
        "username": "ops",
        "password": "hidden-mail",
    },
    {
        "method": "webhook",
        "url": "https://chat.example.org/hidden-hook",
        "body": {"text": "{text}"},
    },
    {"name": "pager", "method": "command", "command": ["/usr/local/bin/page", "--now"]},
]


def test_the_notifications_reach_the_daemon_and_their_secrets_nobody_else(build):
    model = build(("failover_notifications", NOTIFICATIONS))
    texts = {**config.files(model, "node1"), "key": "ab" * 32}
    mail, hook, pager = daemon.parse(texts).notifications
    assert isinstance(mail, daemon_notices.MailSettings)
    assert isinstance(hook, daemon_notices.WebhookSettings)
    assert isinstance(pager, daemon_notices.CommandSettings)
    assert (mail.server, mail.port, mail.password) == ("mail.example.org", 587, "hidden-mail")
    assert (hook.url, hook.body) == ("https://chat.example.org/hidden-hook", {"text": "{text}"})
    assert pager.argv == ("/usr/local/bin/page", "--now")
    assert "hidden" in texts["notifications.json"]
    assert "hidden-mail" not in texts["cluster.json"] and "hidden-hook" not in texts["cluster.json"]
    assert "hidden" not in json.dumps(_secrets.public(model))


def test_f10_a_service_does_not_come_home_by_itself_unless_told(build):
    model = build(("failover_timing", {"failure_expiry_s": 900}))
    texts = {**config.files(model, "node1"), "key": "ab" * 32}
    [service] = daemon.parse(texts).core().services
    assert not service.failback
    assert service.failure_expiry_s == 900.0


def test_what_is_public_holds_no_secret(build):
    model = build(
        ("failover_services.0.applications.0", {"postgresql": {"password": "hidden-too"}})
    )
    assert "hidden" in json.dumps(model)
    assert "hidden" not in json.dumps(_secrets.public(model))
    assert "hidden" not in json.dumps(config.render(model, "node1"))


def test_a_secret_of_one_device_alone_reaches_the_daemon(build):
    model = build(("failover_fencing.0.nodes.node2.password", "second-word"))
    texts = {**config.files(model, "node1"), "key": "ab" * 32}
    targets = daemon.parse(texts).fencing[0].targets
    assert targets["node2"]["password"] == "second-word"
    assert targets["node1"]["password"] == "hidden-word"


def test_resources_depend_on_what_they_stand_on(build):
    resources = config.render(build(), "node1")["services"][0]["resources"]
    after = {resource["name"]: resource["after"] for resource in resources}
    assert after == {
        "drbd": [],
        "mount": ["drbd"],
        "postgresql": ["mount", "address-192.168.1.10"],
        "apache": ["mount", "address-192.168.1.10", "postgresql"],
        "worker": ["mount", "address-192.168.1.10"],
        "address-192.168.1.10": ["drbd"],
    }


def resources_of(model):
    """The resources of the only service, as the daemon reads them, by name."""
    texts = {**config.files(model, "node1"), "key": "ab" * 32}
    [service] = daemon.parse(texts).services
    return {resource.name: resource for resource in service.resources}


def test_what_the_collection_installs_is_asked_whether_it_serves(build):
    resources = resources_of(
        build(
            ("failover_services.0.applications.0", {"postgresql": {"port": 5544}}),
            ("failover_services.0.applications.1", {"apache": {"port": 8080}}),
        )
    )
    [query], [http] = resources["postgresql"].monitor, resources["apache"].monitor
    assert query.options.path == "/run/postgresql-shop/.s.PGSQL.5544"
    assert (str(http.options.endpoint), http.options.target) == ("192.168.1.10:8080", "/")
    assert resources["worker"].monitor == ()


def test_agents_and_scripts_reach_the_daemon_with_a_name_of_their_own(build):
    model = build(
        (
            "failover_services.0.applications",
            [
                {"ocf": "heartbeat:nginx", "parameters": {"port": 8080, "configfile": "/srv/n"}},
                {"ocf": "example:daemon", "name": "worker", "promoted": True, "after": ["nginx"]},
                {"lsb": "legacy", "stop_timeout_s": 30},
            ],
        )
    )
    resources = resources_of(model)
    nginx, worker, legacy = (resources[name] for name in ("nginx", "worker", "legacy"))
    assert (nginx.type, nginx.options.agent) == ("ocf", "heartbeat:nginx")
    assert nginx.options.parameters == {"port": "8080", "configfile": "/srv/n"}
    assert nginx.options.instance == "shop-nginx"
    assert worker.options.promoted
    assert "nginx" in worker.after
    assert (legacy.type, legacy.options.script, legacy.stop_timeout_s) == ("lsb", "legacy", 30)
    packages = _packages.needed(model)
    assert "resource-agents" in packages
    asked = _nodes.questions(model, "node1")["units"]
    # F59: what the init system could start by itself is looked at, and nothing else.
    assert asked == ["legacy.service"]


def test_every_kind_of_check_reaches_the_daemon(build):
    monitor = [
        {"http": "http://[::1]:81/a?b=c", "status": [200], "body": "^ok", "host": "shop"},
        {"port": 25, "address": "127.0.0.2", "interval_s": 5, "deadline_s": 2, "confirmations": 4},
        {"socket": "/run/worker.sock", "name": "sock"},
        {"query": "SELECT 2", "port": 5433, "write": True, "connect_every": 1, "user": "shop"},
        {"command": ["/usr/bin/test", "-e", "/run/a b"], "name": "file"},
    ]
    resources = resources_of(
        build(
            ("failover_services.0.applications.2", {"unit": "worker.service", "monitor": monitor}),
            ("failover_services.0.applications.0", {"postgresql": {"monitor": []}}),
        )
    )
    http, port, sock, query, command = resources["worker"].monitor
    assert (http.options.endpoint.address, http.options.endpoint.port) == ("::1", 81)
    assert (http.options.status, http.options.host) == ((200,), "shop")
    assert (port.interval_s, port.deadline_s, port.confirmations) == (5.0, 2.0, 4)
    assert (port.options.address, port.options.port) == ("127.0.0.2", 25)
    assert (sock.name, sock.options.path) == ("sock", "/run/worker.sock")
    assert (query.options.query, query.options.write, query.options.user) == (
        "SELECT 2",
        True,
        "shop",
    )
    assert command.options.argv == ("/usr/bin/test", "-e", "/run/a b")
    assert resources["postgresql"].monitor == ()


def test_addresses_are_taken_from_the_nodes_but_never_a_virtual_one(build, variables, found):
    for link in variables["failover_links"][:2]:
        del link["address"]
    # The service runs on node1, so its interface has the virtual address in the first place.
    found["node1"]["interfaces"]["eth0"].insert(0, "192.168.1.10/24")
    found["node1"]["configured"] = ["shop"]
    model = build(found=found)
    assert model["links"][0]["address"] == {"node1": "192.168.1.11", "node2": "192.168.1.12"}
    assert model["links"][0]["network"] == "192.168.1.0/24"
    assert model["services"][0]["addresses"][0]["interface"] == {"node1": "eth0", "node2": "eth0"}


def test_an_interface_that_a_node_lacks_is_named(build, variables, found):
    del found["node2"]["interfaces"]["eth1"]
    with pytest.raises(_problems.Problem) as caught:
        build(found=found)
    assert str(caught.value) == (
        "failover_links[1].interface: eth1 does not exist on node2; it has eth0."
    )


def test_a_virtual_address_outside_the_lan_is_found_with_the_nodes_answers(build, variables, found):
    for link in variables["failover_links"][:2]:
        del link["address"]
    variables["failover_services"][0]["addresses"] = ["192.168.9.10/24"]
    build()
    with pytest.raises(_problems.Problem, match="not inside the subnet of link lan"):
        build(found=found)


def test_values_that_host_variables_make_differ_belong_to_their_node(variables):
    each = {"node1": copy.deepcopy(variables), "node2": copy.deepcopy(variables)}
    each["node1"].update(ansible_host="a")
    each["node2"]["failover_links"][0]["interface"] = "ens3"
    each["node2"]["failover_services"][0]["storage"]["disk"] = "/dev/sdc"
    model = _model.build("shop", ["node1", "node2"], each)
    assert model["links"][0]["interface"] == {"node1": "eth0", "node2": "ens3"}
    assert model["services"][0]["storage"]["disk"] == {"node1": "/dev/vdb", "node2": "/dev/sdc"}
    each["node2"]["failover_services"][0]["name"] = "other"
    with pytest.raises(_problems.Problem, match="must be the same on every node"):
        _model.build("shop", ["node1", "node2"], each)


def test_exactly_two_nodes_with_two_addresses(variables):
    with pytest.raises(_problems.Problem, match=r"the group shop has 3 hosts \(a, b, c\)"):
        _model.build("shop", ["a", "b", "c"], dict.fromkeys("abc", variables))
    both = {**variables, "ansible_host": "10.0.0.1"}
    with pytest.raises(_problems.Problem) as caught:
        _model.build("shop", ["node1", "node2"], {"node1": both, "node2": both})
    assert str(caught.value) == "ansible_host: 10.0.0.1 is the address of both node1 and node2."


def test_a_cluster_is_its_group_whatever_else_the_inventory_holds():
    groups = {
        "all": ["a", "b", "c", "d"],
        "ungrouped": [],
        "failover_nodes": ["b", "a"],
        "shop": ["a", "b"],
        "blog": ["c", "d"],
        "web": ["a", "b", "c", "d"],
    }
    assert _membership.find("a", {}, groups) == ("shop", "shop", ["a", "b"])
    assert _membership.find("d", {}, groups) == ("blog", "blog", ["c", "d"])
    assert _membership.find("d", {"failover_name": "news"}, groups) == ("news", "blog", ["c", "d"])
    groups["rack"] = ["a", "c"]
    with pytest.raises(_problems.Problem, match="failover_group: a is in the groups"):
        _membership.find("a", {}, groups)
    assert _membership.find("a", {"failover_group": "shop"}, groups) == ("shop", "shop", ["a", "b"])


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    value=TREES,
    key=st.sampled_from(
        [
            "failover_links",
            "failover_fencing",
            "failover_services",
            "failover_timing",
            "failover_unsafe",
            "failover_ping_targets",
            "failover_monitors",
            "failover_notifications",
            "failover_power_on",
            "failover_engine",
        ]
    ),
)
def test_rubbish_is_refused_by_a_sentence_and_by_nothing_else(value, key):
    from tests.unit.collection.conftest import VARIABLES

    variables = {**VARIABLES, key: value}
    each = {"node1": {**variables, "ansible_host": "a"}, "node2": variables}
    try:
        _model.build("shop", ["node1", "node2"], each)
    except _problems.Problem as problem:
        assert all(line and line.isprintable() for line in str(problem).split("\n"))


@given(st.dictionaries(st.sampled_from(["password", "passwd", "ip", "auth_token"]), st.text()))
def test_each_parameter_is_either_public_or_secret(parameters):
    public, secret = _fencing.public(parameters), _fencing.secret(parameters)
    assert {**public, **secret} == parameters
    assert not set(public) & set(secret)


def test_a_secret_by_its_name_alone_is_shown_to_nobody(build):
    shown = json.dumps(
        _secrets.public(build(("failover_fencing.0.parameters.hexadecimal_kg", "c0ffee")))
    )
    assert "username" in shown and "c0ffee" not in shown
