# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A short run of every fuzzer, all inputs that once escaped, and that the fuzzers see an escape."""

from __future__ import annotations

import itertools
import os
import time
from pathlib import Path

import pytest

from tests.fuzz import harness, targets
from tests.fuzz.target import Target

INPUTS = int(os.environ.get("FUZZ_INPUTS", "300"))
SEED = 20_240


@pytest.mark.finding("X11", "S20")
@pytest.mark.parametrize("name", targets.NAMES)
def test_nothing_escapes(name: str, tmp_path: Path) -> None:
    result = harness.run(targets.load(name), INPUTS, SEED, tmp_path)
    assert result.escapes == []
    assert result.inputs == INPUTS


@pytest.mark.finding("X11")
@pytest.mark.parametrize("name", targets.NAMES)
def test_what_escaped_once_does_so_no_more(name: str) -> None:
    target = targets.load(name)
    assert {
        p.name: said
        for p in harness.kept_inputs(name)
        if (said := harness.check(target, p.read_bytes()))
    } == {}


def test_a_kept_input_names_a_target() -> None:
    kept = [path.name for path in harness.KEPT.iterdir() if path.name != "README.md"]
    assert {name.rpartition("-")[0] for name in kept} <= set(targets.NAMES)


def broken(data: bytes) -> None:
    """Escapes, hangs or grows, as the input says."""
    if b"9" in data:
        raise KeyError("nine")


def test_an_escape_is_kept_once_and_found_again_by_its_seed(tmp_path: Path) -> None:
    target = Target("broken", [b'{"a": 1}'], broken)
    first = harness.run(target, 2000, 7, tmp_path)
    again = harness.run(target, 2000, 7, tmp_path)
    assert first.escapes == again.escapes
    [escape] = first.escapes
    assert escape["what"].startswith("KeyError at test_fuzz.py:")
    assert b"9" in (tmp_path / escape["kept"]).read_bytes()


def test_an_input_depends_on_seed_and_samples_alone() -> None:
    """Whatever was spoilt before in this process: a seed that was printed leads back to it."""
    target = Target("any", [b'{"a": [1, {"b": "c"}]}', b"[]", b"1"], lambda data: None)
    first = list(itertools.islice(harness.inputs_of(target, 5), 20_000))
    assert list(itertools.islice(harness.inputs_of(target, 5), 20_000)) == first
    assert len(set(first)) > 5_000


def test_a_sound_sample_that_is_refused_is_an_escape(tmp_path: Path) -> None:
    result = harness.run(Target("broken", [b"9"], broken), 1, 1, tmp_path)
    assert result.escapes[0]["what"].startswith("a sound sample: KeyError")


def test_a_hang_is_an_escape(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "LIMIT_S", 0.1)

    def stuck(_data: bytes) -> None:
        while True:
            try:
                time.sleep(60)
            except Exception:
                continue

    assert harness.check(Target("stuck", [b""], stuck), b"").startswith("hang")


def test_memory_that_is_not_given_back_is_an_escape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness, "GROWTH_BYTES", 8 << 20)
    hoard: list[bytes] = []
    target = Target("greedy", [b"x"], lambda _data: hoard.append(os.urandom(100_000)))
    result = harness.run(target, 1000, 1, tmp_path)
    assert result.escapes[0]["what"].startswith("memory: ")
    assert result.inputs < 1000
