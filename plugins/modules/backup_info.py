#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads which backups of a database there are, and what making or restoring one would need."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_info
short_description: Tells which backups of a database there are
description:
  - Asks pgBackRest and the server on this node. Changes nothing.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  service:
    description: Name of the service, which is that of the backups, too.
    type: str
    required: true
  repository:
    description: Directory of the repository.
    type: path
    required: true
  data:
    description: Data directory of the server.
    type: path
    required: true
  socket:
    description: Directory of its socket.
    type: path
    required: true
  port:
    description: Its port.
    type: int
    default: 5432
  state:
    description: File that tells of a restore that was begun; beside the data if not given.
    type: path
"""

EXAMPLES = r"""
- name: Which backups are there?
  failover.cluster.backup_info:
    service: shop
    repository: /backup/shop
    data: /srv/shop/postgresql
    socket: /run/postgresql-shop
"""

RETURN = r"""
backup:
  description:
    - Whether the C(repository) is there and may be written (there, readonly, missing); the
      C(backups), the oldest first, with C(label), C(type), C(begin), C(end) and C(size); whether
      the server is C(archiving) its changes (on, off, or empty if it does not run); the bytes that
      are C(free) beside the data, and that the C(log) may take; what of a restore was C(begun);
      which directories there are beside the data (C(have)).
  returned: success
  type: dict
  sample:
    repository: there
    backups:
      - {label: 20261128-040000F, type: full, begin: 1795838400, end: 1795838412, size: 24000000}
    archiving: "on"
    free: 580000000
    log: 268435456
    begun: {}
    have: [postgresql]
"""

import json
import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.failover.cluster.plugins.module_utils._command import Run, runner

AS_SERVER = ("/usr/bin/env", "LC_ALL=C", "runuser", "-u", "postgres", "--")
"""The account that owns the data and the repository."""


def repository(run: Run, path: str) -> str:
    """Whether backups can be written there."""
    if not os.path.isdir(path):
        return "missing"
    code, _out, _err = run([*AS_SERVER, "test", "-w", path])
    return "there" if code == 0 else "readonly"


def backups(run: Run, service: str) -> list[dict[str, Any]]:
    """Return the whole backups, the oldest first. Raises RuntimeError."""
    config = f"--config=/etc/failover/{service}/pgbackrest.conf"
    words = ("pgbackrest", config, f"--stanza={service}", "info", "--output=json")
    code, out, err = run([*AS_SERVER, *words])
    if code != 0:
        raise RuntimeError(f"pgbackrest info fails: {' '.join((err or out).split())[-300:]}")
    found = [one for stanza in json.loads(out) for one in stanza.get("backup", ())]
    return [
        {
            "label": one["label"],
            "type": one["type"],
            "begin": one["timestamp"]["start"],
            "end": one["timestamp"]["stop"],
            "size": one["info"]["size"],
        }
        for one in found
        if not one.get("error")
    ]


def archiving(run: Run, socket: str, port: int) -> str:
    """Whether the running server sends its changes to the repository, "" if none runs."""
    words = ("psql", "-XAtqw", "-h", socket, "-p", str(port), "-c", "SHOW archive_mode", "postgres")
    code, out, _err = run([*AS_SERVER, *words])
    return out.strip() if code == 0 else ""


def log_size(run: Run, socket: str, port: int) -> int:
    """How many bytes the log of the server may take beside its data, 0 if it does not run."""
    statement = "SELECT setting::bigint << 20 FROM pg_settings WHERE name = 'max_wal_size'"
    words = ("psql", "-XAtqw", "-h", socket, "-p", str(port), "-c", statement, "postgres")
    code, out, _err = run([*AS_SERVER, *words])
    return int(out) if code == 0 else 0


def begun(path: str) -> dict[str, Any]:
    """What a restore has left that was cut off, {} without one."""
    try:
        with open(path, encoding="utf-8") as handle:
            told: dict[str, Any] = json.load(handle)
    except (OSError, ValueError):
        return {}
    return told


def collect(module: AnsibleModule) -> dict[str, Any]:
    """Return everything. Raises RuntimeError."""
    asked, run = module.params, runner(module)
    place, name = os.path.split(asked["data"])
    here = os.path.isdir(place)
    state = repository(run, asked["repository"])
    return {
        "repository": state,
        "backups": backups(run, asked["service"]) if state == "there" else [],
        "archiving": archiving(run, asked["socket"], asked["port"]),
        "free": os.statvfs(place).f_bavail * os.statvfs(place).f_frsize if here else 0,
        "log": log_size(run, asked["socket"], asked["port"]),
        "begun": begun(asked["state"] or f"{asked['data']}.restore"),
        "have": sorted(one for one in os.listdir(place) if one.startswith(name)) if here else [],
    }


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "service": {"type": "str", "required": True},
            "repository": {"type": "path", "required": True},
            "data": {"type": "path", "required": True},
            "socket": {"type": "path", "required": True},
            "port": {"type": "int", "default": 5432},
            "state": {"type": "path"},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(changed=False, backup=collect(module))
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        module.fail_json(msg=f"{os.uname().nodename}: {module.params['service']}: {error}")


if __name__ == "__main__":
    main()
