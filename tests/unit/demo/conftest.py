# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the demo's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.demo.fake_postgres import FakePostgres


@pytest.fixture
def postgres() -> Iterator[FakePostgres]:
    server = FakePostgres()
    yield server
    server.close()
