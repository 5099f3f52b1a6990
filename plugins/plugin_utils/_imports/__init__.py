# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a proposed inventory out of what hosts have today. No I/O.

A parser reads one format and judges nothing. A proposal reads what the parsers found, and writes
an inventory together with its findings: sentences on what was dangerous, and what could not be
carried over.
"""

from __future__ import annotations
