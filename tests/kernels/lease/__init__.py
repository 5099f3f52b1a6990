# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts without a power switch: a watchdog in each is all that excludes them."""
