# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters of Pacemaker, whoever made them: pcs, crmsh or a person."""

from __future__ import annotations
