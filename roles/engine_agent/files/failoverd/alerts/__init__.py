# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages to people about alerts: one file per channel and step."""

__all__ = ["outbox", "settings"]
