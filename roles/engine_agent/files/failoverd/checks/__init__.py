# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a running application serves: one file per kind of check. Resources use them."""

__all__ = ["base", "registry", "standstill", "watchers"]
