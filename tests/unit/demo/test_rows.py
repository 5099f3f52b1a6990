# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Acknowledged, unknown, refused, lost: what the client says of a server that misbehaves."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from lab.client import main
from lab.client.account import Account, outcomes, settle
from lab.client.recording import Recorder, read
from lab.client.rows import Database, Gone, RowWriter, Session, read_numbers
from tests.unit.demo.fake_postgres import FakePostgres


def insert(server: FakePostgres, out: Path, count: int, statement_s: float = 5.0) -> Account:
    """Let the client insert until the server has seen ``count`` rows, then settle."""
    database = Database(
        "127.0.0.1", server.port, "shop", "shop", "secret", statement_s=statement_s, retry_s=0.005
    )
    stop, recorder = threading.Event(), Recorder(out)
    writer = RowWriter(database, "run1", 0.001, recorder, stop)
    writer.start()
    server.wait_inserts(count)
    stop.set()
    writer.join(20)
    assert not writer.is_alive()
    table = read_numbers(database, "run1", patience_s=5)
    assert table is not None
    return settle(outcomes(read(out)), table)


def test_an_honest_server_loses_nothing(postgres: FakePostgres, tmp_path: Path) -> None:
    account = insert(postgres, tmp_path / "out", 20)
    assert account.acknowledged == len(postgres.numbers) >= 20
    assert account.clean
    assert account.unknown == 0


def test_an_acknowledged_row_that_is_missing_is_lost(
    postgres: FakePostgres, tmp_path: Path
) -> None:
    postgres.plan = {5: "lose", 9: "lose"}
    account = insert(postgres, tmp_path / "out", 15)
    assert account.lost == (5, 9)
    assert not account.clean


@pytest.mark.parametrize(("fate", "kept"), [("drop", 0), ("keep-and-drop", 1)])
def test_a_row_without_an_answer_is_unknown_whether_kept_or_not(
    postgres: FakePostgres, tmp_path: Path, fate: str, kept: int
) -> None:
    postgres.plan = {7: fate}
    account = insert(postgres, tmp_path / "out", 15)
    assert account.clean
    assert (account.unknown, account.unknown_kept) == (1, kept)


def test_a_silent_server_is_given_up_and_connected_anew(
    postgres: FakePostgres, tmp_path: Path
) -> None:
    postgres.plan = {4: "hang"}
    account = insert(postgres, tmp_path / "out", 10, statement_s=0.3)
    assert account.unknown == 1
    assert account.clean
    assert postgres.connections == 3  # the first, the one after the silence, the last read


def test_an_error_answer_is_refused_and_keeps_the_connection(
    postgres: FakePostgres, tmp_path: Path
) -> None:
    postgres.plan = {3: "refuse"}
    account = insert(postgres, tmp_path / "out", 10)
    assert account.refused == 1
    assert account.clean
    assert postgres.connections == 2


def test_a_row_that_appears_twice_is_found(postgres: FakePostgres, tmp_path: Path) -> None:
    postgres.plan = {3: "twice"}
    assert insert(postgres, tmp_path / "out", 10).duplicated == (3,)


def test_order_and_invented_rows_are_judged() -> None:
    rows = {1: "ack", 2: "ack", 3: "refused", 4: "ack"}
    account = settle(rows, [1, 4, 2, 3, 77])
    assert account.out_of_order == (2, 3)
    assert account.appeared == (3, 77)


def test_the_row_after_the_last_record_may_be_there() -> None:
    """A client that was killed may have sent one more."""
    assert settle({1: "ack"}, [1, 2]).clean


def test_a_statement_ends_at_its_deadline_though_bytes_trickle_in(
    postgres: FakePostgres,
) -> None:
    postgres.plan = {1: "trickle"}
    session = Session(Database("127.0.0.1", postgres.port, "shop", "shop", "x", statement_s=0.2))
    with pytest.raises(Gone):
        session.run("INSERT INTO t (run, number) VALUES ('r', 1)")
    session.close()


def test_the_command_writes_records_and_a_summary(
    postgres: FakePostgres,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CLIENT_PASSWORD", "secret")
    out = tmp_path / "out"
    arguments = ["--host", "127.0.0.1", "--port", str(postgres.port), "--dbname", "shop"]
    code = main([*arguments, "--path", "", "--seconds", "0.5", "--out", str(out)])
    summary: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == 0
    assert summary["verified"] and summary["lost"] == []
    kinds = [record["kind"] for record in read(out)]
    assert (kinds[0], kinds[-1]) == ("start", "summary")
    assert "row" in kinds


def test_the_command_fails_when_a_row_is_lost(
    postgres: FakePostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENT_PASSWORD", "secret")
    postgres.plan = {1: "lose"}
    arguments = ["--host", "127.0.0.1", "--port", str(postgres.port), "--dbname", "shop"]
    arguments += ["--path", "", "--seconds", "0.5", "--out", str(tmp_path / "out")]
    assert main(arguments) == 1


def test_a_missing_password_is_said_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CLIENT_PASSWORD", raising=False)
    assert main(["--host", "::1", "--dbname", "shop", "--out", str(tmp_path / "out")]) == 2
    assert "no password: set CLIENT_PASSWORD" in capsys.readouterr().err


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text('{"kind":"a"}\n{"kind":"b"', encoding="utf-8")
    assert [record["kind"] for record in read(path)] == ["a"]
