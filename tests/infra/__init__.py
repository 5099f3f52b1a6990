# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What hosts look like from outside, by testinfra: the same tests for containers and for kernels.

A folder holds what is true at one moment: ``prepared`` (the roles have run), ``stopped`` (no
application was started), ``service`` (one host runs it), ``daemon`` (failoverd manages it), and
``removed`` (the cluster was taken off). Molecule's scenarios and tests/kernels choose the folders.
``--hosts=ssh://NODE,ssh://NODE --ssh-config=FILE`` says where the hosts are, and the environment:

- ``INFRA_INVENTORY``: the inventories of the cluster, with colons between them
- ``INFRA_VISITOR``: a Python that reaches the addresses of the services, this one if it is not set
- ``INFRA_WRITTEN``: lines of the guest book that were acknowledged
"""
