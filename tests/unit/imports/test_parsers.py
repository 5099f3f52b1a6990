# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parsers read what the old programs read, up to a limit."""

from __future__ import annotations

import pytest

from .conftest import redact

from ansible_collections.failover.cluster.plugins.module_utils._existing import (  # isort: skip
    cib as cleaning,
    read,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._imports import (  # isort: skip
    fstab,
    text,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._imports.drbd import (  # isort: skip
    conf,
    resources,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._imports.heartbeat import (  # isort: skip
    ha_cf,
    haresources,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._imports.keepalived import (  # isort: skip
    conf as keepalived,
)
from ansible_collections.failover.cluster.plugins.plugin_utils._imports.pacemaker import (  # isort: skip
    cib,
    placement,
)


@pytest.mark.parametrize(
    ("word", "seconds"),
    [("2", 2), ("1.7", 1.7), ("1500ms", 1.5), ("500 msec", 0.5), ("250us", 0.00025), ("2m", None)],
)
def test_a_duration_has_the_forms_of_heartbeat(word: str, seconds: float | None) -> None:
    assert ha_cf.duration(word) == seconds


def test_the_order_of_directives_matters() -> None:
    read_ = ha_cf.parse(
        "bcast eth0\nudpport 6942\nbcast eth1\nserial /dev/a\nbaud 9600\nserial /dev/b"
    )
    assert [(m.device, m.port, m.baud) for m in read_.media] == [
        ("eth0", 694, 0),
        ("eth1", 6942, 0),
        ("/dev/a", 0, 19200),
        ("/dev/b", 0, 9600),
    ]


@pytest.mark.parametrize(
    ("line", "failback"),
    [
        ("auto_failback on", "on"),
        ("auto_failback No", "off"),
        ("auto_failback legacy", "legacy"),
        ("nice_failback on", "off"),
        ("", ""),
    ],
)
def test_the_old_name_of_failback_says_the_opposite(line: str, failback: str) -> None:
    assert ha_cf.parse(line).auto_failback == failback


@pytest.mark.parametrize("word", ["yes", "on", "respawn", "True", "1"])
def test_every_word_that_turns_pacemaker_on_is_known(word: str) -> None:
    assert ha_cf.parse(f"crm {word}").pacemaker
    assert not ha_cf.parse("pacemaker off").pacemaker


def test_a_line_goes_on_behind_a_backslash_and_only_there() -> None:
    groups = haresources.parse("Node1 10.0.0.1 \\\n  httpd # last\n\n# none\nnode2 a::b::c\n")
    assert [group.words() for group in groups] == [
        ("node1", "10.0.0.1", "httpd"),
        ("node2", "a::b::c"),
    ]
    assert groups[1].resources[0].arguments == ("b", "c")
    assert groups[0].resources[0].script == "IPaddr"
    assert [g.broken for g in haresources.parse("node1 10.0.0.1 \\ \n httpd\n")] == [True, False]


def test_an_endless_file_ends() -> None:
    assert len(list(text.lines("a \\\n" * 100_000))) == 1
    assert len(haresources.parse("n 10.0.0.1\n" * 100_000)) == haresources.MOST_GROUPS
    with pytest.raises(conf.Malformed, match="nested too deeply"):
        conf.parse("a {" * 10_000)
    with pytest.raises(conf.Malformed, match="too long"):
        conf.parse("a;" * conf.MOST_TOKENS)
    assert keepalived.parse("a {\n" * 10_000).sections


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("resource r {", "does not close the section resource"),
        ("}", "closes a section that was not opened"),
        ("{ }", "has a section without a name"),
        ("resource r { disk /dev/a }", "lacks a semicolon behind disk"),
    ],
)
def test_a_configuration_that_drbd_cannot_read_is_told(content: str, sentence: str) -> None:
    found, wrong = resources.read({"/etc/drbd.conf": content})
    assert (found, wrong) == ({}, [("/etc/drbd.conf", sentence)])


def test_what_one_resource_does_not_say_common_says() -> None:
    found, _wrong = resources.read(
        {
            "a": "common { protocol B; net { allow-two-primaries; } disk { fencing dont-care; } }",
            "b": 'resource "one" { net { protocol C; allow-two-primaries no; }'
            " device /dev/drbd_one minor 4; disk /dev/sda; meta-disk /dev/sdb[1];"
            " on x { address ipv6 [fd00::1]:7788; } on y.example.org { address 10.0.0.2:7788; } }",
        }
    )
    one = found["one"]
    assert (one.protocol, one.two_primaries, one.fencing) == ("C", False, "dont-care")
    side = one.side("x")
    assert side is not None
    assert (side.minor, side.disk, side.metadata) == (4, "/dev/sda", "/dev/sdb[1]")
    assert (side.address, side.port) == ("fd00::1", 7788)
    # A host may be written with its domain, or without.
    assert one.side("y") is not None and one.side("z") is None
    assert one.owns("/dev/drbd4") and one.owns("/dev/drbd/by-res/one/0")
    assert not one.owns("/dev/drbd5") and not one.owns("")


def test_a_table_of_mounts_is_read_with_labels_and_escapes() -> None:
    found = fstab.parse("LABEL=data /srv/a\\040b xfs\nUUID=1-2 / ext4 ro 0 1\n# no\nshort\n")
    assert [(one.source, one.target, one.options) for one in found] == [
        ("/dev/disk/by-label/data", "/srv/a b", "defaults"),
        ("/dev/disk/by-uuid/1-2", "/", "ro"),
    ]


def test_resources_that_are_bound_start_in_their_order_even_in_a_circle() -> None:
    names = ("a", "b", "c", "d")
    made = cib.Cib(
        units=[cib.Unit(n, (cib.Primitive(n, "systemd:x", {}, {}, {}),)) for n in names],
        together=[cib.Bond("a", "b", cib.INFINITY), cib.Bond("b", "c", cib.INFINITY)],
        orders=[cib.Bond("c", "b", 0), cib.Bond("b", "a", 0), cib.Bond("a", "c", 0)],
    )
    sets = [[unit.id for unit in units] for units in placement.together(made)]
    assert sorted(sets[0]) == ["a", "b", "c"] and sets[1] == ["d"]
    made.orders.pop()
    assert [unit.id for unit in placement.together(made)[0]] == ["c", "b", "a"]


SECRET = "swordfish"


@pytest.mark.parametrize(
    ("clean", "content"),
    [
        (redact.ha_cf, f"stonith_host * external/ipmi node1 10.0.0.1 admin {SECRET} lan"),
        (redact.ha_cf, f"stonith_host * ipmilan \\\n {SECRET}"),
        (redact.ha_cf, f"pasword {SECRET}\nrespawn root /bin/x --key {SECRET}\n# {SECRET}"),
        (redact.haresources, f"node1 mine::{SECRET}::{SECRET} 10.0.0.1 # {SECRET}"),
        (redact.authkeys, f"auth 1\n1 sha1 {SECRET}\nsha1 {SECRET}\n2 {SECRET}\nauth {SECRET}"),
        (redact.drbd, f'net {{ shared-secret "{SECRET}"; }} # {SECRET}'),
        (redact.drbd, f"net {{ shared-secret {SECRET}; }}"),
        (redact.drbd, f'net {{ shared-secret\n  "{SECRET} \\" {SECRET}"; }}'),
        (redact.drbd, f'net {{ shared-secret "{SECRET}'),
        (redact.keepalived, f"auth_pass {SECRET}\n! {SECRET}\nnotify_master '/x {SECRET}'"),
        (redact.keepalived, f'script {{ script "/x --token {SECRET}" }} auth_pass {SECRET}'),
        (redact.fstab, f"//nas/x /mnt cifs user=a,password={SECRET},pass2={SECRET},rw 0 0"),
        (redact.corosync, f"totem {{\n  interface_key: {SECRET}\n # {SECRET}\n}}"),
        (
            cleaning.clean,
            "<cib><configuration><!-- x --><resources><primitive id='a' class='stonith' type='f'>"
            f"<instance_attributes><nvpair name='odd' value='{SECRET}'/></instance_attributes>"
            "</primitive><primitive id='b' class='ocf' type='g'><instance_attributes>"
            f"<nvpair name='passwd' value='{SECRET}'/></instance_attributes></primitive>"
            f"</resources><acls><acl_user id='{SECRET}'/></acls></configuration></cib>",
        ),
        (cleaning.clean, f"<!DOCTYPE a [<!ENTITY b '{SECRET}'>]><cib><configuration/></cib>"),
    ],
)
def test_a_secret_is_taken_out_wherever_it_stands(clean: read.Clean, content: str) -> None:
    assert SECRET in content
    assert SECRET not in clean(content)
