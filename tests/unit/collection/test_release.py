# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""New code and new configuration take the place of the old at once, and only when they are good."""

from __future__ import annotations

import pytest

from tests.unit.collection.modules import run

FILES = {"cluster.json": "{}\n", "key": "secret\n"}
ACCEPT = ["/bin/sh", "-c", 'test -f "$0/cluster.json" && echo "shop is stopped, says $0"']
REFUSE = ["/bin/sh", "-c", 'echo "$0/cluster.json: no links." >&2; exit 1']


@pytest.fixture
def code(tmp_path):
    for version in ("one", "two"):
        (tmp_path / f"code-{version}").mkdir()
        (tmp_path / f"code-{version}" / "program").write_text(version)
    return tmp_path / "code"


@pytest.mark.finding("S30")
def test_a_switch_shows_one_whole_version_or_the_other(code):
    first = run("release", path=str(code), version="one")
    assert (first["changed"], first["before"]) == (True, "")
    assert (code / "program").read_text() == "one"
    code.with_name("code-two.link").symlink_to("left by a run that was cut off")
    assert run("release", path=str(code), version="two")["before"] == "one"
    assert (code / "program").read_text() == "two"
    assert run("release", path=str(code), version="two")["changed"] is False
    assert code.with_name("code-one").is_dir(), "a program may still run with it"
    done = run("release", path=str(code), version="two", keep=False)
    assert (done["changed"], done["removed"]) == (True, ["one"])
    assert sorted(entry.name for entry in code.parent.iterdir()) == ["code", "code-two"]


@pytest.mark.finding("S30")
def test_a_switch_in_check_mode_only_says_what_it_would_do(code):
    said = run("release", check=True, path=str(code), version="three")
    assert said["changed"] is True
    assert not code.exists()


@pytest.mark.finding("S30")
def test_a_switch_to_nothing_and_over_a_directory_is_refused(code):
    assert run("release", path=str(code), version="three")["failed"]
    code.mkdir()
    assert "is not a link" in run("release", path=str(code), version="one")["msg"]


@pytest.mark.finding("S30")
def test_a_configuration_that_is_refused_is_never_in_use(tmp_path):
    dest = tmp_path / "etc"
    good = run("judged_files", dest=str(dest), files=FILES, judge=ACCEPT)
    assert (good["changed"], good["written"]) == (True, ["cluster.json", "key"])
    assert oct((dest / "key").stat().st_mode)[-3:] == "600"
    assert good["told"] == [f"shop is stopped, says {dest}"], "people are told before a restart"
    bad = run("judged_files", dest=str(dest), files={**FILES, "key": "x\n"}, judge=REFUSE)
    assert (bad["changed"], bad["refused"]) == (False, f"{dest}/cluster.json: no links.")
    assert (dest / "key").read_text() == "secret\n"
    assert sorted(entry.name for entry in dest.iterdir()) == ["cluster.json", "key"]
    again = run("judged_files", dest=str(dest), files=FILES, judge=REFUSE)
    assert (again["changed"], again["refused"]) == (False, ""), "what is in use was judged before"


def test_check_mode_tells_what_a_change_would_stop(tmp_path):
    dest, new = tmp_path / "etc", {**FILES, "key": "x\n"}
    fresh = run("judged_files", check=True, dest=str(dest), files=FILES, judge=ACCEPT)
    assert (fresh["changed"], fresh["told"], dest.exists()) == (True, [], False)
    assert not fresh["asked"], "nothing told, because nobody was asked"
    assert run("judged_files", dest=str(dest), files=FILES, judge=ACCEPT)["asked"]
    assert not run("judged_files", check=True, dest=str(dest), files=FILES, judge=ACCEPT)["asked"]
    written = dest.stat().st_mtime_ns
    said = run("judged_files", check=True, dest=str(dest), files=new, judge=ACCEPT)
    assert (said["changed"], said["written"]) == (True, ["key"])
    assert (said["asked"], said["told"]) == (True, [f"shop is stopped, says {dest}"])
    quiet = run("judged_files", check=True, dest=str(dest), files=new, judge=["/bin/true"])
    assert (quiet["asked"], quiet["told"]) == (True, []), "asked, and there is nothing to tell"
    missing = [*ACCEPT, str(tmp_path / "not-installed-yet")]
    for judge in (REFUSE, missing):
        said = run("judged_files", check=True, dest=str(dest), files=new, judge=judge)
        assert (said["changed"], said["refused"], said["told"]) == (True, "", [])
    assert (dest / "key").read_text() == "secret\n", "check mode changed a file"
    assert dest.stat().st_mtime_ns == written, "check mode wrote beside the files in use"


@pytest.mark.finding("S30")
def test_a_file_that_others_may_read_is_written_anew(tmp_path):
    dest = tmp_path / "etc"
    run("judged_files", dest=str(dest), files=FILES, judge=ACCEPT)
    (dest / "key").chmod(0o644)
    said = run("judged_files", check=True, dest=str(dest), files=FILES, judge=ACCEPT)
    assert said["written"] == ["key"]
    run("judged_files", dest=str(dest), files=FILES, judge=ACCEPT)
    assert oct((dest / "key").stat().st_mode)[-3:] == "600"
