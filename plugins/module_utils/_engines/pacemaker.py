# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pacemaker, asked by its own tools. A service is the group of its name.

Only a cluster whose corosync.conf the collection wrote counts as one of this engine.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from .._cib import PREFIX
from ._base import Engine, Refused, Run, said_ready
from ._pacemaker_health import health
from ._pacemaker_ready import DEVICE

COROSYNC = "/etc/corosync/corosync.conf"
HEAD = "# Written by failover.cluster"
CIB = "/var/lib/pacemaker/cib/cib.xml"
INFO = "/var/lib/dpkg/status"
DAEMON = "pacemakerd"
MISSING = 127
"""Exit status of env for a program that is not there."""
FINE = ("0", "7", "8")
"""Codes of agents that are no failure: done, not running, promoted."""
POLL_S = 0.5
CHECKPOINT_S = 10
"""How long a move waits for the checkpoint before it."""
GOOD = 1000
"""Least score that DRBD's agent gives a copy whose own disk is UpToDate."""
OPERATOR = "logger"


class Pacemaker(Engine):
    """The cluster of this node."""

    name = "pacemaker"

    def running(self) -> bool:
        return corosync(COROSYNC, INFO) == "ours" and _process(DAEMON)

    def services(self) -> list[str]:
        return sorted(self.configured()) if self.running() else []

    def configured(self) -> dict[str, dict[str, Any]]:
        if corosync(COROSYNC, INFO) != "ours":
            return {}
        try:
            cib = ET.parse(CIB)
        except (OSError, ET.ParseError):
            # Pacemaker itself tells what is wrong with its file.
            return {}
        return {_service(group): _parts(group) for group in _groups(cib.getroot())}

    def held(self) -> list[str]:
        return self.services()

    def devices(self) -> dict[str, str]:
        """Service -> the device that it mounts here, of each that mounts one; {} while unknown."""
        try:
            cib = ET.parse(CIB)
        except (OSError, ET.ParseError):
            return {}
        return {
            _service(group): one.get("value", "")
            for group in _groups(cib.getroot())
            for one in group.iterfind("primitive[@type='Filesystem']/instance_attributes/nvpair")
            if one.get("name") == "device"
        }

    def excluding(self, nodes: Iterable[str]) -> dict[str, list[str]]:
        """Node -> names of the fence devices that can switch it off; {} while nobody knows.

        Not asked of the fencer: that of a node knows only the devices that may run there.
        """
        try:
            cib = ET.parse(CIB)
        except (OSError, ET.ParseError):
            return {}
        targets = {
            one.get("id", "").removeprefix(DEVICE): re.split(r"[\s,;]+", value.get("value", ""))
            for one in cib.iterfind(".//primitive[@class='stonith']")
            for value in one.iterfind("instance_attributes/nvpair[@name='pcmk_host_list']")
        }
        return {
            node: [name for name, of in targets.items() if node in of] for node in sorted(nodes)
        }

    def found(self) -> dict[str, Any]:
        whose = corosync(COROSYNC, INFO)
        return {
            **super().found(),
            "corosync": whose,
            "strange": strange() if whose != "ours" else [],
        }

    def status(self, run: Run) -> dict[str, Any]:
        found = self.asked(run)
        return found[1] if found else {}

    def asked(self, run: Run) -> tuple[ET.Element, dict[str, Any]] | None:
        """What crm_mon says, and the status that follows; None while Pacemaker does not run."""
        code, configuration, _err = _tool(run, "cat", COROSYNC)
        if code != 0 or not configuration.startswith(HEAD):
            return None
        # It fails while Pacemaker does not run.
        code, out, _err = _tool(run, "crm_mon", "-1", "--inactive", "--output-as=xml")
        if code != 0:
            return None
        _code, node, _err = _tool(run, "uname", "-n")
        answer = ET.fromstring(out)
        return answer, read(answer, _cluster(configuration), node.strip())

    def switchover(self, run: Run, service: str, to: str, wait_s: int) -> float:
        before = self.status(run)
        if before.get("maintenance"):
            raise Refused("the cluster is in maintenance, which leaves everything as it is.")
        if to in before.get("silent", []) or to in before.get("standby", []):
            raise Refused(f"{to} is not there, or in standby.")
        group = f"{PREFIX}{service}"
        self._write_checkpoint(run, group)
        began = time.monotonic()
        # The order ends by itself if nobody takes it back. Of two copies of DRBD the promoted one
        # has the highest score already, so no wish outweighs it: its node is forbidden instead.
        services = before.get("services", [])
        one: dict[str, Any] = next((s for s in services if s["name"] == service), {})
        owner = (one.get("copies") and one.get("owner")) or ""
        way = ["--ban", "--node", owner] if owner not in ("", to) else ["--move", "--node", to]
        order = [*way, f"--lifetime=PT{wait_s}S"]
        _must(run, "crm_resource", "--resource", group, *order)
        try:
            seconds = self._awaited(run, service, to, began, wait_s)
        finally:
            _tool(run, "crm_resource", "--resource", group, "--clear")
        return seconds

    def _write_checkpoint(self, run: Run, group: str) -> None:
        """Have a database that PostgreSQL replicates write while clients still work what its stop
        would write while they wait. Without it the move only takes longer."""
        where = f"//primitive[@id='{_streaming(group)}']/instance_attributes/nvpair"
        code, out, _err = _tool(run, "cibadmin", "--query", "--xpath", where)
        if code != 0:
            return
        given = {one.get("name"): one.get("value", "") for one in ET.fromstring(out).iter("nvpair")}
        _tool(
            run,
            *("timeout", str(CHECKPOINT_S), "runuser", "-u", "postgres", "--"),
            *(given["psql"], "-XAtq", "-c", "checkpoint"),
            f"host={given['master_ip']} port={given['pgport']} user={given['repuser']}"
            f" dbname=postgres {given['primary_conninfo_opt']}",
        )

    def _awaited(self, run: Run, service: str, to: str, began: float, wait_s: int) -> float:
        """Wait until a service runs on a node. Raises Refused."""
        while True:
            services = self.status(run).get("services", [])
            one: dict[str, Any] = next((s for s in services if s["name"] == service), {})
            passed = time.monotonic() - began
            if (one.get("state"), one.get("owner")) == ("running", to):
                return round(passed, 1)
            if passed > wait_s:
                why = one.get("why") or "no reason given"
                raise Refused(
                    f"after {wait_s} s it is {one.get('state')} on {one.get('owner') or 'no node'}"
                    f" ({why})."
                )
            time.sleep(POLL_S)

    def maintenance(self, run: Run, on: bool) -> None:
        change = ["--update", "true"] if on else ["--delete"]
        _must(run, "crm_attribute", "--name", "maintenance-mode", *change)

    def standby(self, run: Run, node: str, on: bool) -> None:
        change = ["--update", "on"] if on else ["--delete"]
        _must(run, "crm_standby", "--node", node, *change)

    def ready(self, run: Run) -> dict[str, Any]:
        return said_ready(*_tool(run, "failoverctl", "ready", "--json"))

    def confirm_fenced(self, run: Run, node: str, who: str) -> str:
        now = self.status(run)
        if not now:
            raise Refused("Pacemaker does not run on this node.")
        if node not in now["silent"]:
            raise Refused("it is a member of the cluster, so it is not off.")
        said = f"{who or 'somebody'} confirms that {node} is off"
        _tool(run, OPERATOR, "--tag", "failover", said)
        _must(run, "stonith_admin", "--confirm", node)
        # A node that booted alone waits for the others, of which this one does not come.
        _tool(run, "corosync-cmapctl", "-s", "quorum.cancel_wait_for_all", "u8", "1")
        return f"{node} is taken for fenced; recorded"


ENGINE = Pacemaker()


def corosync(path: str, packages: str) -> str:
    """Whose configuration Corosync has: ours, none, stock (the package's own), or foreign."""
    try:
        text = Path(path).read_bytes()
    except OSError:
        return "none"
    if text.startswith(HEAD.encode()):
        return "ours"
    digest = hashlib.md5(text, usedforsecurity=False).hexdigest()
    try:
        known = Path(packages).read_text(encoding="utf-8", errors="replace")
    except OSError:
        known = ""
    return "stock" if f" {path} {digest}\n" in known else "foreign"


def strange() -> list[str]:
    """Resources of a cluster that is not ours, whatever its Corosync is configured by."""
    try:
        cib = ET.parse(CIB)
    except (OSError, ET.ParseError):
        return []
    return [one.get("id", "") for one in cib.iterfind("configuration/resources/*")]


def read(answer: ET.Element, cluster: str, node: str) -> dict[str, Any]:
    """What crm_mon tells, in the form of every engine."""
    nodes = answer.findall("nodes/node")
    options = answer.find("summary/cluster_options")
    members = [one for one in nodes if one.get("online") == "true"]
    probed = any(one.get("name") == node and one.get("pending") != "true" for one in members)
    status = {
        "cluster": cluster,
        "node": node,
        "nodes": _names(nodes),
        "silent": _names(one for one in nodes if one.get("online") != "true"),
        "maintenance": options is not None and options.get("maintenance-mode") == "true",
        "standby": _names(one for one in nodes if one.get("standby") == "true"),
        "services": [
            _state(group, answer, node, probed) for group in _groups(answer) if len(group)
        ],
    }
    return {**status, "health": health(answer, status)}


def _names(nodes: Iterable[ET.Element]) -> list[str]:
    return sorted(one.get("name", "") for one in nodes)


def _groups(place: ET.Element) -> list[ET.Element]:
    return [one for one in place.iter("group") if one.get("id", "").startswith(PREFIX)]


def _service(group: ET.Element) -> str:
    return group.get("id", "").removeprefix(PREFIX)


def _state(group: ET.Element, answer: ET.Element, node: str, probed: bool) -> dict[str, Any]:
    parts = group.findall("resource")
    places = [sorted(one.get("name", "") for one in part.iterfind("node")) for part in parts]
    everywhere = sorted({name for place in places for name in place})
    owner = everywhere[0] if len(everywhere) == 1 else None
    trouble = any(part.get(key) == "true" for part in parts for key in ("failed", "blocked"))
    if trouble:
        state = "failed"
    elif not everywhere:
        state = "stopped"
    elif owner and all(part.get("role") == "Started" for part in parts):
        state = "running"
    else:
        state = "changing"
    local = (state if state == "running" else "changing") if node in everywhere else "stopped"
    copies = _copies(group, answer)
    return {
        "name": _service(group),
        "owner": owner,
        "state": state,
        "local": local if probed else "unknown",
        "why": "" if state == "running" else _why(group, answer, copies),
        **({"copies": copies} if copies else {}),
    }


def _streaming(group: str) -> str:
    """The id that the server of a service has that PostgreSQL replicates."""
    return f"{group}.streaming"


def _drbd(group: ET.Element) -> str:
    """The id that the DRBD resource of a service has."""
    return f"{group.get('id')}.drbd"


def _copies(group: ET.Element, answer: ET.Element) -> dict[str, dict[str, Any]]:
    """Role of each copy of a replicated disk, and whether its data are good; by node."""
    drbd = _drbd(group)
    scores = {
        node.get("name"): attribute.get("value", "")
        for node in answer.iterfind("node_attributes/node")
        for attribute in node
        if attribute.get("name") == f"master-{drbd}"
    }
    return {
        name: {"role": copy.get("role", ""), "good": score.isdigit() and int(score) >= GOOD}
        for clone in answer.iter("clone")
        if clone.get("id") == f"{drbd}.pair"
        for copy in clone.iterfind("resource")
        for node in copy.iterfind("node")
        for name in [node.get("name", "")]
        for score in [scores.get(name, "")]
    }


def _why(group: ET.Element, answer: ET.Element, copies: Mapping[str, Mapping[str, Any]]) -> str:
    """The reason that Pacemaker gives for a service that does not run."""
    if group.get("disabled") == "true":
        return "somebody has stopped it (target-role)"
    quorum = answer.find("summary/current_dc")
    if quorum is not None and quorum.get("with_quorum") == "false":
        return "this part of the cluster has no quorum"
    for node in answer.iterfind("nodes/node"):
        if node.get("unclean") == "true":
            return f"{node.get('name')} is lost, and not fenced yet"
    parts = {_drbd(group), _streaming(group.get("id", "")), *(part.get("id", "") for part in group)}
    for failure in answer.iterfind("failures/failure"):
        key = failure.get("op_key", "")
        if any(key.startswith(f"{part}_") for part in parts):
            reason = failure.get("exitreason") or failure.get("exitstatus") or ""
            return f"{key} failed on {failure.get('node')}: {reason}"
    for node in answer.iterfind("node_history/node"):
        for resource in node.iterfind("resource_history"):
            for done in resource if resource.get("id") in parts else ():
                if done.get("rc", "0") not in FINE:
                    what = f"{resource.get('id')} on {node.get('name')}: {done.get('task')}"
                    return f"{what} ended with {done.get('rc_text')}"
    if copies and not any(copy["good"] for copy in copies.values()):
        return f"no copy of its disk is good (DRBD on {', '.join(sorted(copies))})"
    return ""


def _parts(group: ET.Element) -> dict[str, Any]:
    """Mount point and units of a group of the CIB."""
    values = group.iterfind("primitive[@type='Filesystem']/instance_attributes/nvpair")
    mounts = [one.get("value", "") for one in values if one.get("name") == "directory"]
    systemd = group.iterfind("primitive[@class='systemd']")
    units = [f"{one.get('type')}.service" for one in systemd]
    return {"mount": (mounts or [""])[0], "units": units}


def _cluster(configuration: str) -> str:
    found = re.search(r"^\s*cluster_name:\s*(\S+)", configuration, re.MULTILINE)
    return found[1] if found else ""


def _process(name: str) -> bool:
    """Whether a process of this name runs here."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            comm = (process / "comm").read_text(encoding="utf-8", errors="replace")
            if comm.strip() == name:
                return True
        except OSError:
            continue
    return False


def _tool(run: Run, *argv: str) -> tuple[int, str, str]:
    """Run a tool; a node without it has none that could answer."""
    return run(["/usr/bin/env", *argv])


def _must(run: Run, *argv: str) -> str:
    """Return what a tool says. Raises Refused."""
    code, out, err = _tool(run, *argv)
    if code == MISSING:
        raise Refused("Pacemaker is not installed on this node.")
    if code != 0:
        raise Refused(" ".join((err or out).split()))
    return out
