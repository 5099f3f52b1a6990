# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failover_page: the status page and the metrics of each node."""

from __future__ import annotations

from typing import Any

from .. import _net
from .._problems import refuse
from .kinds import Key, Kind, Path, Secret, Whole
from .nested import Each, Keys
from .reading import Scope, same

PORT = 9820
LOCALHOST = "127.0.0.1"
SHORTEST_TOKEN = 16
TOKEN = f"[!-~]{{{SHORTEST_TOKEN},256}}"


class Listen(Kind):
    """An address to listen on; all of them is one, too."""

    def read(self, where: str, value: Any, scope: Scope) -> str:
        same(where, value)
        try:
            return _net.address(value)
        except ValueError:
            refuse(where, value, "is not an IP address.")

    def says(self) -> str:
        return "IP address"


PAGE = Keys(
    {
        "listen": Key(
            Each(Listen()),
            "Address that it listens on. Any but localhost needs certificate, key and token.",
            otherwise=f"`{LOCALHOST}`",
        ),
        "port": Key(Whole(1, 65535), "Port that it listens on.", default=PORT),
        "certificate": Key(
            Each(Path()), "File on the node with the certificate for TLS in PEM, and its chain."
        ),
        "key": Key(
            Each(Path()),
            "File on the node with the key of the certificate, which root alone needs to read.",
        ),
        "token": Key(
            Secret(TOKEN, f"is not a text of at least {SHORTEST_TOKEN} characters without blanks."),
            "What a browser (as the password of any user) or Prometheus (as bearer) has to know.",
        ),
    }
)
