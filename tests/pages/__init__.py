# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages of docs/ that are made from the code: python -m tests.pages writes them anew."""
