# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugin of pytest: a run of tests ends, whatever one of them waits for.

Within a process, pytest-timeout makes a test fail that takes too long. That is an exception, which
neither a call in the kernel that takes no signal lets through, nor a cleanup that hangs after it.
So the process ends itself some time later, and tells where each of its threads stands.

A process that ends has to end the run: pytest-xdist, with files as units of work, gives what the
process had already done to the next one, which may wait for ever for something to do.
"""

from __future__ import annotations

import faulthandler
import os
from collections.abc import Iterator

import pytest

HANGS_S = float(os.environ.get("TEST_HANGS_S", "900"))
"""Longer than the limit of pytest-timeout."""
_error: list[int] = []
"""Standard error of the process; while a test runs, its number is a file of pytest's."""


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before the processes of pytest-xdist begin."""
    _error.append(os.dup(2))
    if getattr(config.option, "maxworkerrestart", "") is None:
        config.option.maxworkerrestart = "0"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Of each test with its fixtures. Who runs tests without pytest-xdist sees them stand still."""
    if not hasattr(item.config, "workerinput"):
        return (yield)
    faulthandler.dump_traceback_later(HANGS_S, exit=True, file=_error[0])
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()
