# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raises the containers once, and makes the checkout importable as the collection it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.generated_docs import configuration
from tests.pacemaker import room

configuration.importable()


@pytest.fixture(scope="session")
def containers() -> Iterator[None]:
    """Two containers with everything installed, in which nothing runs yet."""
    with room.raised():
        yield
