# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One part of the tests that fails is the failure of all, and its last words are shown."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import legs

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legs, "LOGS", tmp_path / "test")
    monkeypatch.setattr(legs, "CHECKOUT", tmp_path)


def test_all_parts_run_and_one_failure_counts(capsys: pytest.CaptureFixture[str]) -> None:
    good = legs.Leg("good", ("/bin/sh", "-c", "echo 3 passed"))
    bad = legs.Leg("bad", ("/bin/sh", "-c", "echo the reason; exit 3"), nice=5)
    assert legs.play([bad, good]) == 1
    said = capsys.readouterr().out
    assert "bad: FAILED (3)" in said
    assert "--- bad: the end of test/bad.log\nthe reason" in said
    assert said.endswith("1 passed, 1 failed\n")
    report = json.loads((legs.LOGS / "legs.json").read_text(encoding="utf-8"))
    assert (report["ok"], report["whole"]) == (False, False)
    assert [leg["ok"] for leg in report["legs"]] == [False, True]
    assert report["worked_seconds"] >= 0
    assert legs.play([good]) == 0
    assert "ok     good" in capsys.readouterr().out


def test_the_work_of_the_machine_is_counted() -> None:
    before, own = legs.worked_s(), time.process_time()
    while time.process_time() - own < 0.2:
        pass
    assert legs.worked_s() > before


def test_a_run_is_whole_only_with_every_part() -> None:
    runs = [legs.Run(leg, code=0) for leg in legs.LEGS]
    assert legs.told(runs, 1.0, 1.0)["whole"]
    assert legs.told(runs, 1.0, 1.0)["ok"]
    assert not legs.told(runs[1:], 1.0, 1.0)["whole"]


HANGS = ("/bin/sh", "-c", "trap 'echo cleaned up; exit 9' INT; echo begun; sleep 600 & wait")


def test_a_part_that_hangs_is_interrupted_and_has_failed_and_nothing_more_begins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legs, "AT_A_TIME", 1)
    assert legs.play([legs.Leg("stuck", HANGS), legs.Leg("next", ("true",))], limit_s=2.0) == 1
    said = capsys.readouterr().out
    assert "FAILED stuck" in said and "cleaned up" in said
    assert "next: begins" not in said and "FAILED next" in said
    assert "Not ended after 2 s" in said


def test_a_part_that_takes_no_interrupt_is_killed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legs, "ENDS_S", 0.2)
    deaf = legs.Leg("deaf", ("/bin/sh", "-c", "trap '' INT; sleep 600; sleep 600"))
    assert legs.play([deaf], limit_s=1.0) == 1
    assert f"deaf: FAILED ({-signal.SIGKILL})" in capsys.readouterr().out


def test_who_ends_the_whole_ends_its_parts(tmp_path: Path) -> None:
    """As make does with what it started when it is terminated itself."""
    program = f"""
import sys
from pathlib import Path
from tests import legs
legs.LOGS = legs.CHECKOUT = Path({str(tmp_path)!r})
legs.LEGS = (legs.Leg("stuck", {HANGS!r}),)
legs.main()
"""
    whole = subprocess.Popen([sys.executable, "-c", program], cwd=CHECKOUT)
    log = tmp_path / "stuck.log"
    try:
        for _round in range(6000):
            if log.exists() and log.read_text():
                break
            time.sleep(0.01)
        whole.terminate()
        assert whole.wait(60) != 0
    finally:
        whole.kill()
    assert log.read_text() == "begun\ncleaned up\n"
