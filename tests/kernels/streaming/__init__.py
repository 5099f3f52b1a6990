# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database that PostgreSQL replicates, on real kernels: every fault, and what brings it back."""
