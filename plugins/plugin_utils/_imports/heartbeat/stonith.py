# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands for the STONITH plugins of cluster-glue among the fence agents of Debian."""

from __future__ import annotations

from collections.abc import Mapping

AGENTS: Mapping[str, str] = {
    "apcmaster": "fence_apc",
    "apcmastersnmp": "fence_apc_snmp",
    "apcsmart": "",
    "cyclades": "",
    "drac3": "fence_drac",
    "external/drac5": "fence_drac5",
    "external/hetzner": "",
    "external/hmchttp": "fence_lpar",
    "external/ibmrsa": "fence_rsa",
    "external/ibmrsa-telnet": "fence_rsa",
    "external/ipmi": "fence_ipmilan",
    "external/libvirt": "fence_virsh",
    "external/rackpdu": "fence_apc_snmp",
    "external/riloe": "fence_ilo",
    "external/vcenter": "fence_vmware_soap",
    "external/vmware": "fence_vmware_soap",
    "external/xen0": "fence_xenapi",
    "ibmhmc": "fence_lpar",
    "ipmilan": "fence_ipmilan",
    "rcd_serial": "fence_rcd_serial",
    "wti_mpc": "fence_wti",
    "wti_nps": "fence_wti",
}
"""Plugin -> agent, "" where Debian has none."""
NO_PROOF: Mapping[str, str] = {
    "external/ssh": "asks the node over the network to switch itself off, and a node that hangs"
    " or is cut off does not answer",
    "meatware": "asks a person",
    "null": "does nothing and reports success",
    "ssh": "asks the node over the network to switch itself off, and a node that hangs or is cut"
    " off does not answer",
    "suicide": "is carried out by the very node that is silent",
}
"""Plugins that prove nothing, and why."""
ONE_NODE = frozenset(
    ("drac3", "external/drac5", "external/ipmi", "external/riloe", "external/ibmrsa", "ipmilan")
)
"""Plugins whose device switches one node only, whose name is their first parameter."""
