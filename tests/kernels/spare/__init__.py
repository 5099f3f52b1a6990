# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two nodes that each run a service, and a third that is the standby of both (N+1)."""
