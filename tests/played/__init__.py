# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A daemon that is played: it gives answers of the status socket, for tests of who reads them."""
