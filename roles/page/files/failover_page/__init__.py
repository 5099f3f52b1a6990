# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page and the metrics of a cluster: a program without privileges that only reads.

It asks the status socket of failoverd, which takes no orders. It imports nothing of failoverd.
"""
