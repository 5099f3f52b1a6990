# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers as hosts: their image, and the power of each. For what needs no kernel of its own."""
