# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes are upgraded one after the other: what would change, in which order, and what forbids it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _kernels, _upgrade
from ansible_collections.failover.cluster.plugins.plugin_utils import _nodes, _upgrade_plan

MENU = """
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
else
   set default="DEFAULT"
fi
menuentry 'Debian' {
        linux   /vmlinuz-6.1.0-20-amd64 root=/dev/sda1 ro quiet
}
submenu 'Advanced' {
        linux   /vmlinuz-6.1.0-18-amd64 root=/dev/sda1 ro quiet
}
"""
SIMULATED = """
Reading package lists...
Inst libc6 [2.36-9] (2.36-9+deb12u4 Debian:12.5/stable [amd64])
Inst linux-image-6.1.0-20-amd64 (6.1.85-1 Debian:12.5/stable [amd64])
Remv drbd-dkms [9.1.0-1]
Conf libc6 (2.36-9+deb12u4 Debian:12.5/stable [amd64])
"""


@pytest.fixture
def boot(tmp_path):
    """Makes a /boot with these kernels and a menu with this default."""

    def made(*kernels, default="", once=""):
        for kernel in kernels:
            (tmp_path / f"vmlinuz-{kernel}").touch()
        (tmp_path / "grub").mkdir()
        if default:
            (tmp_path / "grub/grub.cfg").write_text(MENU.replace("DEFAULT", default))
        (tmp_path / "grub/grubenv").write_text(f"# GRUB\nnext_entry={once}\n")
        return str(tmp_path)

    return made


TWO = ("6.1.0-18-amd64", "6.1.0-20-amd64")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"default": "0"}, ["6.1.0-20-amd64"]),
        ({"default": "0", "once": "1"}, list(TWO)),
        ({"default": "1>2"}, list(TWO)),
        ({"default": "${saved_entry}"}, list(TWO)),
        ({}, list(TWO)),
    ],
)
def test_the_boot_loader_tells_which_kernel_boots_or_any_of_them_may(boot, settings, expected):
    assert _kernels.next_boot("6.1.0-18-amd64", boot(*TWO, **settings)) == expected


def test_a_machine_without_kernels_boots_the_same_one_again(boot):
    assert _kernels.next_boot("6.1.85", boot()) == ["6.1.85"]


@pytest.mark.parametrize(
    ("boots", "sentence"),
    [
        ({"6.1.0-18": ""}, ""),
        ({"6.1.0-20": "8.4.11"}, ""),
        ({"6.1.0-20": ""}, "the kernel 6.1.0-20, which boots next, has no DRBD module;"),
        ({"6.1.0-18": "8.4.11", "6.1.0-20": ""}, "the kernel 6.1.0-20, which boots next, has no"),
        ({"6.1.0-20": "9.2.8"}, "6.1.0-20, which boots next, has DRBD 9.2.8, and 8.4.11 runs now."),
        ({"6.1.0-20": "8.3.16"}, "has DRBD 8.3.16, and 8.4.11 runs now."),
    ],
)
def test_a_kernel_that_would_end_the_replication_is_seen_before_it_boots(boots, sentence):
    said = _kernels.unfit("6.1.0-18", "8.4.11", boots)
    assert sentence in said and bool(sentence) == bool(said)


def test_the_module_of_each_kernel_is_asked_for_by_its_release(monkeypatch):
    monkeypatch.setattr(_kernels.os.path, "exists", lambda path: path == "/sbin/modinfo")

    def run(argv):
        assert argv[:2] == ["/sbin/modinfo", "-k"]
        return (0, "8.4.11\n", "") if argv[2] == TWO[0] else (1, "", "not found")

    assert _kernels.drbd_versions(TWO, run) == {TWO[0]: "8.4.11", TWO[1]: ""}


def test_what_apt_would_do_is_told_with_both_versions():
    changes = _upgrade.pending("safe", [], lambda argv: (0, SIMULATED, ""))
    assert changes[0] == {"name": "libc6", "before": "2.36-9", "after": "2.36-9+deb12u4"}
    assert changes[1]["before"] == "" and changes[2]["after"] == ""
    said = _upgrade.summary(changes)
    assert said == "2 packages (libc6, linux-image-6.1.0-20-amd64); apt removes drbd-dkms"


@pytest.mark.parametrize(
    ("scope", "names", "words"),
    [
        ("safe", ["x"], ["upgrade", "--with-new-pkgs"]),
        ("full", ["x"], ["dist-upgrade"]),
        ("cluster", ["y", "x"], ["install", "--only-upgrade", "x", "y"]),
        ("cluster", [], None),
        ("none", ["x"], None),
    ],
)
def test_apt_is_asked_only_for_what_was_chosen_and_installs_nothing(scope, names, words):
    asked = []

    def run(argv):
        asked.extend(argv)
        return 0, "", ""

    _upgrade.pending(scope, names, run)
    assert (asked == []) if words is None else asked[-len(words) :] == words
    assert words is None or "-s" in asked


def test_an_apt_that_cannot_tell_is_told():
    with pytest.raises(RuntimeError, match="cannot be planned: E: Unmet dependencies"):
        _upgrade.pending("full", [], lambda argv: (100, "", "E: Unmet\n dependencies"))


def test_an_installation_that_goes_on_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(_upgrade, "POLL_S", 0.01)
    lock = tmp_path / "lock"
    assert _upgrade.idle(0, str(lock))
    lock.touch()
    assert _upgrade.idle(0, str(lock)) and _upgrade.idle(0, str(lock))
    hold = (
        "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.lockf(f, fcntl.LOCK_EX);"
        " print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout and holder.stdin
        assert holder.stdout.readline() == "held\n"
        assert not _upgrade.idle(0.05, str(lock))
        holder.stdin.close()
        assert _upgrade.idle(60, str(lock))
    finally:
        holder.kill()
        holder.wait(timeout=60)


def test_a_program_with_replaced_libraries_is_found(tmp_path):
    old = "7f00-7f01 r-xp 00000000 fe:01 12 /usr/lib/x86_64-linux-gnu/libssl.so.3 (deleted)\n"
    for pid, name, line in (
        ("1", "systemd", old.replace(" (deleted)", "")),
        ("2", "sshd", old),
        ("3", "postgres", "7f00-7f01 rw-s 00000000 00:01 7 /dev/zero (deleted)\n"),
        ("4", "x", "7f00-7f01 r--p 00000000 fe:01 7 /usr/share/x (deleted)\n"),
    ):
        (tmp_path / pid).mkdir()
        (tmp_path / pid / "maps").write_text(line)
        (tmp_path / pid / "comm").write_text(name + "\n")
    (tmp_path / "5").mkdir()
    assert _upgrade.outdated(str(tmp_path)) == ["sshd"]


def test_a_node_has_to_boot_for_a_newer_kernel_and_for_replaced_files():
    assert _upgrade.reasons("6.1.0-20", ["6.1.0-20"], False, []) == []
    assert _upgrade.reasons("6.1.0-20", ["6.1.0-9", "6.1.0-20"], False, []) == []
    [kernel, asked, old] = _upgrade.reasons("6.1.0-9", ["6.1.0-20"], True, ["sshd"])
    assert kernel == "the kernel 6.1.0-20 is installed, and 6.1.0-9 runs"
    assert "/run/reboot-required" in asked and old.endswith("sshd")


def node(**more):
    """What upgrade_info says of a node on which nothing is to be done."""
    nothing = {"pending": [], "summary": "no package", "reasons": [], "unfit": ""}
    release = {"has": "bookworm", "sources": [], "problems": []}
    return {**nothing, "interrupted": False, "begun": False, "release": release, **more}


NEWER = {"pending": [{"name": "libc6"}], "summary": "1 packages (libc6)"}
READY = {"services": [{"name": "shop", "level": "ok", "reason": "", "move_s": 4.2}]}
STATUS = {
    "maintenance": False,
    "standby": [],
    "services": [{"name": "shop", "owner": "node1", "state": "running"}],
}


@pytest.fixture
def planned(build):
    """Plans the upgrade of node1, which runs the service, and node2."""
    model = build()

    def made(one=None, two=None, reboot="auto", home=False, ready=READY, release="", **status):
        found = {
            "node1": node(**(NEWER if one is None else one)),
            "node2": node(**(NEWER if two is None else two)),
        }
        told = {**STATUS, **status}
        both = {"node1": ready, "node2": READY}
        return _upgrade_plan.plan(model, found, both, told, reboot, home, release)

    return made


def test_the_standby_comes_first_and_the_service_moves_once(planned):
    said = planned()
    assert (said["order"], said["work"]) == (["node2", "node1"], ["node2", "node1"])
    assert said["problems"] == []
    assert said["moves"] == [{"service": "shop", "from": "node1", "to": "node2", "for": "node1"}]
    assert said["lines"][0].startswith("1. node2: no service is there, and it gets into standby")
    assert "4. node1: shop moves away," in said["lines"][3]
    assert said["lines"][-1] == (
        "Expected downtime of shop: about 4.2 s in one planned move. There is no failover."
    )


def test_a_service_that_shall_be_at_home_again_moves_twice(planned):
    said = planned(home=True)
    assert [move["to"] for move in said["moves"]] == ["node2", "node1"]
    assert "shop moves home to node1." in said["lines"][-2]
    assert "about 4.2 s in each of 2 planned moves." in said["lines"][-1]


def test_a_node_with_nothing_to_do_is_not_emptied(planned):
    said = planned(one={})
    assert (said["work"], said["moves"]) == (["node2"], [])
    assert said["lines"][-1] == "No service stops or moves; the expected downtime is 0 s."
    assert planned(one={}, two={})["work"] == []


def test_a_kernel_that_was_installed_before_is_a_reason_only_if_a_boot_may_be(planned):
    waits = {"reasons": ["the kernel 6.1.0-20 is installed, and 6.1.0-18 runs"]}
    said = planned(one={}, two=waits)
    assert said["work"] == ["node2"]
    assert "it is rebooted, because the kernel 6.1.0-20 is installed" in said["lines"][1]
    never = planned(one={}, two=waits, reboot="never")
    assert never["work"] == []
    assert "It should boot, because the kernel" in never["lines"][0]


@pytest.mark.parametrize("owner", ["node1", "node2"])
def test_a_node_that_a_run_has_left_in_standby_mode_comes_first(planned, owner):
    services = [{"name": "shop", "owner": owner, "state": "running"}]
    unready = {"services": [{"name": "shop", "level": "critical", "reason": "standby mode"}]}
    other = "node2" if owner == "node1" else "node1"
    begun = {"two" if other == "node2" else "one": {"begun": True}}
    said = planned(**begun, services=services, standby=[other], ready=unready)
    assert said["problems"] == []
    assert said["order"][0] == other and other in said["work"]
    assert said["lines"][0] == f"An earlier run began to upgrade {other}; this run finishes it."


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"maintenance": True}, "maintenance: is on; nothing moves until it ends"),
        ({"standby": ["node2"]}, "node2: is in standby mode, and no upgrade has put it there;"),
        (
            {"ready": {"services": [{"name": "shop", "level": "critical", "reason": "old data"}]}},
            "shop: a failover would not succeed: old data.",
        ),
        (
            {"ready": {"services": [{"name": "shop", "level": "unknown", "reason": ""}]}},
            "shop: a failover would not succeed: no reason given.",
        ),
        (
            {"two": {**NEWER, "unfit": "the kernel 7 has no DRBD module"}},
            "node2: the kernel 7 has no DRBD module; or run it with -e reboot=never",
        ),
    ],
)
def test_nothing_begins_if_a_failover_would_not_succeed_or_a_boot_would_harm(
    planned, changes, sentence
):
    [said] = planned(**changes)["problems"]
    assert said.startswith(sentence)


def test_a_kernel_that_nobody_boots_forbids_nothing(planned):
    two = {**NEWER, "unfit": "the kernel 7 has no DRBD module"}
    assert planned(two=two, reboot="never")["problems"] == []


FORMER: dict[str, object] = {
    "has": "bookworm",
    "sources": ["/etc/apt/sources.list"],
    "problems": [],
}
OTHER: dict[str, object] = {
    "release": FORMER,
    "pending": [{"name": "libc6"}],
    "summary": "400 packages",
    "reasons": ["it gets trixie"],
}
THERE = {"release": {"has": "trixie", "sources": [], "problems": []}}


@pytest.fixture
def other(build, found):
    """Plans the way to another release; version="" leaves the version of PostgreSQL to the release."""

    def made(one=OTHER, two=OTHER, version="15", reboot="auto"):
        database = {"postgresql": {"version": version}} if version else "postgresql"
        model = build(("failover_services.0.applications.0", database), found=found)
        asked = {"node1": node(**one), "node2": node(**two)}
        both = {"node1": READY, "node2": READY}
        return _upgrade_plan.plan(model, asked, both, STATUS, reboot, False, "trixie")

    return made


def test_another_release_is_planned_with_its_price(other):
    said = other()
    assert (said["order"], said["work"], said["problems"]) == (
        ["node2", "node1"],
        ["node2", "node1"],
        [],
    )
    assert (
        "Another release is written into /etc/apt/sources.list. Packages: 400" in said["lines"][0]
    )
    assert "node2: it is rebooted, because it gets trixie." in said["lines"][1]
    assert said["lines"][-1].startswith("shop: after the move to the first node that has trixie,")


def test_a_node_that_has_the_release_is_left_alone(other):
    assert other(two=THERE)["work"] == ["node1"]
    nothing = other(one=THERE, two=THERE, version="")
    assert (nothing["work"], nothing["problems"]) == ([], [])
    assert nothing["lines"][-1].startswith("No service stops or moves;")


def test_the_version_of_a_database_must_not_change_with_the_release(other):
    [said] = other(version="")["problems"]
    assert ".postgresql.version: is left to the release" in said
    assert 'write version: "15" into the inventory first.' in said


def test_what_a_node_says_against_the_release_is_told(other):
    told = {
        **OTHER,
        "release": {**FORMER, "problems": ["no package source of it has trixie"]},
    }
    assert other(two=told)["problems"] == ["node2: no package source of it has trixie."]
    [said] = other(reboot="never")["problems"]
    assert said.startswith("reboot: another release needs a boot")


def account(*causes):
    """A service with outages of these causes, each planned or not."""
    told = [{"cause": name, "planned": planned, "count": 1} for name, planned in causes]
    return [{"name": "shop", "causes": told}]


def test_the_report_adds_what_each_move_took():
    found = {"node1": node(), "node2": node(reasons=["programs run with files"])}
    said = _upgrade_plan.report([{}, {"shop": 4.2}, {"shop": 3.9}], {}, {}, found)
    assert said["problems"] == []
    assert said["lines"][0] == "shop was down for 8.1 s."
    assert said["lines"][1] == "node2 should still boot: programs run with files."
    assert "the downtime was 0 s" in _upgrade_plan.report([{}], {}, {}, {})["lines"][0]


def test_a_failover_during_the_upgrade_is_told_and_a_planned_move_is_none():
    moved = account(("standby", True)), account(("stopped-there", False))
    after = {"node1": moved[0], "node2": moved[1]}
    before = {"node1": account(), "node2": account()}
    assert _upgrade_plan.report([], before, after, {})["problems"] == []
    after["node2"] = account(("node-lost", False))
    [said] = _upgrade_plan.report([], before, after, {})["problems"]
    assert said.startswith("shop: has failed during the upgrade")
    assert _upgrade_plan.report([], after, after, {})["problems"] == []


def test_nobody_but_the_cluster_restarts_its_units_after_an_upgrade(build):
    settings = _nodes.view(build(), "node1", ["node1", "node2"])["settings"]
    text = settings["iproute2"]["etc/needrestart/conf.d/failover.conf"]
    assert "$nrconf{override_rc}{qr(^postgresql\\-shop\\.service$)} = 0;\n" in text
    assert "failoverd\\.service" in text
