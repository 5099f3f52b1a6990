# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text from outside becomes values, and values become text: JSON, configuration, one line."""

__all__ = ["cleaning", "codec", "schema", "strictjson", "text"]
