# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever reads what came from outside gets spoilt input: nothing escapes, hangs or grows."""
