# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a node remembers of a service that was adopted: how far the move is, and the way back."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from . import places

STOPPING, MOVED, SERVED = "stopping", "moved", "served"
RETURNING, RETURNED, CONFIRMED = "returning", "returned", "confirmed"


class State:
    """One service's; its directory also holds what the copies need meanwhile."""

    def __init__(self, service: str, home: str = places.HOME) -> None:
        self.home = Path(home) / service
        self._file = self.home / "state.json"

    def read(self) -> dict[str, Any]:
        """{} if nothing was begun; phase is one of the words above, or "" while it is copied."""
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write(self, **what: Any) -> dict[str, Any]:
        """Change some of it, in one step."""
        new = {**self.read(), **what}
        self.make()
        handle, name = tempfile.mkstemp(dir=self.home)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(new, file, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, self._file)
        return new

    def make(self) -> Path:
        """The directory; the account of the database passes through it to its socket."""
        if not self.home.is_dir():
            self.home.mkdir(parents=True)
        for place in (self.home, self.home.parent):
            if place.stat().st_mode & 0o111 != 0o111:
                place.chmod(0o711)
        return self.home

    def forget(self) -> None:
        """Nothing of it stays."""
        shutil.rmtree(self.home, ignore_errors=True)
