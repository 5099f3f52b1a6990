# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One archive of what helps to find out why something happened on this node, without secrets."""

__all__ = ["collect"]
