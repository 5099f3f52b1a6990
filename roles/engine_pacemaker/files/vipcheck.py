# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OCF agent ocf:failover:vipcheck: starts only if nobody on the LAN has an address.

It asks for the address as a host does that is about to take it: ARP probe (RFC 5227), or neighbour
solicitation from the unspecified address (RFC 4862). An answer is a failed start, so that what
comes after it in the group starts nowhere twice. Its state is a file that a boot removes.
"""

from __future__ import annotations

import ipaddress
import os
import select
import sys
import time
from pathlib import Path

sys.path.insert(0, "/usr/lib/ocf/lib/failover")
SUCCESS, GENERIC, ARGUMENTS, UNIMPLEMENTED, CONFIGURED, NOT_RUNNING = 0, 1, 2, 3, 6, 7
NET = "/sys/class/net"
METADATA = """<?xml version="1.0"?>
<resource-agent name="vipcheck" version="1.0">
<version>1.1</version>
<longdesc lang="en">Starts only if no other host on the LAN of an interface has an address. Put it
before the address, and before everything that must not run twice.</longdesc>
<shortdesc lang="en">Checks that nobody has an address</shortdesc>
<parameters>
<parameter name="ip" unique="1" required="1">
<longdesc lang="en">The address, IPv4 or IPv6, without a prefix.</longdesc>
<shortdesc lang="en">Address</shortdesc><content type="string"/></parameter>
<parameter name="nic" unique="0" required="1">
<longdesc lang="en">The Ethernet interface on whose LAN it is asked for.</longdesc>
<shortdesc lang="en">Interface</shortdesc><content type="string"/></parameter>
<parameter name="count" unique="0" required="0">
<longdesc lang="en">How often it is asked for.</longdesc>
<shortdesc lang="en">Questions</shortdesc><content type="integer" default="3"/></parameter>
<parameter name="wait_ms" unique="0" required="0">
<longdesc lang="en">How long an answer to each question is waited for, in milliseconds.</longdesc>
<shortdesc lang="en">Wait</shortdesc><content type="integer" default="300"/></parameter>
</parameters>
<actions>
<action name="start" timeout="20s"/><action name="stop" timeout="20s"/>
<action name="monitor" timeout="20s" interval="10s" depth="0"/>
<action name="validate-all" timeout="20s"/><action name="meta-data" timeout="5s"/>
</actions>
</resource-agent>"""


class Wrong(Exception):
    """A parameter is wrong; the text is the reason."""


class Check:
    """One address on one interface."""

    def __init__(self, words: dict[str, str]) -> None:
        given = {key: words.get(f"OCF_RESKEY_{key}", "") for key in ("ip", "nic")}
        for key, value in given.items():
            if not value:
                raise Wrong(f"{key} is missing")
        try:
            self.address = ipaddress.ip_address(given["ip"])
            self.count = int(words.get("OCF_RESKEY_count") or "3")
            self.wait_s = int(words.get("OCF_RESKEY_wait_ms") or "300") / 1000
        except ValueError as error:
            raise Wrong(str(error)) from None
        if self.count < 1 or self.wait_s <= 0:
            raise Wrong("count and wait_ms must be larger than 0")
        self.nic = given["nic"]
        place = Path(words.get("HA_RSCTMP") or "/run/resource-agents")
        instance = words.get("OCF_RESOURCE_INSTANCE", "vipcheck").replace("/", "_")
        self.state = place / f"failover-vipcheck-{instance}"

    def own(self) -> bytes:
        """The hardware address of the interface. Raises Wrong."""
        try:
            text = Path(NET, self.nic, "address").read_text(encoding="ascii")
            return bytes.fromhex(text.strip().replace(":", ""))
        except (OSError, ValueError):
            raise Wrong(f"{self.nic} is no Ethernet interface of this node") from None

    def rival(self) -> str:
        """Who else has the address: his hardware address, "" for nobody. Raises OSError, Wrong."""
        from neighbour import Neighbours

        ears = Neighbours(self.nic, self.own(), self.address)
        try:
            for _question in range(self.count):
                ears.probe(taking=True)
                end = time.monotonic() + self.wait_s
                while (left := end - time.monotonic()) > 0:
                    select.select([ears.socket], [], [], left)
                    found = ears.rivals(probing=True)
                    if found:
                        return found
        finally:
            ears.close()
        return ""


def start(check: Check) -> int:
    """Ask, and remember that nobody answered."""
    if check.state.exists():
        return SUCCESS
    found = check.rival()
    if found:
        return reason(
            f"{check.address} on {check.nic} is in use by {found}; find that host, and take the"
            " address from it"
        )
    check.state.parent.mkdir(parents=True, exist_ok=True)
    check.state.touch()
    return SUCCESS


def stop(check: Check) -> int:
    """Forget it."""
    check.state.unlink(missing_ok=True)
    return SUCCESS


def monitor(check: Check) -> int:
    """Whether it was asked for since it was stopped."""
    return SUCCESS if check.state.exists() else NOT_RUNNING


def validate(check: Check) -> int:
    """Whether the parameters are good on this node."""
    check.own()
    return SUCCESS


ACTIONS = {
    "start": start,
    "stop": stop,
    "monitor": monitor,
    "status": monitor,
    "validate-all": validate,
}


def reason(text: str, code: int = GENERIC) -> int:
    """Tell Pacemaker why."""
    print(f"ocf-exit-reason:{text}", file=sys.stderr)
    return code


def main(argv: list[str]) -> int:
    """Run one action; return its OCF code."""
    action = argv[1] if len(argv) == 2 else ""
    if action == "meta-data":
        print(METADATA)
        return SUCCESS
    if action not in ACTIONS:
        return reason(f"{action or 'no action'} is not one of {', '.join(ACTIONS)}", UNIMPLEMENTED)
    try:
        return ACTIONS[action](Check(dict(os.environ)))
    except Wrong as error:
        # What is not configured rightly does not run; a stop must not fence for that.
        return reason(str(error), SUCCESS if action == "stop" else CONFIGURED)
    except OSError as error:
        return reason(f"{error.strerror or error}")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
