# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""DRBD's own handlers for Pacemaker read the configuration that we render. Needs drbd-utils."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.plugin_utils._engines.pacemaker import (
    cib,
    replicas,
)

from .test_drbd_files import PACEMAKER

CONSTRAINT = '<rsc_location rsc="{pair}" id="drbd-fence-by-handler-shop-{pair}">'
KEPT, NOTHING = 1, 0
"""How the handler ends that finds its constraint, but no disk that is good; and that finds none."""


@pytest.fixture
def unfence(build, tmp_path: Path) -> Callable[..., int]:
    """Runs the handler that takes a constraint back, with a cluster that only tells its CIB."""
    model = build(*PACEMAKER)

    def ended(version: str, resource: str, constraint: str = "") -> int:
        text = cib.render(model)
        if constraint:
            text = re.sub(r"(<constraints>\n)", rf"\1    {constraint}\n    </rsc_location>\n", text)
        tool = tmp_path / "cibadmin"
        tool.write_text(f"#!/bin/sh\ncat <<'END'\n<cib epoch=\"1\">\n{text}</cib>\nEND\n")
        tool.chmod(0o755)
        environment = {**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin", "DRBD_RESOURCE": resource}
        # Numbers that no kernel has.
        environment |= {"DRBD_MINOR": "999", "DRBD_VOLUME": "999"}
        command = replicas.HANDLERS[version]["unfence-peer"]
        done: subprocess.CompletedProcess[Any] = subprocess.run(
            [command, "--lock-file", "NONE"], env=environment, timeout=30, check=False
        )
        return done.returncode

    return ended


def test_the_handler_finds_the_clone_of_a_resource(unfence: Callable[..., int]):
    assert unfence("8", "shop") == NOTHING
    assert unfence("8", "other") != NOTHING


def test_the_constraint_of_the_handler_names_the_clone(unfence: Callable[..., int]):
    ours = CONSTRAINT.format(pair="failover.shop.drbd.pair")
    assert unfence("8", "shop", ours) == KEPT
    assert unfence("8", "shop", CONSTRAINT.format(pair="failover.mail.drbd.pair")) == NOTHING
