# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of systemd, given the states of the units."""

from __future__ import annotations

import time

import pytest
from ansible_collections.failover.cluster.plugins.modules import units

NOTHING: dict[str, object] = {name: [] for name in units.OPTIONS} | {"read_again": False}

SHOWN = """Id=apache2.service
LoadState=loaded
ActiveState=active
UnitFileState=enabled
NeedDaemonReload=no

Id=nothing.service
LoadState=not-found
ActiveState=inactive
UnitFileState=
NeedDaemonReload=no
"""


def planned(seen, **wanted):
    return units.plan({**NOTHING, **wanted}, seen)


def test_each_unit_gets_its_own_block():
    seen = units.parse(SHOWN, ["apache2.service", "nothing.service"])
    assert seen["apache2.service"]["ActiveState"] == "active"
    assert seen["nothing.service"]["LoadState"] == "not-found"


def test_a_unit_that_does_not_exist_needs_no_disabling():
    seen = units.parse(SHOWN, ["apache2.service", "nothing.service"])
    both = ["apache2.service", "nothing.service"]
    assert planned(seen, disabled=both, stopped=both) == [
        ["disable", "--no-reload", "apache2.service"],
        ["daemon-reload"],
        ["stop", "apache2.service"],
    ]


def test_what_is_right_is_left_alone():
    seen = {"a.service": {"ActiveState": "active", "UnitFileState": "enabled"}}
    assert planned(seen, enabled=["a.service"], started=["a.service"]) == []
    assert planned(seen, started=["a.service"], restarted=["a.service"]) == [
        ["restart", "a.service"]
    ]


def test_changed_files_are_read_before_anything_starts():
    seen = {
        "a.service": {
            "ActiveState": "inactive",
            "UnitFileState": "enabled",
            "NeedDaemonReload": "yes",
        }
    }
    assert planned(seen, started=["a.service"]) == [["daemon-reload"], ["start", "a.service"]]
    seen["a.service"]["NeedDaemonReload"] = "no"
    assert planned(seen, started=["a.service"], read_again=True) == [
        ["daemon-reload"],
        ["start", "a.service"],
    ]


def test_only_a_running_unit_is_reloaded():
    assert planned({"a.service": {"ActiveState": "inactive"}}, reloaded=["a.service"]) == []
    assert planned({"a.service": {"ActiveState": "active"}}, reloaded=["a.service"]) == [
        ["reload", "a.service"]
    ]


def began(ago_s: float, state: str = "active") -> dict[str, str]:
    """What systemctl shows of a unit that began, or was reloaded, so long ago."""
    at = str(int((time.monotonic() - ago_s) * 1e6))
    return {"ActiveState": state, units.BEGAN: at, units.CHANGED: at}


@pytest.mark.finding("S30")
def test_a_unit_follows_its_files_whichever_run_changed_them(tmp_path):
    """What runs is compared with what lies there: a run that was cut off is finished by the next."""
    (tmp_path / "conf").write_text("new")
    link = tmp_path / "code"
    link.symlink_to("nowhere")
    for path in (tmp_path / "conf", tmp_path, link):
        follows = {"a.service": [str(path)]}
        assert units.outdated(follows, {"a.service": began(60)}, units.BEGAN) == ["a.service"]
        assert units.outdated(follows, {"a.service": began(-1)}, units.BEGAN) == []
        assert units.outdated(follows, {"a.service": began(60, "inactive")}, units.BEGAN) == []
    gone = {"a.service": [str(tmp_path / "missing")]}
    assert units.outdated(gone, {"a.service": began(60)}, units.BEGAN) == []


def test_a_directory_stands_for_its_files_at_any_depth_but_not_for_what_python_makes(tmp_path):
    deep = tmp_path / "one" / "two"
    deep.mkdir(parents=True)
    follows = {"a.service": [str(tmp_path)]}
    (deep / "__pycache__").mkdir()
    (deep / "__pycache__" / "code.pyc").write_text("made")
    assert units.outdated(follows, {"a.service": began(60)}, units.BEGAN) == []
    (deep / "code.py").write_text("new")
    assert units.outdated(follows, {"a.service": began(60)}, units.BEGAN) == ["a.service"]


@pytest.mark.finding("S29")
@pytest.mark.parametrize(
    ("address", "reloaded"),
    [("127.0.0.2", ["a.service"]), ("192.0.2.1", []), ("2001:db8::1", [])],
)
def test_a_server_is_not_reloaded_before_the_host_has_its_addresses(tmp_path, address, reloaded):
    """Apache ends if it cannot listen (AH00015)."""
    (tmp_path / "conf").write_text("new")
    params = {
        **NOTHING,
        "restarted_for": {},
        "reloaded_for": {"a.service": [str(tmp_path / "conf")]},
        "listening": {"a.service": ["127.0.0.1", address]},
    }
    assert units.followed(params, {"a.service": began(60)})["reloaded"] == reloaded


@pytest.mark.finding("H3")
def test_a_script_that_starts_at_boot_is_disabled_too():
    """Its unit is generated: only the links of the run levels make it start."""
    seen = {
        "legacy.service": {
            "UnitFileState": "generated",
            "SourcePath": "/etc/init.d/legacy",
            "WantedBy": "multi-user.target graphical.target",
        }
    }
    assert planned(seen, disabled=["legacy.service"])[0] == [
        "disable",
        "--no-reload",
        "legacy.service",
    ]
    seen["legacy.service"]["WantedBy"] = ""
    assert planned(seen, disabled=["legacy.service"]) == []
