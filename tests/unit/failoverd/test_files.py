# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are written whole or not at all, on a full disk too, and read whatever they hold."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import failoverd
from failoverd.config import Config, parse
from failoverd.core.modes import Modes
from failoverd.fencing.selffence import SelfFence, last_reset
from failoverd.fencing.sfex.format import Area
from failoverd.formats.codec import CodecError, from_json
from failoverd.formats.schema import ConfigError
from failoverd.formats.strictjson import MAX_DEPTH, JsonError, loads
from failoverd.persistence.former import Former
from failoverd.persistence.lastgood import LastGood
from failoverd.persistence.lives import Lives
from failoverd.persistence.store import Store
from failoverd.system import files

PRODUCT = Path(failoverd.__file__).parent
OLD = "good" * 100
HOSTILE = {
    "nested": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nested below the limit of recursion": b"[" * 900 + b"]" * 900,
    "number of 5000 digits": b'{"format": ' + b"9" * 5000 + b"}",
    "number of 400 digits": b'{"services": {"shop": {"generation": ' + b"9" * 400 + b"}}}",
    "no UTF-8": b'{"format": "\xff\xfe"}',
    "other encoding": '{"format": 1}'.encode("utf-16"),
    "NaN": b'{"services": {"shop": {"since": NaN, "generation": 1}}}',
    "infinity": b'{"services": {"shop": {"since": 1e999, "generation": 1}}}',
    "half a character": b'{"boot": "\\ud800", "services": {"\\udfff": {}}}',
    "list": b"[]",
    "number": b"1",
    "null": b"null",
    "text": b'"cluster.json"',
    "nothing": b"",
    "zeroes": bytes(5000),
    "wrong types": b'{"services": [1], "modes": [1], "boot": {}, "cluster.json": 1, "key": []}',
    "too large": b" " * (files.LIMIT_BYTES + 1),
}


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few pages, filled but for about one of them by each test."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "none", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path, leave: int = 0) -> None:
    """Let the disk have so many bytes left, rounded to pages."""
    with (place / "filler").open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    size = (place / "filler").stat().st_size
    os.truncate(place / "filler", size - leave)


@pytest.mark.finding("S19")
@pytest.mark.parametrize("leave", [0, 4096, 8192])
def test_a_full_disk_leaves_the_old_file_as_it_was(full: Path, leave: int) -> None:
    path = full / "file"
    files.write_whole(path, OLD)
    fill(full, leave)
    with pytest.raises(OSError, match="No space left"):
        files.write_whole(path, "new" * 8000)
    assert path.read_text() == OLD
    assert {p.name for p in full.iterdir()} == {"file", "filler"}, "no rest is left behind"


@pytest.mark.finding("S19")
def test_a_disk_that_takes_a_part_at_a_time_gets_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:7]))
    files.write_whole(tmp_path / "file", OLD)
    assert (tmp_path / "file").read_text() == OLD


@pytest.mark.finding("S19")
def test_what_a_node_holds_is_kept_whole_on_a_full_disk(full: Path, tmp_path: Path) -> None:
    boot = tmp_path / "boot"
    boot.write_text("first")
    store = Store(full, boot)
    for number in range(30):
        store.own(f"service{number}", True, 1)
    fill(full)
    for number in range(30, 60):
        store.own(f"service{number}", True, 1)
    assert "No space left" in store.problem
    again = Store(full, boot)
    assert all(again.held(f"service{number}") for number in range(30))
    (full / "filler").unlink()
    store.own("service0", False, 2)
    assert store.problem == ""
    assert Store(full, boot).held("service59")


@pytest.mark.finding("S19")
def test_the_last_good_configuration_is_kept_whole_on_a_full_disk(
    full: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"cluster.json": "old" * 500}
    monkeypatch.setattr("failoverd.persistence.lastgood.read_files", lambda directory: texts)
    monkeypatch.setattr(
        "failoverd.persistence.lastgood.parse", lambda given, directory: given["cluster.json"]
    )
    LastGood(full / "last-good.json").load("/etc/failoverd")
    fill(full, 4096)
    texts = {"cluster.json": "new" * 3000}
    LastGood(full / "last-good.json").load("/etc/failoverd")
    kept = json.loads((full / "last-good.json").read_text())
    assert kept == {"cluster.json": "old" * 500}


@pytest.mark.finding("S19")
def test_why_a_node_reset_itself_is_kept_whole_or_not_at_all(full: Path, tmp_path: Path) -> None:
    note, sysrq = full / "self-reset", tmp_path / "sysrq"
    sysrq.touch()
    fill(full)
    fence = SelfFence(note, lambda code, text: None, lambda: None, str(sysrq))
    fence.reset("why " * 2000)
    assert sysrq.read_text() == "b"
    assert last_reset(note) == ""


@pytest.mark.finding("S19")
def test_the_modes_of_an_operator_are_forced_to_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Power fails on both nodes at once: a maintenance must not end by that."""
    boot = tmp_path / "boot"
    boot.write_text("first")
    synced: list[str] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{fd}").readlink()))
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    store = Store(tmp_path, boot)
    store.keep(Modes(maintenance=3))
    assert store.drain(30.0)
    assert synced == [str(tmp_path / ".modes.json.new"), str(tmp_path)]
    (tmp_path / "state.json").write_text("")  # what a loss of power may leave of it
    assert Store(tmp_path, boot).modes == Modes(maintenance=3)


def test_the_newer_word_of_both_files_counts(tmp_path: Path) -> None:
    boot = tmp_path / "boot"
    boot.write_text("first")
    (tmp_path / "modes.json").write_text('{"maintenance": 3, "standby": 1}')
    (tmp_path / "state.json").write_text('{"modes": {"maintenance": 2, "standby": 2}}')
    assert Store(tmp_path, boot).modes == Modes(maintenance=3, standby=2)


@pytest.mark.finding("S19")
def test_every_write_of_the_product_looks_at_what_was_taken() -> None:
    """write() may take a part: nobody but the writer of whole files replaces a file."""
    strange = []
    for path in PRODUCT.rglob("*.py"):
        text = path.read_text()
        if re.search(r"\.write_(text|bytes)\(|O_TRUNC", text) and path.name != "files.py":
            strange.append(path.name)
    # A parameter of a kernel module, /proc, and a file that a user names for whatif.
    assert sorted(strange) == ["drbd.py", "realtime.py", "tell.py"]


# ---------------------------------------------------------------- reading


@pytest.mark.finding("S20")
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_the_memory_of_a_node_survives_every_content(tmp_path: Path, content: bytes) -> None:
    boot = tmp_path / "boot"
    boot.write_text("first")
    for name in ("state.json", "modes.json", "incarnation"):
        (tmp_path / name).write_bytes(content)
    store = Store(tmp_path, boot)
    assert not store.held("shop")
    assert store.modes == Modes()
    assert 0 < Lives(tmp_path).begin() < 2**64
    store.own("shop", True, store.generation("shop") + 1)
    store.keep(Modes(standby=1))
    assert store.problem == ""
    assert Store(tmp_path, boot).held("shop")


GOOD: dict[str, str] = {
    "cluster.json": json.dumps(
        {
            "format": 1,
            "cluster": "shop",
            "node": "node1",
            "nodes": ["node1", "node2"],
            "unsafe": ["no_exclusion", "single_link"],
            "links": [{"name": "serial", "type": "serial", "device": "/dev/ttyS0"}],
            "services": [],
        }
    ),
    "key": "00" * 32,
}


def write(directory: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (directory / name).write_text(text)


@pytest.mark.finding("S20")
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", ["cluster.json", "key", "fencing.json", "notifications.json"])
def test_the_last_good_configuration_goes_on_whatever_the_new_one_is(
    tmp_path: Path, name: str, content: bytes
) -> None:
    etc, kept = tmp_path / "etc", tmp_path / "last-good.json"
    etc.mkdir()
    write(etc, GOOD)
    good, warnings = LastGood(kept).load(str(etc))
    assert isinstance(good, Config)
    (etc / name).write_bytes(content)
    config, warnings = LastGood(kept).load(str(etc))
    assert config == good
    assert "the last good one is used" in " ".join(warnings)


@pytest.mark.finding("S20")
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_without_any_good_configuration_one_sentence_says_what_is_wrong(
    tmp_path: Path, content: bytes
) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "cluster.json").write_bytes(content)
    (tmp_path / "last-good.json").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        LastGood(tmp_path / "last-good.json").load(str(tmp_path))
    assert str(caught.value).startswith(f"{tmp_path}/cluster.json: ")
    assert len(str(caught.value)) < 300


@pytest.mark.finding("S20")
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_carried_along_of_an_earlier_configuration_keeps_nothing_from_starting(
    tmp_path: Path, content: bytes
) -> None:
    write(tmp_path, GOOD)
    kept = json.dumps({"cluster.json": content.decode(errors="replace"), "key": "x"})
    (tmp_path / "last-good.json").write_text(kept)
    (tmp_path / "former.json").write_bytes(content)
    former = Former(tmp_path / "former.json", lambda service: True)
    config, warnings = LastGood(tmp_path / "last-good.json", former.merge).load(str(tmp_path))
    assert (config.node, warnings) == ("node1", [])


@pytest.mark.finding("S20")
@pytest.mark.parametrize(
    "text",
    ['[{"name": "old", "resources": 5}]', '[{"name": "shop"}]', '[{"name": "shop", "x": 1}]'],
)
def test_an_earlier_service_that_cannot_be_read_is_told_and_holds_up_nothing(
    tmp_path: Path, text: str
) -> None:
    unit = {"name": "db", "type": "unit", "unit": "db.service"}
    shop = {"name": "shop", "resources": [unit]}
    data = {**json.loads(GOOD["cluster.json"]), "services": [shop]}
    write(tmp_path, {**GOOD, "cluster.json": json.dumps(data)})
    (tmp_path / "former.json").write_text(text)
    former = Former(tmp_path / "former.json", lambda service: True)
    config, warnings = LastGood(tmp_path / "last-good.json", former.merge).load(str(tmp_path))
    assert config.node == "node1"
    assert "what an earlier configuration started here is unknown now" in warnings[0]


@pytest.mark.finding("S20")
@pytest.mark.parametrize("counter", ["-7", "1" * 13, str(1 << 63), "1e3", "٣", "1" * 5000])
def test_a_counter_that_cannot_travel_is_lost_and_begun_anew(tmp_path: Path, counter: str) -> None:
    (tmp_path / "incarnation").write_text(counter)
    (tmp_path / "state.json").write_text("{}")
    first = Lives(tmp_path).begin()
    assert 0 < first < 2**64
    assert Lives(tmp_path).begin() > first


@pytest.mark.finding("S20")
def test_a_pipe_in_the_place_of_a_file_holds_up_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key")
    (tmp_path / "cluster.json").write_text(GOOD["cluster.json"])
    with pytest.raises(ConfigError, match="key: cannot be read: not a regular file"):
        LastGood(tmp_path / "last-good.json").load(str(tmp_path))


@pytest.mark.finding("S20")
def test_nesting_ends_at_one_limit() -> None:
    assert loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    for levels in (MAX_DEPTH + 1, 500, 200_000):
        with pytest.raises(JsonError, match="nested deeper than 64 levels"):
            loads("[" * levels + "]" * levels)
    assert loads("[" + ",".join(["{}"] * 1000) + "]"), "long is not deep"


@pytest.mark.finding("X11")
@pytest.mark.parametrize("number", [10**400, float("nan"), float("inf"), -(10**400)])
def test_the_codec_takes_finite_numbers_only(number: Any) -> None:
    from failoverd.core.config import Timing

    with pytest.raises(CodecError):
        from_json(Timing, {"dead_s": number})


@pytest.mark.finding("X11")
def test_a_refusal_of_the_codec_shows_no_container() -> None:
    with pytest.raises(CodecError, match="cluster: an object is not a str"):
        from_json(Area, {"cluster": {"secret": "xyzzy"}, "locks": 1})


def test_a_configuration_that_lacks_a_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="key: the file does not exist"):
        parse({"cluster.json": "{}"})
