# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is watched of the node itself: one file per monitor; what it finds goes to the core."""
