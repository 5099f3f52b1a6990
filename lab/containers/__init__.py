# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers as hosts, for tests that need no kernel of their own: image and power."""
