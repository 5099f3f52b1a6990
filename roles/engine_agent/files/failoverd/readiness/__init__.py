# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a failover would succeed now, and how long it would take. For people alone."""

__all__ = ["examiner", "report", "times"]
