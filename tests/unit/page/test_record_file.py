# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page reads what failoverctl wrote for it, and keeps the last good content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from failover_page.source import MOST_RECORD_BYTES, RecordFile


def written(file: Path, content: bytes) -> None:
    """As failoverctl writes: another file takes its place."""
    beside = file.with_name("new")
    beside.write_bytes(content)
    beside.replace(file)


def test_a_new_file_is_read_and_an_old_one_is_not_read_again(tmp_path: Path) -> None:
    file = tmp_path / "record.json"
    record = RecordFile(file)
    assert record.read() == {}
    written(file, b'{"at": 1}')
    first = record.read()
    assert first == {"at": 1}
    assert record.read() is first
    written(file, b'{"at": 2}')
    assert record.read() == {"at": 2}


@pytest.mark.parametrize(
    "bad",
    [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, json.dumps("x" * MOST_RECORD_BYTES).encode()],
    ids=["empty", "cut", "list", "no text", "deep", "large"],
)
def test_bad_content_leaves_the_last_good_one(tmp_path: Path, bad: bytes) -> None:
    file = tmp_path / "record.json"
    record = RecordFile(file)
    written(file, b'{"at": 1}')
    assert record.read() == {"at": 1}
    written(file, bad)
    assert record.read() == {"at": 1}
    file.unlink()
    assert record.read() == {"at": 1}
