# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl whatif: runs the core forward from a real state, with models of the rest."""

__all__ = ["tell", "words"]
