# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database of a service that PostgreSQL replicates: a server on both nodes, promoted on one.

The agent pgsql keeps the replication synchronous while there is a standby, and says in the CIB
whose data are good. It promotes a standby only while the CIB says that it was in sync.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from . import durations, elements
from .elements import Element, name

KIND, DATABASE = "streaming", "postgresql"
AGENT = "ocf:failover:pgsql"
"""That of resource-agents, called by ours (roles/engine_pacemaker/files/pgsql)."""
ACCOUNT = "failover_replication"
"""The account of the database with which a standby replicates."""
START_S, STOP_S, NOTIFY_S, WATCH_S = 300, 120, 90, 60
WATCH_PROMOTED_S, WATCH_STANDBY_S = 3, 4
"""Pauses between two looks. A standby that is lost holds the writes up until the next one."""
ADDRESS_S = 20
IN_SYNC, PRIMARY = "HS:sync", "PRI"
"""What the agent calls a node in its attribute."""
BESIDE, ALONE, LAN = 200, 100, 150
"""How much the address for reading wants to be on the standby, on the primary, and on a node that
has the service LAN: rather on such a primary than on a standby without it."""
KEEPALIVES = "keepalives_idle=10 keepalives_interval=3 keepalives_count=3"


def replicated(service: Mapping[str, Any]) -> bool:
    """Whether PostgreSQL replicates the database of a service."""
    return bool(service["storage"]["type"] == KIND)


def runs(service: Mapping[str, Any], application: Mapping[str, Any]) -> bool:
    """Whether an application of a service is that database."""
    return replicated(service) and bool(application["kind"] == DATABASE)


def ident(service: Mapping[str, Any]) -> str:
    """The id of the clone."""
    return name(service["name"], KIND, "pair")


def resources(
    model: Mapping[str, Any], service: Mapping[str, Any], failures: Mapping[str, object]
) -> list[Element]:
    """The clone, and the addresses of the replication and for reading."""
    if not replicated(service):
        return []
    owner = name(service["name"], KIND)
    database = next(one for one in service["applications"] if runs(service, one))
    given = elements.nvset("instance_attributes", owner, _parameters(service, database))
    server = elements.primitive(owner, AGENT, [given], ops=_ops(database))
    meta = {
        "promotable": "true",
        "promoted-max": 1,
        "promoted-node-max": 1,
        "clone-max": len(service["storage"]["nodes"]),
        "clone-node-max": 1,
        "notify": "true",
        "interleave": "true",
        **failures,
        # A primary that failed may lack what it had acknowledged; the agent never starts it again.
        "migration-threshold": 1,
    }
    clone = elements.around("clone", ident(service), [server], meta)
    return [clone, *(_address(model, service, one) for one in service["storage"]["own"])]


def _parameters(service: Mapping[str, Any], database: Mapping[str, Any]) -> dict[str, object]:
    storage, programs = service["storage"], f"/usr/lib/postgresql/{database['version']}/bin"
    state = f"{storage['directory']}/agent"
    slot = service["name"].lower().replace("-", "_")
    return {
        "rep_mode": "sync",
        "node_list": " ".join(storage["nodes"]),
        "master_ip": storage["own"][0]["ip"],
        "repuser": ACCOUNT,
        "primary_conninfo_opt": f"passfile={state}/passfile {KEEPALIVES}",
        "pgctl": f"{programs}/pg_ctl",
        "psql": f"{programs}/psql",
        "pgdata": f"{storage['directory']}/{DATABASE}",
        "pgport": database["port"],
        "config": f"/etc/failover/{service['name']}/postgresql.conf",
        "socketdir": database["socket"],
        "tmpdir": state,
        **({"replication_slot_name": slot} if storage["slots"] else {}),
        **({"restore_command": storage["restore"]} if storage["restore"] else {}),
    }


def _ops(database: Mapping[str, Any]) -> list[dict[str, str]]:
    start = durations.seconds(database.get("start_timeout_s", START_S))
    stop = durations.seconds(database.get("stop_timeout_s", STOP_S))
    once = {"start": start, "promote": start, "notify": str(NOTIFY_S)}
    watch = {"Promoted": WATCH_PROMOTED_S, "Unpromoted": WATCH_STANDBY_S}
    return [
        *({"name": key, "interval": "0", "timeout": f"{s}s"} for key, s in once.items()),
        # What cannot be given up may still take writes: the node is switched off.
        *(
            {"name": key, "interval": "0", "timeout": f"{stop}s", "on-fail": "fence"}
            for key in ("demote", "stop")
        ),
        *(
            {"name": "monitor", "role": role, "interval": f"{s}s", "timeout": f"{WATCH_S}s"}
            for role, s in watch.items()
        ),
    ]


def _address(
    model: Mapping[str, Any], service: Mapping[str, Any], address: Mapping[str, Any]
) -> Element:
    owner = _address_of(service, address)
    prefix = address["address"].partition("/")[2]
    per_node = {
        node: {"ip": address["ip"], "cidr_netmask": prefix, "nic": address["interface"][node]}
        for node in model["nodes"]
    }
    watch = durations.seconds(model["pacemaker"]["monitor_s"])
    limit = {"timeout": f"{ADDRESS_S}s"}
    return elements.primitive(
        owner,
        "ocf:heartbeat:IPaddr2",
        elements.by_node(owner, per_node),
        # Each score of a place is larger than the wish to stay.
        {"resource-stickiness": 1},
        ops=[
            {"name": "start", "interval": "0", **limit},
            {"name": "stop", "interval": "0", "on-fail": "fence", **limit},
            {"name": "monitor", "interval": f"{watch}s", **limit},
        ],
    )


def _address_of(service: Mapping[str, Any], address: Mapping[str, Any]) -> str:
    use = "replication" if address is service["storage"]["own"][0] else "reading"
    return name(service["name"], use, address["ip"])


def constraints(model: Mapping[str, Any], service: Mapping[str, Any], group: str) -> list[Element]:
    """The service and the address of the replication are with the primary. group: id of it."""
    if not replicated(service):
        return []
    clone, (replication, *reading) = ident(service), service["storage"]["own"]
    address = _address_of(service, replication)
    return [
        _together(f"{clone}.together", group, clone),
        _order(f"{clone}.first", clone, "promote", group, "start", kind="Mandatory"),
        _together(f"{address}.together", address, clone),
        # It stays until the server is down: the standby receives the last rows through it.
        _order(f"{address}.first", clone, "promote", address, "start", symmetrical="false"),
        _order(
            f"{address}.last",
            *(clone, "demote", address, "stop"),
            kind="Optional",
            symmetrical="false",
        ),
        *(_reading(service, one) for one in reading),
        *(
            where
            for one in reading
            for where in elements.on_the_lan(model, _address_of(service, one), LAN)
        ),
    ]


def _together(ident: str, resource: str, clone: str) -> Element:
    words = {"rsc": resource, "with-rsc": clone, "with-rsc-role": "Promoted", "score": "INFINITY"}
    return ET.Element("rsc_colocation", {"id": ident, **words})


def _order(ident: str, first: str, does: str, then: str, follows: str, **more: str) -> Element:
    words = {"first": first, "first-action": does, "then": then, "then-action": follows}
    return ET.Element("rsc_order", {"id": ident, **words, **more})


def _reading(service: Mapping[str, Any], address: Mapping[str, Any]) -> Element:
    """Where the address for reading may be: on a standby in sync, else on the primary."""
    owner, attribute = _address_of(service, address), f"{name(service['name'], KIND)}-status"
    made = ET.Element("rsc_location", id=f"{owner}.where", rsc=owner)
    for tail, score, tests in (
        ("beside", str(BESIDE), (("eq", IN_SYNC),)),
        ("alone", str(ALONE), (("eq", PRIMARY),)),
        ("nowhere", "-INFINITY", (("ne", IN_SYNC), ("ne", PRIMARY))),
        ("unknown", "-INFINITY", (("not_defined", ""),)),
    ):
        ident = f"{owner}.where.{tail}"
        rule = ET.SubElement(made, "rule", {"id": ident, "score": score, "boolean-op": "and"})
        for index, (operation, value) in enumerate(tests):
            words = {"id": f"{ident}.{index}", "attribute": attribute, "operation": operation}
            ET.SubElement(rule, "expression", {**words, **({"value": value} if value else {})})
    return made
