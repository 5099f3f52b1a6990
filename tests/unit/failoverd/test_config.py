# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wrong configuration ends in one sentence with file, field and rule; a broken one in no stop."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failoverd.config import parse
from failoverd.formats.schema import ConfigError
from failoverd.persistence.lastgood import LastGood

Texts = Callable[[], dict[str, str]]
FILE = "/etc/failoverd/cluster.json: "


def test_a_good_configuration_says_what_the_core_needs(texts: Texts) -> None:
    config = parse(texts())
    core = config.core()
    assert (core.node, core.peer, core.levels) == ("node1", "node2", ("bmc",))
    assert core.services[0].replicated
    assert config.fencing[0].targets["node2"] == {
        "username": "admin",
        "lanplus": "1",
        "ip": "10.9.1.2",
    }
    assert [r.name for r in config.services[0].resources] == ["drbd", "mount", "address", "db"]


@pytest.mark.parametrize(
    ("given", "interval_s", "witness_s"), [({}, 1, 2.5), ({}, 4, 5.5), ({"witness_s": 2}, 4, 2)]
)
def test_f23_slow_pings_wait_longer_for_the_other_node_to_see_the_same(
    cluster: dict[str, Any], texts: Texts, given: Any, interval_s: float, witness_s: float
) -> None:
    cluster["timing"] = given
    cluster["monitors"] = {"ping": {"interval_s": interval_s}}
    assert parse(texts()).timing.witness_s == witness_s


def change(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def apply(data: Any) -> None:
        *parents, last = path.split(".")
        for part in parents:
            data = data[int(part)] if part.isdigit() else data[part]
        if value is None:
            del data[int(last) if last.isdigit() else last]
        else:
            data[int(last) if last.isdigit() else last] = value

    return apply


RESOURCES = "services.0.resources"


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("format", 2, "format: must be 1."),
        ("node", "node3", "node: must be one of node1 and node2, not node3."),
        ("nodes", ["a"], "nodes: must name exactly two different nodes."),
        ("nodes", ["a", "a"], "nodes: must name exactly two different nodes."),
        ("links", [], "links: must hold at least one link."),
        ("links.1", None, "links: holds one link, and unsafe does not accept single_link."),
        ("fencing", [], "fencing: is empty, and unsafe does not accept no_exclusion."),
        (
            "unsafe",
            ["luck"],
            "unsafe: must consist of no_exclusion, single_link, software_watchdog,"
            " sfex_without_watchdog, not luck.",
        ),
        ("links.0.type", "ipx", "links[0].type: must be udp or serial, not ipx."),
        ("links.0.port", 99999, "links[0].port: must lie between 1 and 65535, not 99999."),
        ("links.0.port", "x", "links[0].port: must be a number, not 'x'."),
        ("links.0.address.node2", "10.9", "links[0].address: 10.9 is not an IP address."),
        (
            "links.0.address.node2",
            "10.9.0.1",
            "links[0].address: 10.9.0.1 is given to both nodes.",
        ),
        ("links.0.speed", 1, "links[0].speed: is not a known field."),
        ("links.0.interface", {"node1": "a"}, "links[0].interface: has no value for node node2."),
        ("timing", {"dead": 1}, "timing.dead: is not a known field."),
        (
            "timing",
            {"dead_s": 0.5},
            "timing.dead_s: 0.5 is less than four heartbeats of 0.2 s; a lost datagram or two must"
            " not look like a death.",
        ),
        (
            "timing",
            {"suspect_s": 4},
            "timing.suspect_s: 4 is not between two heartbeats (0.4 s) and dead_s (3 s).",
        ),
        (
            "fencing.0.method",
            "prayer",
            "fencing[0].method: must be one of stonith, sfex, watchdog, not prayer.",
        ),
        ("fencing.0.nodes.node2", None, "fencing[0].nodes: has no parameters for node node2."),
        (
            "fencing.0.parameters",
            {"a": "b\naction=on"},
            "fencing[0].parameters.a: must be a simple value on one line.",
        ),
        ("power_on", "yes", "power_on: must be true or false, not 'yes'."),
        (
            "services.0.preferred",
            "node9",
            "services[0].preferred: node9 is not a node of the cluster.",
        ),
        (
            f"{RESOURCES}.0.type",
            "raid",
            "services[0].resources[0].type: must be one of drbd, filesystem, lsb, ocf,"
            " sfex, unit, virtual_ip, not raid.",
        ),
        (
            f"{RESOURCES}.1.path",
            "srv",
            "services[0].resources[1].path: must be an absolute path, not 'srv'.",
        ),
        (
            f"{RESOURCES}.2.address",
            "10.9.0.10",
            "services[0].resources[2].address: must be an address with its prefix length, "
            "not 10.9.0.10.",
        ),
        (
            f"{RESOURCES}.3.unit",
            "db",
            "services[0].resources[3].unit: must be a unit's full name such as db.service.",
        ),
        (
            f"{RESOURCES}.1.after",
            ["disk"],
            "services[0].resources: mount comes after unknown disk.",
        ),
        (
            f"{RESOURCES}.0.after",
            ["db"],
            "services[0].resources: these resources wait for each other in a circle: address, db,"
            " drbd, mount.",
        ),
    ],
)
def test_a_wrong_value_ends_in_one_sentence(
    cluster: dict[str, Any], texts: Texts, path: str, value: Any, sentence: str
) -> None:
    change(path, value)(cluster)
    with pytest.raises(ConfigError) as error:
        parse(texts())
    assert str(error.value) == FILE + sentence


def test_a_slip_in_the_syntax_is_shown_with_its_line(texts: Texts) -> None:
    broken = {**texts(), "cluster.json": '{\n "format": 1,\n "cluster" "x"}'}
    with pytest.raises(ConfigError, match=r"line 3, column 12: not valid JSON"):
        parse(broken)


@pytest.mark.parametrize("text", ["abcd", "", "\n", f"{'ab' * 32}\nabcd", "zz" * 32])
def test_a_short_key_is_refused_without_showing_it(texts: Texts, text: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse({**texts(), "key": text})
    assert str(error.value) == (
        "/etc/failoverd/key: must hold 32 bytes as hexadecimal text, or several such lines."
    )


def test_each_line_is_a_key_and_the_first_one_signs(texts: Texts) -> None:
    config = parse({**texts(), "key": f"{'ab' * 32}\n{'cd' * 32}\n"})
    assert config.keys == (b"\xab" * 32, b"\xcd" * 32)


def test_secrets_reach_the_agent_but_not_the_representation(texts: Texts) -> None:
    config = parse({**texts(), "fencing.json": json.dumps({"bmc": {"password": "s3cret"}})})
    assert config.fencing[0].targets["node2"]["password"] == "s3cret"
    assert "s3cret" not in repr(config)
    assert "abab" not in repr(config)


def test_a_secret_for_an_unknown_device_is_refused(texts: Texts) -> None:
    with pytest.raises(ConfigError, match="bmx: is not a fencing method of"):
        parse({**texts(), "fencing.json": json.dumps({"bmx": {"password": "x"}})})


def write(directory: Path, files: dict[str, str]) -> None:
    directory.mkdir(exist_ok=True)
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")


def test_the_last_good_configuration_outlives_a_broken_one(tmp_path: Path, texts: Texts) -> None:
    etc, keep = tmp_path / "etc", LastGood(tmp_path / "last-good.json")
    write(etc, texts())
    first, warnings = keep.load(str(etc))
    assert not warnings
    write(etc, {"cluster.json": "{"})
    second, warnings = keep.load(str(etc))
    assert second == first
    assert len(warnings) == 1
    assert "line 1, column 2" in warnings[0]
    assert (tmp_path / "last-good.json").stat().st_mode & 0o077 == 0


def test_without_any_good_configuration_there_is_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the file does not exist"):
        LastGood(tmp_path / "last-good.json").load(str(tmp_path))


def many(count: int, **serial: int) -> Callable[[dict[str, Any]], None]:
    """So many services, each an address; the serial link with these settings."""

    def apply(data: dict[str, Any]) -> None:
        data["links"][1].update(serial)
        data["services"] = [
            {
                "name": f"{number:02d}" + "x" * 29,
                "resources": [
                    {
                        "name": "address",
                        "type": "virtual_ip",
                        "address": f"10.9.{number}.1/24",
                        "interface": "eth0",
                    }
                ],
            }
            for number in range(count)
        ]

    return apply


def alike(data: dict[str, Any]) -> None:
    """Two names that heartbeats cannot tell apart."""
    many(2)(data)
    for service, name in zip(data["services"], ALIKE, strict=True):
        service["name"] = name


ALIKE = ("s2330", "s130636")


@pytest.mark.finding("S3")
@pytest.mark.parametrize(
    ("apply", "sentence"),
    [
        (many(50), ""),
        (many(64), ""),
        (many(65), "services: holds 65; a heartbeat carries at most 64."),
        (many(20, baud=9600), ""),
        (
            many(40, baud=9600),
            "links: at 9600 baud the longest heartbeat of 40 services takes 2.44 s, and half of"
            " dead_s (3 s) is the most: raise baud or dead_s.",
        ),
        (alike, f"services: {ALIKE[0]} and {ALIKE[1]} look alike in a heartbeat: rename one."),
    ],
)
def test_f74_services_whose_heartbeat_does_not_fit_are_refused(
    texts: Texts, apply: Callable[[dict[str, Any]], None], sentence: str
) -> None:
    files = texts()
    data = json.loads(files["cluster.json"])
    apply(data)
    files["cluster.json"] = json.dumps(data)
    if not sentence:
        parse(files)
        return
    with pytest.raises(ConfigError) as refused:
        parse(files)
    assert str(refused.value) == FILE + sentence
