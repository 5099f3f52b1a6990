# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Serves one page for each scene until its input ends; prints their addresses as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from failover_page.settings import Settings
from failover_page.source import RECORD
from failover_page.web import Page
from tests.played import answers, pacemaker
from tests.played.daemon import PlayedDaemon

SCENES = {
    "normal": answers.normal,
    "degraded": answers.degraded,
    "blocked": answers.blocked,
    "takeover": answers.taking_over,
    "failover": answers.after_failover,
    "standby": answers.standby,
    "moving": answers.moving,
    "large": answers.large,
    "three": pacemaker.well,
    "three-degraded": pacemaker.degraded,
}
ACTS = (answers.standby, answers.blocked, answers.taking_over, answers.after_failover)
"""What the scene "live" plays, one after the other: a failover as node2 sees it."""
ACT = 4
"""Questions that each of them answers. The page asks once a second."""


class Scene(PlayedDaemon):
    """Says what time it is each time."""

    @property
    def answer(self) -> Any:
        """The answer with the present time."""
        self._said["status"]["time"] = time.time()
        return self._said

    @answer.setter
    def answer(self, value: Any) -> None:
        self._said = value


class Play(PlayedDaemon):
    """Begins when somebody opens the page, which is told by begin()."""

    begun = False

    @property
    def answer(self) -> Any:
        """The answer of the present act."""
        if not self.begun:
            self.asked = 0
        return ACTS[min(self.asked // ACT, len(ACTS) - 1)]()

    @answer.setter
    def answer(self, value: Any) -> None:
        """It chooses its answers itself."""


async def main(directory: Path) -> None:
    """Open all of them."""
    urls: dict[str, str] = {}
    plays: list[Play] = []
    # The pages of both nodes have the same account, of the same moment.
    record = json.dumps(answers.record())
    for name in (*SCENES, "live", "down"):
        place = directory / name
        place.mkdir()
        kind = Play if name == "live" else Scene
        daemon = kind(place, SCENES.get(name, answers.normal)())
        await daemon.open()
        (place / RECORD).write_text(record, encoding="utf-8")
        page = Page(Settings("127.0.0.1", 0, daemon.path))
        urls[name] = f"http://127.0.0.1:{await page.open()}"
        await page.source.look()
        if isinstance(daemon, Play):
            plays.append(daemon)
        if name == "down":
            daemon.close()
    print(json.dumps(urls), flush=True)
    loop = asyncio.get_running_loop()
    # Each line of the input begins the play; its end is the end.
    while await loop.run_in_executor(None, sys.stdin.readline):
        for play in plays:
            play.begun = True


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
