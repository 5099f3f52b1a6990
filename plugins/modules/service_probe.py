#!/usr/bin/python
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks a service again and again, as a client, and tells when it did not answer."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service_probe
short_description: Measures from outside when a service does not answer
description:
  - Connects to each target again and again, with a new connection each time, and notes the gaps
    between two answers. A page has to come with a status below 500, and a PostgreSQL has to say
    whether it speaks TLS. Of anything else the connection is an answer.
  - Changes nothing. Run it with C(async) on the control host while other tasks go on.
version_added: 0.1.0
author: failover.cluster contributors (@failover-cluster)
extends_documentation_fragment: failover.cluster.attributes
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
  idempotent: {support: full}
options:
  targets:
    description:
      - Each has an C(address), a C(port), and what it C(asks) there, V(page), V(database) or
        V(tcp), which is the default.
    type: list
    elements: dict
    required: true
  stop:
    description: It ends when this file is gone. Without it, each target is asked once.
    type: path
  most_s:
    description: It ends after this time in any case, in seconds.
    type: int
    default: 3600
"""

EXAMPLES = r"""
- name: Does the shop answer?
  failover.cluster.service_probe:
    targets: [{address: 192.168.1.10, port: 80, asks: page}]
  delegate_to: localhost
"""

RETURN = r"""
began:
  description: When it began, in seconds since 1970.
  returned: success
  type: float
  sample: 1700000000.5
asked:
  description: How often all targets were asked.
  returned: success
  type: int
  sample: 4711
gaps:
  description:
    - Each time that a target did not answer, C(from) its last answer C(to) its next one, and where.
      The one that goes on at the end ends there.
  returned: success
  type: list
  elements: dict
  sample: [{where: "192.168.1.10:80", from: 1700000003.2, to: 1700000004.4}]
silent:
  description: The targets that did not answer at the end.
  returned: success
  type: list
  elements: str
  sample: []
"""

import contextlib
import http.client
import os
import socket
import struct
import threading
import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule

ASKS = ("page", "database", "tcp")
PAUSE_S = 0.1
ANSWER_S = 1.0
"""Whoever does not answer within this time is asked anew."""
BROKEN = 500
TLS = struct.pack(">ii", 8, 80877103)
"""PostgreSQL's SSLRequest (its documentation, Message Formats). The server does not log it, and no
proxy in front of it answers it, while one may well accept the connection."""


def answers(target: dict[str, Any]) -> bool:
    """Ask once."""
    address, port = str(target["address"]), int(target["port"])
    asks = target.get("asks", "tcp")
    try:
        if asks != "page":
            with socket.create_connection((address, port), timeout=ANSWER_S) as line:
                if asks == "tcp":
                    return True
                line.sendall(TLS)
                return line.recv(1) in (b"S", b"N")
        host = f"[{address}]" if ":" in address else address
        with contextlib.closing(http.client.HTTPConnection(host, port, ANSWER_S)) as web:
            web.request("GET", "/", headers={"Connection": "close"})
            return web.getresponse().status < BROKEN
    except (OSError, http.client.HTTPException):
        return False


class Watch:
    """One target, and its gaps."""

    def __init__(self, target: dict[str, Any], began: float) -> None:
        self.target, self.asked = target, 0
        self.where = f"{target['address']}:{target['port']}"
        self.gaps: list[dict[str, Any]] = []
        self.last, self.silent = began, False

    def look(self, good: bool, now: float) -> None:
        """Take in an answer, or that there was none."""
        self.asked += 1
        if good:
            if self.silent:
                self._gap(now)
            self.last = now
        self.silent = not good

    def _gap(self, now: float) -> None:
        self.gaps.append({"where": self.where, "from": self.last, "to": now})

    def end(self, now: float) -> None:
        """What goes on is a gap, too."""
        if self.silent:
            self._gap(now)


def watch(one: Watch, over: threading.Event) -> None:
    """Ask until it is over."""
    while True:
        good = answers(one.target)
        one.look(good, time.time())
        if over.wait(PAUSE_S):
            return


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "targets": {"type": "list", "elements": "dict", "required": True},
            "stop": {"type": "path"},
            "most_s": {"type": "int", "default": 3600},
        },
        supports_check_mode=True,
    )
    stop, until = module.params["stop"], time.monotonic() + module.params["most_s"]
    for target in module.params["targets"]:
        if not {"address", "port"} <= target.keys():
            module.fail_json(msg="targets: each needs address and port.")
        if target.get("asks", "tcp") not in ASKS:
            module.fail_json(msg=f"targets: asks must be one of {', '.join(ASKS)}.")
    began, over = time.time(), threading.Event()
    watches = [Watch(target, began) for target in module.params["targets"]]
    threads = [threading.Thread(target=watch, args=(w, over), daemon=True) for w in watches]
    for thread in threads:
        thread.start()
    while stop and os.path.exists(stop) and time.monotonic() < until:
        time.sleep(PAUSE_S)
    over.set()
    for thread in threads:
        thread.join(ANSWER_S * 10)
    now = time.time()
    for one in watches:
        one.end(now)
    module.exit_json(
        changed=False,
        began=began,
        asked=min((one.asked for one in watches), default=0),
        gaps=[gap for one in watches for gap in one.gaps],
        silent=[one.where for one in watches if one.silent],
    )


if __name__ == "__main__":
    main()
