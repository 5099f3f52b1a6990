# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page before a played daemon, for faults that need DRBD."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

from tests.played import answers
from tests.played.daemon import PlayedDaemon
from tests.played.faults import FAULTS


class Well(PlayedDaemon):
    """A daemon that is well, but for the fault of one alert."""

    alert = ""

    @property
    def answer(self) -> Any:
        """The answer with the present time."""
        said = answers.normal()
        if self.alert:
            FAULTS[self.alert](said["status"])
        said["status"]["time"] = time.time()
        # It is not the cluster of the real daemons.
        said["status"]["cluster"] = "played"
        return said

    @answer.setter
    def answer(self, value: Any) -> None:
        """It makes its answers itself."""


class Stage(threading.Thread):
    """Serves the played daemon until the end."""

    def __init__(self, directory: Path) -> None:
        super().__init__(daemon=True)
        self.daemon_ = Well(directory, None)
        self._loop = asyncio.new_event_loop()

    def run(self) -> None:
        self._loop.run_until_complete(self.daemon_.open())
        self._loop.run_forever()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.join(10)
