# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an idle daemon costs on this machine's own kernel: two of them, in namespaces of their own.

Real: kernel, network, heartbeats over three links, echo requests, PostgreSQL, HTTP, D-Bus, disks,
journal. Stand-ins: systemd (manager.py), DRBD (a file for /proc/drbd), the fence agent.
"""
