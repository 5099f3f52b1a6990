# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decisions: pure functions from (state, event, now) to (state, actions).

Nothing here reads a clock, draws a random number, logs, or touches the outside world.
"""
