# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demonstration's report as one HTML file that needs nothing else."""

from __future__ import annotations

from lab.report.page import render

__all__ = ["render"]
