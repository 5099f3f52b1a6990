# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program of the host and turns its failure into one sentence."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from lab.errors import LabError


def run(argv: Sequence[str], *, timeout: float = 60.0, input: str | None = None) -> str:
    """Run ``argv`` and return its standard output.

    :raises LabError: it is missing, fails, or takes longer than ``timeout`` seconds.
    """
    try:
        done = subprocess.run(
            list(argv), capture_output=True, text=True, timeout=timeout, input=input, check=False
        )
    except FileNotFoundError as error:
        raise LabError(
            f"{argv[0]} is not installed; install the packages of lab/host-packages.txt"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{argv[0]} did not end within {timeout:.0f} s") from error
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip()).splitlines()[-3:]
        raise LabError(f"{' '.join(argv[:4])} failed ({done.returncode}): {' | '.join(reason)}")
    return done.stdout
