# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the files lie."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path


def _state() -> Path:
    return Path(os.environ.get("FAILOVERD_STATE", "/var/lib/failoverd"))


@dataclass(frozen=True)
class Places:
    """The directories of a node."""

    etc: Path = Path("/etc/failoverd")
    state: Path = field(default_factory=_state)
    root: Path = Path("/")

    def drbd(self) -> list[Path]:
        """The configuration of DRBD."""
        folder = self.root / "etc/drbd.d"
        files = [*folder.glob("*.res"), *folder.glob("*.conf")]
        return [self.root / "etc/drbd.conf", *sorted(files)]

    def applications(self) -> list[Path]:
        """What the roles wrote for the applications."""
        return sorted(p for p in (self.root / "etc/failover").glob("*/*") if p.is_file())
