# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine pacemaker with the real Corosync and Pacemaker of Debian, in two containers."""
