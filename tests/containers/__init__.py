# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OCF agents of Debian in a container, driven by the classes of the daemon itself."""
