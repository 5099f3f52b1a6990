# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the page until it is told to end."""

from __future__ import annotations

import asyncio
import signal
import sys

from .settings import Settings, SettingsError, load
from .web import Page

FAILED, WRONG_SETTINGS = 1, 2


async def serve(page: Page) -> None:
    """Serve until SIGTERM."""
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    port = await page.open()
    print(f"failover-page: listening on port {port}", file=sys.stderr, flush=True)
    await end.wait()
    await page.close()


def run(path: str) -> int:
    """Read the settings and serve; returns the exit status."""
    try:
        settings = load(path)
        asyncio.run(_served(settings))
    except SettingsError as error:
        print(f"failover-page: {error}", file=sys.stderr)
        return WRONG_SETTINGS
    except OSError as error:
        print(f"failover-page: cannot listen: {error.strerror}.", file=sys.stderr)
        return FAILED
    return 0


async def _served(settings: Settings) -> None:
    await serve(Page(settings))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1]))
