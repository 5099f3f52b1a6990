# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders a model into what Corosync reads."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from typing import Any

from . import durations

HEAD = "# Written by failover.cluster; changes are overwritten.\n"
KEY_FILE = "/etc/corosync/authkey"
KEY_BYTES = 128
"""knet takes 128 to 4096; each of them becomes two letters."""
LINKS = 8
"""Links that knet has at most."""


def key(secret: str) -> str:
    """The key of all links, long enough for knet, out of a generated secret."""
    return hashlib.shake_256(f"corosync {secret}".encode()).hexdigest(KEY_BYTES)


def number(node: str) -> int:
    """The number of a node. It follows from its name, so that no other node changes it.

    knet takes 1 to 65535.
    """
    return zlib.crc32(node.encode()) % 65535 + 1


def render(model: Mapping[str, Any]) -> str:
    """Return corosync.conf, the same on every node."""
    links = list(enumerate(model["links"]))
    totem = {
        "version": 2,
        "cluster_name": model["cluster"],
        "transport": "knet",
        "crypto_model": "nss",
        "crypto_cipher": "aes256",
        "crypto_hash": "sha256",
        "keyfile": KEY_FILE,
        "token": durations.token_ms(model),
        # A larger cluster does not find a dead node later than failover_timing says.
        "token_coefficient": 0,
        "consensus": durations.consensus_ms(model),
        "link_mode": "passive",
    }
    ports = [
        _block("interface", {"linknumber": index, "mcastport": link["port"]}, indent=1)
        for index, link in links
    ]
    nodes = [
        _block(
            "node",
            {
                "name": node,
                "nodeid": number(node),
                **{f"ring{index}_addr": link["address"][node] for index, link in links},
            },
            indent=1,
        )
        for node in model["nodes"]
    ]
    logging = {"to_stderr": "no", "to_logfile": "no", "to_syslog": "yes", "timestamp": "off"}
    return HEAD + "\n".join(
        [
            _block("totem", totem, ports),
            _block("nodelist", {}, nodes),
            _quorum(model),
            _block("logging", logging),
        ]
    )


def two_alone(model: Mapping[str, Any]) -> bool:
    """Whether each half of a split is half of the cluster, and fencing alone decides."""
    return len(model["nodes"]) == 2 and not model["pacemaker"].get("quorum_device")


def _quorum(model: Mapping[str, Any]) -> str:
    values: dict[str, Any] = {"provider": "corosync_votequorum"}
    if two_alone(model):
        # A node that boots alone waits for the other one, or for a person.
        return _block("quorum", {**values, "two_node": 1, "wait_for_all": 1})
    device = model["pacemaker"].get("quorum_device")
    if not device:
        return _block("quorum", {**values, **_last_standing(model)})
    net = {
        "host": device["host"],
        "port": device["port"],
        "algorithm": device["algorithm"],
        "tls": "required",
    }
    votes = 1 if device["algorithm"] == "ffsplit" else len(model["nodes"]) - 1
    parts = _block("device", {"model": "net", "votes": votes}, [_block("net", net, indent=2)], 1)
    return _block("quorum", values, [parts])


def _last_standing(model: Mapping[str, Any]) -> dict[str, Any]:
    """Nodes that are lost one after the other leave the rest a quorum, down to a standby alone.

    A node that boots waits until it has seen all others: it cannot know whether the rest goes on
    without it. Of two nodes that are left, a standby goes on without the other one.
    """
    standby = model["pacemaker"].get("standby", ())
    if not standby:
        return {}
    order = [*standby, *(node for node in model["nodes"] if node not in standby)]
    return {
        "wait_for_all": 1,
        "last_man_standing": 1,
        "auto_tie_breaker": 1,
        "auto_tie_breaker_node": " ".join(str(number(node)) for node in order),
    }


def _block(name: str, values: Mapping[str, Any], inner: Any = (), indent: int = 0) -> str:
    edge = "  " * indent
    lines = [f"{edge}{name} {{\n", *(f"{edge}  {key}: {value}\n" for key, value in values.items())]
    return "".join([*lines, *inner, f"{edge}}}\n"])
