# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon's own reader judges what a node would be told, before any node is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._daemon import ConfigError, parse
from ..._problems import Problem
from . import config

KEY = "00" * 32
"""In the place of the heartbeat key, which is made later."""


def accept(model: Mapping[str, Any], node: str) -> None:
    """Raise Problem for what the daemon of a node would refuse."""
    told = {**model, "links": [_addressed(i, one) for i, one in enumerate(model["links"])]}
    texts = {**config.files(told, node), "key": KEY}
    try:
        parse(texts)
    except ConfigError as error:
        raise Problem(
            f"cluster {model['cluster']}: the daemon of {node} would refuse its configuration:"
            f" {error}"
        ) from None


def _addressed(index: int, link: Mapping[str, Any]) -> Mapping[str, Any]:
    """The link with addresses of the documentation (RFC 5737) where only the nodes know them."""
    if link["type"] != "udp":
        return link
    nodes = enumerate(link["interface"], 1)
    made = {node: f"192.0.2.{2 * index % 250 + number}" for number, node in nodes}
    return {**link, "address": {**made, **link["address"]}}
