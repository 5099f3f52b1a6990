# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares cluster software on one machine in one session: who is without service for how long.

``make bench`` plays every case with every system, in turn, and writes ``bench/results.json``.
"""
