# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host runs today, read before it becomes a node. Nothing here writes, and no secret leaves.

A file is read up to a limit, and what may be a secret is taken out of its text on the host itself.
"""
