# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What exists is taken over: by its documented steps, and by those of the way back."""
