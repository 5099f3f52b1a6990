# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is watched: each monitor is one file; what it finds becomes an event of the core."""
