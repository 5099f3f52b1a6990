# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests to the lab's processes."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from lab.control import ask, listen, serve_one
from lab.errors import LabError
from tests.unit.bounded import LIMIT_S, begun


def echo(request: dict[str, Any]) -> dict[str, Any]:
    if request.get("fail"):
        raise LabError("it cannot be done")
    return {"got": request}


def asked(path: Path, request: dict[str, Any]) -> dict[str, Any]:
    with listen(path) as server:
        thread = begun(serve_one, server, echo)
        try:
            return ask(path, request)
        finally:
            thread.join(LIMIT_S)


def test_a_request_is_answered_however_deep_the_socket_lies(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    assert asked(deep / "node1.socket", {"action": "status"}) == {"got": {"action": "status"}}


def test_an_error_comes_back_as_its_sentence(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="it cannot be done"):
        asked(tmp_path / "node1.socket", {"fail": True})


def test_nobody_there_is_said_with_the_name(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="node1 does not answer"):
        ask(tmp_path / "node1.socket", {})


def test_a_client_that_says_nothing_harms_nobody(tmp_path: Path) -> None:
    path = tmp_path / "node1.socket"
    with listen(path) as server:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
        serve_one(server, echo)


def test_the_socket_is_private(tmp_path: Path) -> None:
    path = tmp_path / "node1.socket"
    with listen(path):
        assert path.stat().st_mode & 0o077 == 0
