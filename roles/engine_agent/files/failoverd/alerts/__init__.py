# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends alerts to people: collects, words and delivers them."""

__all__ = ["outbox", "settings"]
