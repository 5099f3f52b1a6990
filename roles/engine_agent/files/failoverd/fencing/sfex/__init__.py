# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock on a shared disk: how a block is written, read, renewed and taken over."""

__all__ = ["block", "level", "lock"]
