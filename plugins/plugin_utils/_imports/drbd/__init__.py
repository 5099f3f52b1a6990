# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of DRBD that were configured by hand."""

from __future__ import annotations
