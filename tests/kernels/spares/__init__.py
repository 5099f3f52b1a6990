# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two nodes that each run a service, and two standbys of both (N+M)."""
