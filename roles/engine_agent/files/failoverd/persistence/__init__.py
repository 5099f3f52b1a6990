# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What outlives one life of the daemon: modes, held services, the accepted configuration."""

__all__ = ["change", "former", "lastgood", "lives", "store"]
