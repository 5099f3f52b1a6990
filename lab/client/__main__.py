# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python -m lab.client``: the client in the network in which it is started."""

from __future__ import annotations

import sys

from lab.client.app import main

sys.exit(main())
