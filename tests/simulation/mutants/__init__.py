# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's own test: deliberate bugs in the core, each of which has to be caught."""
