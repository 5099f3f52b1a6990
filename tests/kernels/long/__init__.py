# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults that take too long for every change: ``make show WHAT=exclusion``."""
