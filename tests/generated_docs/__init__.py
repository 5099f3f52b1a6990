# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the pages of docs/ that are made from the code: ``make docs``."""
