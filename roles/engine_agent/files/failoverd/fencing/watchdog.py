# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watchdog resets this node unless it is petted. Only the core orders to pet it.

Opening the device starts and pets it. So it is opened at the first order of the core: a daemon that
starts beside a running service has to find contact first. It is never stopped while a service may
be here (F30): only a daemon that ends and holds nothing disarms it. An unsuitable device makes the
node ineligible (F29). It stays open and is petted all the same, because a service of an earlier
life may depend on it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from failoverd.core.events import Eligible, Event
from failoverd.rules.fencing import SOFTWARE_IDENTITY
from failoverd.system.process import run

from .settings import WatchdogSettings

GET_SUPPORT, SET_TIMEOUT, GET_TIMEOUT = 0x80285700, 0xC0045706, 0x80045707
"""Requests of linux/watchdog.h: WDIOC_GETSUPPORT, WDIOC_SETTIMEOUT, WDIOC_GETTIMEOUT."""
MAGIC_CLOSE = 0x0100
SYSFS = "/sys/class/watchdog"
MODPROBE = "/usr/sbin/modprobe"


@dataclass(frozen=True)
class Support:
    """The properties of a driver. survives: it counts on if its user dies.

    endless: nothing can stop it once it counts (nowayout).
    """

    identity: str
    survives: bool
    endless: bool = False


class Device(Protocol):
    """An open watchdog. Everything may raise OSError."""

    def support(self) -> Support:
        """Its identity and its features."""

    def set_timeout(self, seconds: int) -> int:
        """Set the timeout; returns the timeout of the device afterwards, in seconds."""

    def pet(self) -> None:
        """Restart the count."""

    def close(self, *, disarm: bool) -> None:
        """Close it; disarm: stop the count."""


class CharacterDevice:
    """The kernel's watchdog interface (Documentation/watchdog/watchdog-api.rst)."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)

    def support(self) -> Support:
        """Its identity; a driver that stops when its user dies is no protection."""
        answer = fcntl.ioctl(self._fd, GET_SUPPORT, bytes(40))
        options, _firmware, identity = struct.unpack("II32s", answer)
        name = identity.split(b"\0", 1)[0].decode(errors="replace")
        endless = self._no_way_out()
        return Support(name, bool(options & MAGIC_CLOSE) or endless, endless)

    def _no_way_out(self) -> bool:
        number = Path(self._path).resolve().name
        number = "watchdog0" if number == "watchdog" else number
        with contextlib.suppress(OSError):
            return Path(SYSFS, number, "nowayout").read_text(encoding="ascii").strip() == "1"
        return False

    def set_timeout(self, seconds: int) -> int:
        """Set it and read it back: drivers round, and some have a single timeout."""
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._fd, SET_TIMEOUT, struct.pack("i", seconds))
        (now,) = struct.unpack("i", fcntl.ioctl(self._fd, GET_TIMEOUT, bytes(4)))
        return int(now)

    def pet(self) -> None:
        """Write any byte except the magic one."""
        os.write(self._fd, b"\0")

    def close(self, *, disarm: bool) -> None:
        """Write the magic character only if disarm is set."""
        try:
            if disarm:
                os.write(self._fd, b"V")
        finally:
            os.close(self._fd)


class Watchdog:
    """Opened and petted by order of the core, never petted again for a self reset."""

    def __init__(
        self,
        settings: WatchdogSettings | None,
        accept_software: bool,
        alert: Callable[[str, str], None],
        opener: Callable[[str], Device] = CharacterDevice,
    ) -> None:
        self._settings = settings
        self._accept_software = accept_software
        self._alert = alert
        self._opener = opener
        self._device: Device | None = None
        self._surrendered = False
        self._why: str | None = None
        self.identity = ""
        self._endless = False
        self.counts_s: int | None = None
        """The timeout that was read back from the device; None before that."""
        self.post: Callable[[Event], None] = lambda event: None

    async def prepare(self) -> None:
        """Load its driver if needed. Until it is open and verified, this node may own nothing."""
        settings = self._settings
        if settings is None:
            return
        if settings.module:
            await run(MODPROBE, settings.module, timeout_s=20)
        self._tell(f"the watchdog {settings.device} is not in use yet")

    def _begin(self, settings: WatchdogSettings) -> str:
        """Why this node may not own services, empty if it may."""
        path = settings.device
        try:
            self._device = self._opener(path)
            support = self._device.support()
            seconds = self._device.set_timeout(settings.timeout_s)
            self._device.pet()
        except FileNotFoundError:
            return f"there is no watchdog {path}"
        except OSError as error:
            busy = " (has systemd's RuntimeWatchdogSec taken it?)" if error.errno == 16 else ""
            return f"the watchdog {path} cannot be used: {error.strerror}{busy}"
        self.identity, self.counts_s = support.identity, seconds
        self._endless = support.endless
        if support.identity == SOFTWARE_IDENTITY and not self._accept_software:
            return (
                f"{path} is a software watchdog, which dies with a frozen kernel, and unsafe does"
                " not accept software_watchdog"
            )
        if not support.survives:
            return f"the watchdog {path} ({support.identity}) stops counting when its user dies"
        if seconds != settings.timeout_s:
            return (
                f"the watchdog {path} ({support.identity}) counts {seconds} s and not"
                f" {settings.timeout_s} s as asked: set its timeout_s to {seconds}"
            )
        return ""

    def _tell(self, why: str) -> None:
        if why != self._why:
            self._why = why
            self.post(Eligible(why))

    def pet(self) -> None:
        """By order of the core only. A missing device is tried again each time."""
        if self._settings is None or self._surrendered:
            return
        if self._device is None:
            self._tell(self._begin(self._settings))
            return
        try:
            self._device.pet()
        except OSError as error:
            why = f"the watchdog cannot be petted: {error.strerror}"
            if why != self._why:
                self._alert("watchdog", f"{why}; it will reset this node")
            self._tell(why)

    @property
    def why(self) -> str:
        """Why it does not protect, empty if it does."""
        return self._why or ""

    def surrender(self) -> None:
        """Never pet again in this life: this node has to be reset (F64, F65)."""
        self._surrendered = True

    def close(self, *, holding: bool, leaving: bool = False) -> None:
        """The daemon ends. F30: disarmed only if nothing is held. leaving: so does the host."""
        device, self._device = self._device, None
        if device is not None:
            if self._endless and not leaving:
                within = f"unless failoverd starts again within {self.counts_s} s"
                why = "its driver cannot stop it (nowayout)"
                self._alert("watchdog", f"the watchdog will reset this node {within}: {why}")
            with contextlib.suppress(OSError):
                device.close(disarm=not holding and not self._surrendered)

    def status(self) -> dict[str, Any] | None:
        """For failoverctl; None if the node has none."""
        if self._settings is None:
            return None
        return {
            "device": self._settings.device,
            "identity": self.identity,
            "timeout_s": self._settings.timeout_s,
            "counts_s": self.counts_s,
            "software": self.identity == SOFTWARE_IDENTITY,
            "open": self._device is not None,
            "why": self.why,
        }
