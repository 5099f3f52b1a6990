# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules that the collection and the daemon share. Standard library alone, no I/O."""
