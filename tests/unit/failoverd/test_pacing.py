# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pauses end together at a beat; none is lost, none is much longer or shorter than asked for."""

from __future__ import annotations

import asyncio

from failoverd.system.pacing import Pacing


async def rests(pacing: Pacing, *pauses: float) -> dict[float, asyncio.Future[None]]:
    """Pauses that have begun."""
    found: dict[float, asyncio.Future[None]] = {
        pause: asyncio.ensure_future(pacing.rest(pause)) for pause in pauses
    }
    await asyncio.sleep(0)
    return found


async def over(tasks: dict[float, asyncio.Future[None]]) -> list[float]:
    """Those that have ended by now."""
    for _round in range(3):
        await asyncio.sleep(0)
    return [pause for pause, task in tasks.items() if task.done()]


def test_pauses_end_at_the_beat_that_is_nearest() -> None:
    async def main() -> None:
        pacing = Pacing(20.0)
        began = asyncio.get_running_loop().time()
        tasks = await rests(pacing, 20.0, 45.0, 51.0, 100.0)
        pacing.beat(began + 5.0)
        assert await over(tasks) == []
        pacing.beat(began + 20.1)
        assert await over(tasks) == [20.0]
        pacing.beat(began + 40.3)
        assert await over(tasks) == [20.0, 45.0]
        pacing.beat(began + 300.0)
        assert await over(tasks) == [20.0, 45.0, 51.0, 100.0]

    asyncio.run(main())


def test_a_pause_that_beats_would_change_too_much_is_exact() -> None:
    async def main() -> None:
        # A beat never comes, and the pause ends all the same.
        await Pacing(20.0).rest(0.01)

    asyncio.run(main())


def test_a_pause_that_was_cancelled_hurts_nobody() -> None:
    async def main() -> None:
        pacing = Pacing(20.0)
        began = asyncio.get_running_loop().time()
        tasks = await rests(pacing, 20.0, 21.0)
        tasks[20.0].cancel()
        await over(tasks)
        pacing.beat(began + 21.0)
        assert await over(tasks) == [20.0, 21.0]
        assert not tasks[21.0].cancelled()

    asyncio.run(main())
