#!/bin/sh
# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# What a host knows after a scenario failed. The last 60 lines say most.
show() {
    printf '\n== %s\n' "$1"
    timeout 20 sh -c "$1" 2>&1
}
show 'dmesg | tail -n 60'
show 'ip address'
show 'findmnt --real'
show 'tail -n 200 /var/log/apache2/*.log /var/log/postgresql/*.log'
show 'failoverctl status --json'
show 'journalctl --no-pager --boot=all --output=short-precise --lines=4000'
show 'failoverctl history --lines 200'
show 'ip -brief address'
show 'systemctl list-units --failed --plain --no-legend'
show 'journalctl --no-pager --output=short-precise --lines=40 | grep -Ev " (sshd|ansible-.*)\[" | tail -n 14 | cut -c -200'
show 'failoverctl history --lines 14 | cut -c -200'
show 'failoverctl status | cut -c -200 | head -n 16'
