# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl whatif: the core, run forward from a real state against stand-ins for the rest."""

__all__ = ["tell", "words"]
