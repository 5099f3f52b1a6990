# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fence agents of Debian 12 and 13."""

from __future__ import annotations

import difflib

NAMES = """
    ack_manual aliyun alom amt amt_ws apc apc_snmp aws azure_arm bladecenter brocade cdu
    cisco_mds cisco_ucs compute crosslink cyberpower_ssh docker drac drac5 dummy eaton_snmp
    eaton_ssh ecloud emerson eps epsr2 evacuate gce hds_cb heuristics_ping hpblade ibm_powervs
    ibm_vpc ibmblade ibmz idrac ifmib ilo ilo2 ilo3 ilo3_ssh ilo4 ilo4_ssh ilo5 ilo5_ssh
    ilo_moonshot ilo_mp ilo_ssh imm intelmodular ipdu ipmilan ipmilanplus ironic kdump kubevirt
    ldom lindypdu lpar mpath netio nutanix_ahv openstack ovh ovm powerman pve raritan
    raritan_px3 rcd_serial redfish rhevm rsa rsb sanbox2 sbd scsi skalar tripplite_snmp vbox
    virsh virt vmware vmware_rest vmware_soap vmware_vcloud watchdog wti xenapi xvm zvm zvmip
"""
KNOWN = frozenset(f"fence_{agent}" for agent in NAMES.split())


BMC = """
    alom amt amt_ws drac drac5 idrac ilo ilo2 ilo3 ilo3_ssh ilo4 ilo4_ssh ilo5 ilo5_ssh ilo_mp
    ilo_ssh imm ipmilan ipmilanplus redfish rsa rsb
"""
PDU = """
    apc apc_snmp cdu cyberpower_ssh eaton_snmp eaton_ssh emerson eps epsr2 ipdu lindypdu netio
    powerman raritan raritan_px3 tripplite_snmp wti
"""
HOST = "kubevirt nutanix_ahv pve rhevm vbox virsh virt vmware vmware_rest vmware_soap xenapi xvm"
KINDS = {
    f"fence_{agent}": kind
    for kind, names in (("bmc", BMC), ("pdu", PDU), ("host", HOST))
    for agent in names.split()
}


def kind(agent: str) -> str:
    """What the device of an agent is: bmc within the node, pdu, host of machines, else empty."""
    return KINDS.get(agent, "")


def meant(agent: str) -> str:
    """The known agent that a misspelt name stands for, empty if it is like none."""
    names = {name.removeprefix("fence_"): name for name in sorted(KNOWN)}
    close = difflib.get_close_matches(agent.removeprefix("fence_"), names, 1, 0.75)
    return names[close[0]] if close else ""
