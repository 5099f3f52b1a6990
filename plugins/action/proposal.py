# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a proposed inventory on the control host, and writes it beside its findings."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from ansible_collections.failover.cluster.plugins.plugin_utils._imports import proposals
from ansible_collections.failover.cluster.plugins.plugin_utils._judging import Judging
from ansible_collections.failover.cluster.plugins.plugin_utils._problems import Problem

SPEC = {
    "kind": {"type": "str", "choices": list(proposals.KINDS), "required": True},
    "path": {"type": "path", "required": True},
    "cluster": {"type": "str", "default": ""},
    "overwrite": {"type": "bool", "default": False},
    "hosts": {"type": "list", "elements": "str", "required": True},
}
MODE = 0o600


class ActionModule(Judging):
    """Reads what existing_info answered of each host, and writes three files."""

    spec = SPEC

    def judge(self, variables: dict[str, Any], args: dict[str, Any]) -> dict[str, Any]:
        """Write what is new; what is there already and says something else stays."""
        path = str(args["path"])
        proposal = proposals.make(
            args["kind"],
            {host: _answer(variables["hostvars"], host) for host in args["hosts"]},
            args["cluster"],
            path,
        )
        stem = path.removesuffix(".yml").removesuffix(".yaml")
        texts = {f"{stem}.findings.txt": proposal.report, f"{stem}.findings.json": proposal.json()}
        if proposal.inventory:
            texts[path] = proposal.inventory
        before = {name: _read(name) for name in texts}
        new = {name: text for name, text in texts.items() if before[name] != text}
        theirs = [name for name in new if before[name] is not None]
        if theirs and not args["overwrite"]:
            raise Problem(
                f"{theirs[0]}: is there already and says something else; it is not overwritten."
                " Name another file with -e output=FILE, or say -e overwrite=true."
            )
        if not self._task.check_mode:
            for name, text in new.items():
                _write(name, text)
        return {
            "changed": bool(new),
            "written": sorted(new),
            "path": path if proposal.inventory else "",
            "inventory": proposal.inventory,
            "report": proposal.report,
            **proposal.data,
            "diff": [
                {"before": before[name] or "", "after": texts[name], "after_header": name}
                for name in sorted(new)
            ],
        }


def _answer(hostvars: Any, host: str) -> dict[str, Any]:
    """What a host answered, and where Ansible reaches it."""
    said = hostvars[host].get("existing_answer") or {}
    if "host" not in said:
        why = " ".join(str(said.get("msg") or "it was not asked").split())
        raise Problem(f"{host}: cannot be examined: {why}")
    return {"host": said["host"], "address": str(hostvars[host].get("ansible_host") or host)}


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read()
    except FileNotFoundError:
        return None


def _write(path: str, text: str) -> None:
    """Put the whole file in its place at once."""
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".new-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        os.fchmod(descriptor, MODE)
        handle.write(text)
    os.replace(temporary, path)
