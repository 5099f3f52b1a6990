# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unit tests of the collection pass the way the Ansible world runs them."""

from __future__ import annotations

import re

from tests.gates import sanity
from tests.gates.bench import Bench, Refused


def check(bench: Bench) -> dict[str, object]:
    """Run ansible-test units in a virtual environment of its own."""
    command = ["ansible-test", "units", "--venv", "--python", sanity.python(), "--color", "no"]
    # Where ansible-test looks for the requirements of unit tests.
    said = bench.run([*command, "tests/unit/collection/"], cwd=bench.tree, env=sanity.home())
    passed = sum(int(count) for count in re.findall(r"(\d+) passed", said))
    if not passed:
        raise Refused("ansible-test units: no test ran.")
    return {"passed": passed}
