# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bugs that a program puts into the rules of the core, and what catches them.

The bugs of ``tests/simulation/mutants`` were chosen by people, who think of what they have tested.
These are drawn from the code itself: each comparison, condition, constant, statement and pair of
arguments.
"""
