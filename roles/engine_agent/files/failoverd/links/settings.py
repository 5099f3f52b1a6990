# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The links as configured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class UdpSettings:
    """A heartbeat path over one interface of a network."""

    name: str
    interface: str
    address: str
    peer_address: str
    port: int
    replicates: str = ""
    """The network of the replication that runs over this link, if one does."""


@dataclass(frozen=True)
class SerialSettings:
    """A heartbeat path over a null-modem cable."""

    name: str
    device: str
    baud: int
