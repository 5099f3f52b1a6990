# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks and inventories as a user has them, with ansible-playbook itself."""
