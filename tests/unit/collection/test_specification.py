# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an inventory may say, value by value, and that no refusal shows a secret."""

from __future__ import annotations

import copy
import re

import pytest
import yaml
from ansible_collections.failover.cluster.plugins.plugin_utils import (
    _model,
    _nodes,
    _problems,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._engines.agent import guard
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from .conftest import NODES, VARIABLES

SERVICE = "failover_services.0"
PG = SERVICE + ".applications.0"
HUGE = 10**400


def sentences(build, *changes):
    """Everything that is wrong."""
    with pytest.raises(_problems.Refusal) as caught:
        build(*changes)
    return caught.value.sentences


REFUSED = (
    (
        "I4",
        SERVICE + ".storage.mount",
        "/./etc/x",
        "storage.mount: /etc/x belongs to the system",
    ),
    ("I4", SERVICE + ".storage.mount", "//usr/lib", "storage.mount: /usr/lib belongs to the"),
    ("I4", SERVICE + ".storage.mount", "/var/lib", "storage.mount: /var/lib belongs to the"),
    ("I4", SERVICE + ".storage.mount", "/var/lib/dpkg/x", "/var/lib/dpkg/x belongs to the"),
    (
        "I4",
        "failover_sfex",
        {"disk": "/dev/./vdb"},
        "failover_sfex.disk: /dev/vdb is the disk of",
    ),
    ("I5", "failover_fencing.0.agent", "fence_ipmlan", "fence_ipmilan may be meant."),
    ("I6", PG, {"unit": "mount.service"}, "mount is the name of a resource that every service"),
    (
        "I6",
        "failover_notifications",
        [{"method": "webhook", "url": "http://"}],
        "failover_notifications[0].url: names no host",
    ),
    (
        "I6",
        SERVICE + ".applications.2",
        {"unit": "worker.service", "monitor": [{"http": "http://127.0.0.1:99999/"}]},
        "monitor[0].http: ",
    ),
    (
        "I6",
        SERVICE + ".applications.2",
        {"unit": "worker.service", "monitor": [{"port": 99999}]},
        "monitor[0].port: 99999 is not between 1 and 65535.",
    ),
    ("I10", SERVICE + ".name", ["shop"], "failover_services[0].name: a list is not a text."),
    ("I10", "failover_timing", {"dead_s": HUGE}, "dead_s: a number of too many digits is not"),
    ("I10", "failover_timing", {"dead_s": float("nan")}, "dead_s: nan is not between"),
    ("I10", "failover_timing", {"dead_s": "9" * 5000}, "dead_s: 999"),
    ("I12", PG, {"postgresql": {"version": "fifteen"}}, "version: fifteen is not a major"),
    ("I12", PG, {"postgresql": {"settings": {"max_conections": 9}}}, "max_connections may be"),
    ("I12", PG, {"postgresql": {"networks": ["10.20.30.0"]}}, "10.20.30.0 has no prefix"),
    ("I12", SERVICE + ".storage.options", "noatime, ro", "is not a list of mount options"),
    ("I12", SERVICE + ".storage.options", "noatime,ro", "holds ro; the cluster writes there"),
    ("I12", SERVICE + ".addresses.0", "fe80::1/64", "fe80::1 is a link-local address"),
    ("I12", SERVICE + ".addresses.0", "127.0.0.1/8", "127.0.0.1 is a loopback address"),
    ("I12", SERVICE + ".addresses.0", "224.0.0.9/24", "224.0.0.9 is a multicast address"),
    ("I12", "failover_links.0.interface", "a" * 16, "is not the name of an interface"),
    ("I12", SERVICE + ".storage.port", 22, "storage.port: 22 is not between 1024 and 65535."),
    ("I12", "failover_watchdog", {"device": "/etc/passwd"}, "/etc/passwd is not a path below"),
    ("I12", SERVICE + ".name", "postgres", "name: postgres is a reserved name"),
    ("I12", SERVICE + ".name", "all", "name: all is a reserved name"),
    ("H22", PG, {"postgresql": {"user": "postgres"}}, "postgres is reserved by PostgreSQL"),
    ("H22", PG, {"postgresql": {"database": "postgres"}}, "postgres is PostgreSQL's own"),
    ("H22", PG, {"postgresql": {"user": "pg_app"}}, "pg_app is reserved by PostgreSQL"),
    ("H24", "failover_fencing.0.parameters.password", "'quoted'", "a quote or a blank"),
    ("H24", "failover_fencing.0.parameters.password", " blank ", "a quote or a blank"),
    ("H24", "failover_fencing.0.nodes.node1.passwd", 'x"', "a quote or a blank"),
    (
        "H16",
        "failover_links.0.address",
        {"node1": "10.0.0.2/32", "node2": "10.0.0.3/32"},
        "give network: with the network of the LAN",
    ),
)
"""Of each: its finding, where it stands, the value, and words of the sentence."""


@pytest.mark.parametrize(
    ("finding", "path", "value", "sentence"),
    [pytest.param(*row, marks=pytest.mark.finding(row[0])) for row in REFUSED],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_value_is_refused_by_its_rule(build, finding, path, value, sentence):
    changes = [(path, value)]
    if path == "failover_sfex":
        storage = {"type": "shared", "disk": "/dev/vdb", "mount": "/srv/shop"}
        changes.append((SERVICE + ".storage", storage))
    told = sentences(build, *changes)
    assert any(sentence in line for line in told), told
    assert len(told) == len(set(told))
    if finding != "I6":
        assert len(told) == 1, told


@pytest.mark.finding("I6")
def test_applications_that_wait_for_each_other_are_refused(build):
    [told] = sentences(
        build,
        (SERVICE + ".applications.0", {"postgresql": {"after": ["apache"]}}),
    )
    assert told.startswith("failover_services[0].applications: these resources wait for each other")


@pytest.mark.finding("H16", "H20")
def test_addresses_of_clouds_and_of_cross_cables_work(build, variables):
    address = {"node1": "10.0.0.2/32", "node2": "10.0.0.3/32"}
    build(
        ("failover_links.0.address", address),
        ("failover_links.0.network", "10.0.0.0/24"),
        ("failover_links.1.address", {"node1": "169.254.7.1/16", "node2": "169.254.7.2/16"}),
        (SERVICE + ".addresses.0", "10.0.0.10/24"),
    )


@pytest.mark.finding("H16")
def test_an_address_alone_in_its_network_is_told_with_the_cure(build, variables, found):
    for link in variables["failover_links"][:2]:
        del link["address"]
    found["node1"]["interfaces"]["eth0"] = ["192.168.1.11/32"]
    [sentence] = sentences(build)[:1] if not _fails(build, found) else _fails(build, found)
    assert "give network:" in sentence
    assert "failover_links[0].interface: 192.168.1.11/32 of eth0 on node1" in sentence


def _fails(build, found):
    try:
        build(found=found)
    except _problems.Refusal as refusal:
        return refusal.sentences[:1]
    return []


@pytest.mark.finding("H20")
def test_a_cross_cable_with_addresses_that_the_interfaces_gave_themselves_works(
    build, variables, found
):
    del variables["failover_links"][1]["address"]
    found["node1"]["interfaces"]["eth1"] = ["169.254.10.1/16"]
    found["node2"]["interfaces"]["eth1"] = ["169.254.99.2/16"]
    model = build(found=found)
    assert model["links"][1]["address"] == {"node1": "169.254.10.1", "node2": "169.254.99.2"}


@pytest.mark.finding("S5")
def test_a_name_that_differs_from_node_to_node_is_refused(variables):
    each = {n: {**copy.deepcopy(variables), "failover_name": n[-1:] + "x"} for n in NODES}
    each["node1"]["failover_name"], each["node2"]["failover_name"] = "a", "b"
    each["node1"]["ansible_host"] = "10.0.0.1"
    with pytest.raises(_problems.Refusal) as caught:
        _model.build("a", NODES, each)
    assert str(caught.value) == (
        "failover_name: a on node1, b on node2; it must be the same on every node."
    )


@pytest.mark.finding("S6")
def test_a_fixed_address_of_any_node_is_no_virtual_one(build, found):
    # Where Ansible reaches node1.
    [told] = sentences(build, (SERVICE + ".addresses.1", "10.0.0.1/24"))
    assert "10.0.0.1/24 is already the address at which Ansible reaches node1." in told
    # A second address of an interface, which no variable names.
    found["node2"]["interfaces"]["eth0"].append("192.168.1.99/24")
    with pytest.raises(
        _problems.Refusal, match=r"192\.168\.1\.99/24 is already a fixed address of node2"
    ):
        build((SERVICE + ".addresses.1", "192.168.1.99/24"), found=found)
    # The same while the service may run there: it is the virtual address itself.
    found["node2"]["configured"] = ["shop"]
    build((SERVICE + ".addresses.1", "192.168.1.99/24"), found=found)


@pytest.mark.finding("S15")
def test_a_head_start_that_is_shorter_than_a_fence_is_told_with_its_arithmetic(build):
    [note] = guard.notes(build())
    assert note.startswith("failover_timing.fence_delay_s: 6 is not longer than the 30 s")
    assert "3 + 6 = 9 s" in note
    assert guard.notes(build(("failover_timing", {"fence_delay_s": 31}))) == []


@pytest.mark.finding("I9")
def test_all_problems_are_told_and_nothing_follows_from_a_wrong_value(build):
    told = sentences(
        build,
        ("failover_links.0.port", 0),
        ("failover_links.1.name", ["cross"]),
        (SERVICE + ".preferred", "node9"),
        (SERVICE + ".storage.filesystem", "ext2"),
        ("failover_fencing.0.timeout_s", "long"),
        ("failover_ping_target", ["192.168.1.254"]),
        ("failover_timing", {"dead_s": 0.6}),
    )
    assert sorted(line.partition(": ")[0] for line in told) == [
        "failover_fencing[0].timeout_s",
        "failover_links[0].port",
        "failover_links[1].name",
        "failover_ping_target",
        "failover_services[0].preferred",
        "failover_services[0].storage.filesystem",
        "failover_timing.dead_s",
    ]


@pytest.mark.finding("I6")
def test_what_the_daemon_alone_refuses_is_refused_before_any_node_is_changed(build, monkeypatch):
    from ansible_collections.failover.cluster.plugins.plugin_utils._engines.agent import reader

    def parse(texts):
        raise reader.ConfigError("cluster.json: services[0].name: is too beautiful.")

    monkeypatch.setattr(reader, "parse", parse)
    told = sentences(build)
    assert told[0].startswith("cluster shop: the daemon of node1 would refuse its configuration:")
    assert "is too beautiful" in told[0]


@pytest.mark.finding("I5")
def test_an_agent_that_the_distribution_does_not_have_must_be_on_the_nodes_already(build):
    strange = build(("failover_fencing.0.agent", "fence_zeppelin"))
    assert "/usr/sbin/fence_zeppelin" in _nodes.questions(strange, "node1")["programs"]
    known = build(("failover_fencing.0.agent", "fence_ipmilan"))
    assert _nodes.questions(known, "node1")["programs"] == []


@pytest.mark.finding("I8", "I9")
@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("failover_timeouts", "failover_timing may be meant."),
        ("failover_ping", "failover_ping_targets may be meant."),
        ("failover_servicse", "failover_services may be meant."),
        ("failover_colour", "known are failover_acknowledged, failover_engine,"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_name(build, word, meant):
    [told] = sentences(build, (word, "x"))
    assert told.startswith(f"{word}: unknown variable; {meant}")


@pytest.mark.finding("I10", "X1")
def test_an_error_of_the_collection_itself_quotes_no_value():
    empty: dict[str, str] = {}
    with pytest.raises(KeyError) as raised:
        empty["kiwi7Banana"]
    told = _problems.unexpected(raised.value)
    assert "KeyError at test_specification.py:" in told
    assert "kiwi7Banana" not in told


# Secrets in every place that can hold one; none of them is part of an ordinary word.
SECRETS = ("kiwi7Banana", "plum8Cherry", "fig9Walnut", "date3Almond", "pear5Hazel")


def _with_secrets():
    made = copy.deepcopy(VARIABLES)
    fencing = made["failover_fencing"][0]
    fencing["parameters"]["password"] = SECRETS[0]
    fencing["nodes"]["node1"]["passwd"] = SECRETS[1]
    made["failover_services"][0]["applications"][0] = {"postgresql": {"password": SECRETS[2]}}
    made["failover_notifications"] = [
        {"method": "webhook", "url": f"https://chat.example.org/{SECRETS[3]}"},
        {
            "method": "mail",
            "to": ["ops@example.org"],
            "from": "a@example.org",
            "password": SECRETS[4],
        },
    ]
    return made


LINES = yaml.safe_dump(_with_secrets(), sort_keys=False).splitlines()
EDITS = st.lists(
    st.tuples(
        st.integers(0, len(LINES) - 1),
        st.sampled_from(
            [
                "in",
                "out",
                "no dash",
                "dash",
                "join",
                "drop",
                "no colon",
                "quote",
                "block",
                "no blank",
            ]
        ),
    ),
    min_size=1,
    max_size=4,
)


def _edited(edits):
    lines = list(LINES)
    for index, edit in edits:
        line = lines[index]
        if edit == "in":
            lines[index] = "  " + line
        elif edit == "out":
            lines[index] = line.removeprefix("  ")
        elif edit == "no dash":
            lines[index] = line.replace("- ", "  ", 1)
        elif edit == "dash":
            lines[index] = re.sub(r"^( *)", r"\1- ", line, count=1)
        elif edit == "join" and index + 1 < len(lines):
            lines[index], lines[index + 1] = "", f"{line} {lines[index + 1].strip()}"
        elif edit == "drop":
            lines[index] = ""
        elif edit == "no colon":
            lines[index] = line.replace(":", "", 1)
        elif edit == "quote":
            lines[index] = re.sub(r"(\S.*)", r'"\1"', line, count=1)
        elif edit == "block":
            lines[index] = re.sub(r":.*$", ": |", line, count=1)
        elif edit == "no blank":
            lines[index] = line.replace(": ", ":", 1)
    return "\n".join(lines)


@pytest.mark.finding("X1")
@settings(max_examples=400, suppress_health_check=[HealthCheck.filter_too_much])
@example([(45, "in"), (45, "no colon")])
@given(EDITS)
def test_no_wrong_indentation_shows_a_secret(edits):
    try:
        made = yaml.safe_load(_edited(edits))
    except yaml.YAMLError:
        return  # Ansible itself refuses it.
    if not isinstance(made, dict):
        return
    each = {node: {**made, "ansible_host": f"10.0.0.{i}"} for i, node in enumerate(NODES, 1)}
    try:
        _model.build("shop", NODES, each)
    except _problems.Problem as problem:
        for secret in SECRETS:
            assert secret not in str(problem)


@pytest.mark.finding("X1")
@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("failover_fencing", {"parameters": {"password": SECRETS[0]}}),
        ("failover_fencing.0.parameters", f"password: {SECRETS[0]}"),
        ("failover_fencing.0.parameters", f"password:{SECRETS[0]}"),
        ("failover_fencing.0.agent", {"password": SECRETS[0]}),
        ("failover_fencing.0.agent", f"fence_ipmilan password={SECRETS[0]}"),
        ("failover_fencing.0.parameters", {SECRETS[0]: None}),
        ("failover_fencing.0.password", SECRETS[0]),
        ("failover_services.0.applications.0", {"postgresql": SECRETS[0] + " password"}),
        ("failover_services.0.applications.0", {"password": SECRETS[0]}),
        ("failover_services.0.applications.0", {SECRETS[0]: None, "apache": None}),
        ("failover_notifications", [{"method": "webhook", "url": f"ftp://u:{SECRETS[0]}@host/"}]),
        ("failover_services.0.addresses.0", f"https://u:{SECRETS[0]}@host/"),
        ("failover_ping_targets", [{"address": {"password": SECRETS[0]}}]),
    ],
)
def test_no_value_that_may_hold_a_secret_is_shown(build, path, value):
    with pytest.raises(_problems.Problem) as caught:
        build((path, value))
    assert SECRETS[0] not in str(caught.value)
    assert "{" not in str(caught.value).replace("{unit", "").replace("{ocf", "").replace("{lsb", "")


def _paths(value, before=()):
    yield before
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _paths(item, (*before, key))


EVERYTHING = {
    **VARIABLES,
    "failover_watchdog": {"device": "/dev/watchdog", "timeout_s": 6},
    "failover_sfex": {"disk": "/dev/vdc", "lease_s": 5},
    "failover_timing": {"dead_s": 3},
    "failover_monitors": {"ping": {"needed": 1}, "disk": {"interval_s": 5}},
    "failover_ping_targets": ["192.168.1.254", {"address": "192.168.1.253", "weight": 2}],
    "failover_notifications": [{"method": "command", "command": ["/bin/true"]}],
    "failover_unsafe": [],
}
EVERYTHING["failover_fencing"] = [*VARIABLES["failover_fencing"], {"method": "watchdog"}]
EVERYTHING["failover_services"] = [
    *VARIABLES["failover_services"],
    {
        "name": "blog",
        "storage": {"type": "shared", "disk": "/dev/vdd", "mount": "/srv/blog"},
        "addresses": [{"address": "192.168.1.20/24", "link": "lan"}],
        "applications": [
            {"ocf": "heartbeat:nginx", "parameters": {"port": 1}, "after": ["legacy"]},
            {"lsb": "legacy", "monitor": [{"http": "http://127.0.0.1/"}, {"port": 25}]},
        ],
    },
]
PATHS = [path for path in _paths(EVERYTHING) if path]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["shop", "lan", "cross", "10.0.0.1/24", "/dev/vdb", "node1", "::1", HUGE])
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "type", "node1", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.finding("I10")
@settings(max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(PATHS), TREES), min_size=1, max_size=3))
def test_whatever_stands_anywhere_is_refused_by_sentences_and_by_nothing_else(changes):
    made = copy.deepcopy(EVERYTHING)
    for path, value in changes:
        here = made
        try:
            for step in path[:-1]:
                here = here[step]
            here[path[-1]] = value
        except (KeyError, IndexError, TypeError):
            continue  # An earlier change took the place away.
    each = {node: {**made, "ansible_host": f"10.0.0.{i}"} for i, node in enumerate(NODES, 1)}
    try:
        _model.build("shop", NODES, each)
    except _problems.Problem as problem:
        told = str(problem).split("\n")
        assert len(told) == len(set(told))
        assert all(line and line.isprintable() and len(line) < 1500 for line in told)
        assert not any("daemon of" in line for line in told), told
