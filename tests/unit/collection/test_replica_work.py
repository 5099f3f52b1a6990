# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work on two copies: what forbids it, and the guard that takes the digest out of a kernel again."""

from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.failover.cluster.plugins.modules import drbd_verify
from ansible_collections.failover.cluster.plugins.plugin_utils import _replica

GIB = 1 << 30


def device(role="Secondary", lower=10 * GIB, **state):
    told = {"connection": "Connected", "role": role, "disk": "UpToDate", **state}
    mounts = ["/srv/shop"] if role == "Primary" else []
    inside = 10 * GIB - 10 * GIB // 32768 - (64 << 10)
    sizes = {"bytes": inside, "lower": "/dev/vdb", "lower_bytes": lower}
    return {"device": {"state": told, "mounts": mounts, "behind": 0, **sizes}}


def plan(work, one=None, two=None):
    copies = {"node1": one or device(), "node2": two or device("Primary")}
    return _replica.plan("shop", copies, work)


def test_a_verification_begins_where_the_service_runs_and_says_what_it_costs():
    said = plan("verify")
    assert (said["node"], said["problems"]) == ("node2", [])
    assert "(10.0 GiB) block by block; that takes 51 s or longer" in said["lines"][0]
    assert "the expected downtime is 0 s" in said["lines"][1]


def test_one_that_runs_is_waited_for():
    said = plan("verify", device(connection="VerifyT"), device("Primary", connection="VerifyS"))
    assert said["problems"] == []
    assert said["lines"] == ["shop is being verified already; this run waits for the end."]


@pytest.mark.parametrize("work", ["verify", "grow"])
@pytest.mark.parametrize(
    "state", [{"connection": "SyncTarget"}, {"connection": "StandAlone"}, {"disk": "Inconsistent"}]
)
def test_only_copies_that_are_connected_and_whole_are_worked_on(work, state):
    said = plan(work, device(lower=20 * GIB, **state), device("Primary", lower=20 * GIB))
    assert "both must be Connected and UpToDate" in said["problems"][0]


def test_a_disk_that_has_not_grown_is_named():
    said = plan("grow", device(lower=20 * GIB))
    assert said["problems"] == ["node2: /dev/vdb has not grown; grow the disk on each node first."]
    assert not said["grows"]


def test_growth_is_that_of_the_smaller_disk_and_the_standby_is_told_to_be_unable():
    said = plan("grow", device(lower=20 * GIB), device("Primary", lower=12 * GIB))
    assert (said["grows"], said["problems"]) == (True, [])
    text = " ".join(said["lines"])
    assert "grows by about 2.0 GiB" in text
    assert "the standby cannot take over" in text


def test_without_growth_only_the_file_system_is_looked_at():
    said = plan("grow")
    assert (said["grows"], said["problems"]) == (False, [])
    assert "Only the file system is looked at" in said["lines"][-1]


def test_a_service_that_does_not_run_does_not_grow():
    said = plan("grow", device(lower=20 * GIB), device(lower=20 * GIB))
    assert "service: shop does not run" in said["problems"][0]


BEGINS_S = 12
"""In the place of the guard's own patience."""
STEP = """#!/bin/sh
head -n 1 "$HOME/states" > "$HOME/proc"
sed -i 1d "$HOME/states"
echo look >> "$HOME/log"
"""
ADM = """#!/bin/sh
echo "$@" >> "$HOME/log"
exit "$(head -n 1 "$HOME/codes")"
"""


@pytest.fixture
def guard(tmp_path):
    """Runs the guard; the states of the kernel follow each other, one a second."""
    for name, text in (("sleep", STEP), ("drbdadm", ADM)):
        (tmp_path / name).write_text(text, encoding="ascii")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "codes").write_text("0\n", encoding="ascii")

    def run(states):
        (tmp_path / "states").write_text(
            "".join(f" 10: cs:{state} ro:Primary/Secondary\n" for state in states), encoding="ascii"
        )
        (tmp_path / "guard").write_text(
            drbd_verify.GUARD.replace("/proc/drbd", str(tmp_path / "proc")).replace(
                f"limit={drbd_verify.BEGINS_S}", f"limit={BEGINS_S}"
            ),
            encoding="ascii",
        )
        subprocess.run(
            ["/bin/sh", str(tmp_path / "guard"), "shop", "10"],
            env={"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path)},
            check=True,
            timeout=600,
        )
        return (tmp_path / "log").read_text(encoding="ascii").split("\n")[:-1]

    return run


GONE = "net-options --verify-alg= shop"


@pytest.mark.parametrize(
    ("states", "looks"),
    [
        (["Connected"] * 5 + ["VerifyS"] * 20 + ["Connected"] * 9, 28),
        (["VerifyT"] * 4 + ["WFConnection"] * 9, 7),
        (["VerifyT"] * 4 + ["WFConnection", "Connected", "VerifyT"] + ["Connected"] * 9, 10),
        (["Connected"] * 99, BEGINS_S),
        (["WFConnection"] * 9, 3),
    ],
)
def test_the_guard_takes_the_digest_away_soon_after_the_end_and_not_before(guard, states, looks):
    log = guard(states)
    assert log == ["look"] * looks + [GONE]


def test_the_guard_tries_again_and_leaves_no_file(guard, tmp_path):
    (tmp_path / "codes").write_text("10\n", encoding="ascii")
    log = guard(["WFConnection"] * 20)
    assert log.count(GONE) == 11
    assert not (tmp_path / "guard").exists()
