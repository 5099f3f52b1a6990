# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents of Debian's resource-agents, driven in a container by the daemon's own classes."""
