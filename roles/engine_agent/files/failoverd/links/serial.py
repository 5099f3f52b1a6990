# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Heartbeats over a null-modem cable, which no switch can partition."""

from __future__ import annotations

import array
import asyncio
import contextlib
import fcntl
import os
import stat
import termios

from .base import REOPEN_S, Awake, Receive
from .framing import BITS, Unpacker, pack
from .settings import SerialSettings
from .wire import Frame

CHUNK = 8192
STUCK_S = 3.0
"""A line with a dead other end may hold its bytes for ever."""
SHARE = 0.25
"""Longest use of a fast line after many changes: its reader may be busy with the same changes. An
adapter or a virtual line takes everything at once, and does not tell what it still holds."""
PAUSE_S, SLACK = 0.005, 1.1
"""The reader waits for the rest of a frame as long as the line takes, a bit more, and PAUSE_S.

A real line delivers a few bytes at a time: waking up for each of them costs more than the rest."""


class SerialLink:
    """A tty in raw mode. A frame is sent only after the last one has left."""

    def __init__(
        self, settings: SerialSettings, receive: Receive, awake: Awake, whole_s: float
    ) -> None:
        """whole_s: how often an unchanged heartbeat is sent as a whole."""
        self.name = settings.name
        self.problem = "not open yet"
        self._settings = settings
        self._receive = receive
        self._awake = awake
        self._whole_s = whole_s
        self._whole: tuple[bytes, float] = (b"", 0.0)
        """Mark and time of the last whole frame that was sent."""
        self._free_at = 0.0
        """When the next one may be sent."""
        self._fd = -1
        self._unpacker = Unpacker()
        self._stuck_since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        """Opens the device again, or reads on."""

    def open(self) -> None:
        """Open the device; retry each second if it is absent."""
        loop = asyncio.get_running_loop()
        self._timer = None
        try:
            self._fd = open_tty(self._settings.device, self._settings.baud)
        except (OSError, termios.error) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self.problem = f"{self._settings.device}: {reason}"
            self._timer = loop.call_later(REOPEN_S, self.open)
            return
        self.problem = ""
        self._unpacker = Unpacker()
        loop.add_reader(self._fd, self._readable)

    def send(self, frame: Frame) -> None:
        """Send or drop it: a slow line carries the newest state, not a growing queue.

        A frame that repeats the last whole one is sent in its brief form. So the line, and a buffer
        that is read late, hold more heartbeats (F74).
        """
        if self._fd < 0:
            return
        now = asyncio.get_running_loop().time()
        mark, at = self._whole
        brief = mark == frame.mark and now < at + self._whole_s
        line = pack(frame.brief if brief else frame.whole)
        try:
            if now >= self._free_at and self._drained():
                os.write(self._fd, line)
                line_s = len(line) * BITS / self._settings.baud
                self._free_at = now + max(line_s, min(line_s / SHARE, self._whole_s / 2))
                if not brief:
                    self._whole = (frame.mark, now)
        except BlockingIOError:
            return
        except (OSError, termios.error) as error:
            self._failed(error)

    def _drained(self) -> bool:
        """Whether the last frame has left. A frame that is stuck for long is dropped."""
        waiting = array.array("i", [0])
        fcntl.ioctl(self._fd, termios.TIOCOUTQ, waiting)
        now = asyncio.get_running_loop().time()
        if waiting[0] == 0:
            self._stuck_since = None
            return True
        if self._stuck_since is None:
            self._stuck_since = now
        elif now - self._stuck_since > STUCK_S:
            self._stuck_since = None
            termios.tcflush(self._fd, termios.TCOFLUSH)
            return True
        return False

    def _readable(self) -> None:
        if not self._awake() or self._fd < 0:
            return
        try:
            data = os.read(self._fd, CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._failed(error)
            return
        if not data:
            self._failed(OSError(0, "the line hung up"))
            return
        for frame in self._unpacker.feed(data):
            self._receive(self.name, frame)
        if self._unpacker.missing and self._fd >= 0:
            line_s = self._unpacker.missing * BITS / self._settings.baud
            self._pause(PAUSE_S + SLACK * line_s)

    def _pause(self, seconds: float) -> None:
        """Wait for the rest of a frame; shorter than the kernel's buffer takes to fill."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._fd)
        self._timer = loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._timer = None
        asyncio.get_running_loop().add_reader(self._fd, self._readable)
        self._readable()

    def discard(self) -> None:
        """Drop waiting input."""
        self._unpacker = Unpacker()
        if self._fd >= 0:
            with contextlib.suppress(OSError, termios.error):
                termios.tcflush(self._fd, termios.TCIFLUSH)

    def _failed(self, error: Exception) -> None:
        self.close()
        self.problem = f"{self._settings.device}: {getattr(error, 'strerror', '') or error}"
        self._timer = asyncio.get_running_loop().call_later(REOPEN_S, self.open)

    def close(self) -> None:
        """Stop listening."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1


def open_tty(device: str, baud: int) -> int:
    """Open a tty raw, 8N1, non-blocking, without making it the controlling terminal."""
    speed = getattr(termios, f"B{baud}", None)
    if speed is None:
        raise OSError(0, f"{baud} is not a speed of serial lines")
    flags = os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC
    fd = os.open(device, flags)
    try:
        if not stat.S_ISCHR(os.fstat(fd).st_mode):
            raise OSError(0, "is not a character device")
        attributes = termios.tcgetattr(fd)
        control = attributes[6]
        control[termios.VMIN], control[termios.VTIME] = 1, 0
        mode = termios.CS8 | termios.CREAD | termios.CLOCAL
        termios.tcsetattr(fd, termios.TCSANOW, [0, 0, mode, 0, speed, speed, control])
        termios.tcflush(fd, termios.TCIOFLUSH)
    except BaseException:
        os.close(fd)
        raise
    return fd
