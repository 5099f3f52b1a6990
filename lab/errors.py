# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exception of the lab: the error as a sentence for people."""

from __future__ import annotations


class LabError(Exception):
    """An error that the user can understand and act on; printed without a traceback."""
