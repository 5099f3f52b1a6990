# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two real daemons in network namespaces, as the unit tests have them."""

from __future__ import annotations

from tests.unit.failoverd.conftest import cable, script
from tests.unit.failoverd.test_pair import pair

__all__ = ["cable", "pair", "script"]
