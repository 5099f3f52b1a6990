# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database gets another major version of PostgreSQL, on real kernels of Debian 13."""
