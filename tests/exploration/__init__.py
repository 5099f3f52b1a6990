# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every interleaving up to a depth, around the very core that production runs. Not a sample."""
