# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one exception of the lab: what went wrong, in a sentence for a person."""

from __future__ import annotations


class LabError(Exception):
    """Something the user can understand and act on; printed without a traceback."""
