# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The nodes' packages: from the host's own Debian source, for the suite of the node."""

from __future__ import annotations

import pytest

from lab.errors import LabError
from lab.repository import wanted
from lab.sources import sources_for
from lab.stub_packages import VERSION, control_text

LISTING = """\
Packages|Debian|bookworm|http://mirror.example/debian/
Packages|Debian|bookworm-updates|http://mirror.example/debian/
Packages|Debian|bookworm-security|http://mirror.example/debian-security/
Packages|Debian|bookworm-backports|http://mirror.example/debian/
Translations|Debian|bookworm|http://mirror.example/debian/
Packages|nodesource|nodistro|https://other.example/
"""


def test_the_host_s_mirrors_serve_another_suite() -> None:
    lines = sources_for("trixie", LISTING)
    assert [line.split("] ")[-1].removeprefix("deb ") for line in lines] == [
        "http://mirror.example/debian/ trixie main",
        "http://mirror.example/debian/ trixie-updates main",
        "http://mirror.example/debian-security/ trixie-security main",
    ]


def test_a_host_without_debian_is_told_so() -> None:
    with pytest.raises(LabError, match="no Debian source"):
        sources_for("bookworm", "Packages|Ubuntu|noble|http://mirror.example/ubuntu/\n")


def test_a_package_that_a_suite_lacks_is_left_out_only_when_marked() -> None:
    assert wanted(["a", "b?", "c?"], {"a", "c"}) == ["a", "c"]
    assert wanted(["missing"], set()) == ["missing"]
    assert wanted(["new|old"], {"old"}) == ["old"]
    assert wanted(["new|old"], {"new", "old"}) == ["new"]


def test_a_hollow_package_beats_every_real_version() -> None:
    assert f"Version: {VERSION}\n" in control_text("python3-boto3")
    assert int(VERSION.partition(":")[0]) > 9
