# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The specification of failover_*: what may be written, and in which words it is explained.

Validation, the page docs/configuration.md and the argument_specs of the role prepare are made
from it.
"""
