# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes that every module of the collection states."""

from __future__ import annotations


class ModuleDocFragment:
    """Shared documentation."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in check mode and says what it would do without doing it.
  diff_mode:
    description: Shows in diff mode what is changed, or would be.
  idempotent:
    description: A second run with the same arguments changes nothing.
  action_group:
    description: Takes its defaults from the group in C(module_defaults).
    support: full
    membership: [failover.cluster.cluster]
  platform:
    description: Target systems.
    support: full
    platforms: debian
"""
