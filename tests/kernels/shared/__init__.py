# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster without replication: one disk that both nodes see, and locks on another (SFEX)."""
