#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Brings several systemd units into their states in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
module: units
short_description: Enables, disables, starts, stops and restarts several units in one call
description:
  - The manager reads its files again at most once, and only after a change, because that takes
    long on a small machine.
  - A unit that does not exist counts as stopped and disabled.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
  idempotent:
    support: partial
    details: Units in O(restarted) are restarted each time.
options:
  enabled:
    description: Units that start at boot.
    type: list
    elements: str
    default: []
  disabled:
    description: Units that do not start at boot.
    type: list
    elements: str
    default: []
  started:
    description: Units that run.
    type: list
    elements: str
    default: []
  stopped:
    description: Units that do not run.
    type: list
    elements: str
    default: []
  restarted:
    description: Units to restart.
    type: list
    elements: str
    default: []
  reloaded:
    description: Units that read their configuration again, if they run.
    type: list
    elements: str
    default: []
  restarted_for:
    description:
      - Files by unit. The unit is restarted if one of them has changed since its start.
      - >-
        A directory stands for its files, at any depth. The state of the running unit counts, not
        the changes of this run, so the next run completes an interrupted one.
    type: dict
    default: {}
  reloaded_for:
    description:
      - >-
        Files by unit. The unit is reloaded if one of them has changed since its start or last
        reload.
    type: dict
    default: {}
  listening:
    description:
      - >-
        Addresses by unit. The unit is not reloaded for a changed file while the host lacks one of
        them, because a server that cannot listen may end. Who brings the address starts the unit
        again.
    type: dict
    default: {}
  read_again:
    description: Whether unit files were changed, so that the manager must read them again.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Run the daemon now and at each boot
  failover.cluster.units:
    enabled: [failoverd.service]
    started: [failoverd.service]

- name: Have a running server take up its files if it runs with older ones
  failover.cluster.units:
    reloaded_for: {postgresql-shop.service: [/etc/failover/shop/postgresql.conf]}
"""

RETURN = r"""
done:
  description: Steps that were done, or would be.
  returned: always
  type: list
  elements: str
  sample: [enable failoverd.service, start failoverd.service]
"""

import os
import socket
import time
from collections.abc import Iterable
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils._command import runner

OPTIONS = ("enabled", "disabled", "started", "stopped", "restarted", "reloaded")
RUNNING = ("active", "activating", "reloading")
FOLLOWING = ("restarted_for", "reloaded_for")
BEGAN = "ActiveEnterTimestampMonotonic"
CHANGED = "StateChangeTimestampMonotonic"
PROPERTIES = (
    f"Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,SourcePath,WantedBy,{BEGAN},{CHANGED}"
)


def parse(text: str, names: list[str]) -> dict[str, dict[str, str]]:
    """Return the properties of each unit from the blocks of systemctl show, in their order."""
    blocks = [block for block in text.strip().split("\n\n") if block.strip()]
    return {
        name: dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for name, block in zip(names, blocks, strict=False)
    }


def plan(params: dict[str, Any], seen: dict[str, dict[str, str]]) -> list[list[str]]:
    """Return the arguments of each call of systemctl that is needed, in their order."""

    def state(name: str, key: str) -> str:
        return seen.get(name, {}).get(key, "")

    def starts(name: str) -> bool:
        """Whether the init system starts it at boot, by its own link or by that of a script."""
        script = state(name, "SourcePath").startswith("/etc/init.d/") and state(name, "WantedBy")
        return state(name, "UnitFileState").startswith("enabled") or bool(script)

    disable = [n for n in params["disabled"] if starts(n)]
    enable = [n for n in params["enabled"] if state(n, "UnitFileState") != "enabled"]
    stop = [n for n in params["stopped"] if state(n, "ActiveState") in RUNNING]
    start = [
        n
        for n in params["started"]
        if n not in params["restarted"] and state(n, "ActiveState") not in ("active", "reloading")
    ]
    reload = [n for n in params["reloaded"] if state(n, "ActiveState") == "active"]
    stale = params["read_again"] or any(
        item.get("NeedDaemonReload") == "yes" for item in seen.values()
    )
    calls = []
    if disable:
        calls.append(["disable", "--no-reload", *disable])
    if enable:
        calls.append(["enable", "--no-reload", *enable])
    if disable or enable or stale:
        calls.append(["daemon-reload"])
    for verb, names in (
        ("stop", stop),
        ("start", start),
        ("restart", params["restarted"]),
        ("reload", reload),
    ):
        if names:
            calls.append([verb, *names])
    return calls


def newest(paths: Iterable[str]) -> float:
    """When the newest of these files, or of those in these directories, changed; 0 if none exists.

    In seconds of the monotonic clock, as systemd counts: a wall clock that was set does not matter.
    """
    times = [0.0]
    for path in paths:
        files = _below(path) if _is_dir(path) else [path]
        times += [os.lstat(name).st_ctime for name in files if os.path.lexists(name)]
    return max(times) - (time.time() - time.monotonic())


def _below(directory: str) -> list[str]:
    """Its files, at any depth, without those that Python itself makes when it runs a program."""
    return [
        os.path.join(place, name)
        for place, _directories, names in os.walk(directory)
        if os.path.basename(place) != "__pycache__"
        for name in names
    ]


def followed(params: dict[str, Any], seen: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Return the parameters with the units that run with older files than those that lie there."""
    restarted = [*params["restarted"], *outdated(params["restarted_for"], seen, BEGAN)]
    reloaded = [
        name
        for name in outdated(params["reloaded_for"], seen, CHANGED)
        if name not in restarted and all(map(has, params["listening"].get(name, ())))
    ]
    return {**params, "restarted": restarted, "reloaded": [*params["reloaded"], *reloaded]}


def has(address: str) -> bool:
    """Whether a server can listen on the address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def _is_dir(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def outdated(
    following: dict[str, list[str]], seen: dict[str, dict[str, str]], key: str
) -> list[str]:
    """Return the running units that began, or changed their state, before their files did."""
    return [
        name
        for name, paths in sorted(following.items())
        if seen.get(name, {}).get("ActiveState") == "active"
        and int(seen[name].get(key) or 0) / 1e6 < newest(paths)
    ]


def main() -> None:
    """Entry point."""
    spec: dict[str, Any] = {
        name: {"type": "list", "elements": "str", "default": []} for name in OPTIONS
    }
    spec |= {name: {"type": "dict", "default": {}} for name in (*FOLLOWING, "listening")}
    spec["read_again"] = {"type": "bool", "default": False}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    module.run_command_environ_update = {"LC_ALL": "C", "LANG": "C"}
    names = sorted({name for option in (*OPTIONS, *FOLLOWING) for name in module.params[option]})
    seen: dict[str, dict[str, str]] = {}
    if names:
        code, out, err = runner(module)(
            ["systemctl", "show", f"--property={PROPERTIES}", "--", *names]
        )
        if code != 0:
            module.fail_json(msg=f"systemctl show failed: {err.strip()}")
        seen = parse(out, names)
    calls = plan(followed(module.params, seen), seen)
    for call in calls:
        if module.check_mode:
            continue
        code, out, err = runner(module)(["systemctl", *call])
        if code != 0:
            reason = " ".join((err or out).split())
            module.fail_json(msg=f"systemctl {' '.join(call)} failed: {reason}")
    done = [" ".join(word for word in call if word != "--no-reload") for call in calls]
    module.exit_json(
        # Reading files again changes nothing by itself.
        changed=any(call != ["daemon-reload"] for call in calls),
        done=done,
        diff={"before": "", "after": "".join(f"{line}\n" for line in done)},
    )


if __name__ == "__main__":
    main()
