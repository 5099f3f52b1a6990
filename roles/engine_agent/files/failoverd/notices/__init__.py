# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Telling people who are not looking: alerts of the history as mail, webhook or command."""
