# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotion and demotion against a drbdsetup that answers as the kernel would."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failoverd.core.events import Disk
from failoverd.resources import drbd
from failoverd.resources.base import ResourceError, Situation
from failoverd.resources.drbd import Drbd, Options
from failoverd.resources.settings import ResourceSettings
from failoverd.system.process import Finished

Script = Callable[[str, str], str]
PROC = "version: 8.4.11 (api:1/proto:86-101)\n 0: cs:{} ro:{}/Unknown ds:{}/DUnknown C r-----\n"


class Kernel:
    """A /proc/drbd in a file, and a drbdsetup script beside it."""

    def __init__(self, path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.promotions = path / "promote"
        self.promotions.mkdir()
        self.show("Secondary")
        self._script = script
        self._patch = monkeypatch
        monkeypatch.setattr(drbd, "PROC", str(path / "proc"))

    def show(self, role: str, disk: str = "UpToDate", connection: str = "Connected") -> None:
        (self.path / "proc").write_text(PROC.format(connection, role, disk))

    def disk(self, setup: str) -> Drbd:
        program = self._script("drbdsetup", f'dir={self.path}\necho "$*" >> $dir/calls\n{setup}')
        self._patch.setattr(drbd, "SETUP_84", (program,))
        settings = ResourceSettings("drbd", "drbd", (), 2.0, 2.0, Options("shop", 0, "/dev/drbd0"))
        return Drbd(settings, self.promotions)

    def calls(self) -> list[str]:
        file = self.path / "calls"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def kernel(tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(tmp_path, script, monkeypatch)


HALF = "StandAlone ro:Secondary\\/Unknown ds:Consistent\\/DUnknown C r-----"


def without_modprobe(run: Callable[..., Any]) -> Callable[..., Any]:
    """A run() that loads nothing into this host's kernel."""

    async def wrapped(program: str, *arguments: str, **options: Any) -> Any:
        if program.endswith("modprobe"):
            return Finished(0, "")
        return await run(program, *arguments, **options)

    return wrapped


PROMOTES = """
[ -e $dir/promote/shop ] && echo told >> $dir/told
sed -i s/Secondary/Primary/ $dir/proc
"""
REFUSED = "echo 'State change failed: (-1) Multiple primaries not allowed by config' >&2; exit 11"
TWICE_REFUSED = f"[ $(wc -l < $dir/calls) -lt 3 ] && {{ {REFUSED}; }}\n{PROMOTES}"


def test_promotion_is_never_forced(kernel: Kernel) -> None:
    asyncio.run(kernel.disk(PROMOTES).start(Situation()))
    assert kernel.calls() == ["primary 0"]


def test_a_refusal_for_a_moment_is_tried_again(kernel: Kernel) -> None:
    asyncio.run(kernel.disk(TWICE_REFUSED).start(Situation()))
    assert kernel.calls() == ["primary 0"] * 3


def test_a_refusal_that_stays_fails_with_the_kernels_words(kernel: Kernel) -> None:
    with pytest.raises(ResourceError, match="Multiple primaries not allowed"):
        asyncio.run(kernel.disk(REFUSED).start(Situation()))


def test_a_disk_without_current_data_is_not_tried_twice(kernel: Kernel) -> None:
    setup = "echo 'Need access to UpToDate data' >&2; exit 17"
    with pytest.raises(ResourceError, match="Need access to UpToDate data"):
        asyncio.run(kernel.disk(setup).start(Situation()))
    assert len(kernel.calls()) == 1


@pytest.mark.parametrize("gone", [True, False])
def test_the_handlers_leave_stands_only_for_a_proven_peer_and_only_meanwhile(
    kernel: Kernel, gone: bool
) -> None:
    asyncio.run(kernel.disk(PROMOTES).start(Situation(peer_gone=gone)))
    assert (kernel.path / "told").exists() is gone
    assert list(kernel.promotions.iterdir()) == []


def test_the_handlers_leave_is_taken_back_after_a_failure(kernel: Kernel) -> None:
    with pytest.raises(ResourceError):
        asyncio.run(kernel.disk("exit 17").start(Situation(peer_gone=True)))
    assert list(kernel.promotions.iterdir()) == []


def test_demotion_is_tried_again_while_the_device_is_held_open(kernel: Kernel) -> None:
    kernel.show("Primary")
    held = "echo 'State change failed: (-12) Device is held open by someone' >&2; exit 11"
    yields = "sed -i s/Primary/Secondary/ $dir/proc"
    setup = f"[ $(wc -l < $dir/calls) -lt 3 ] && {{ {held}; }}; {yields}"
    asyncio.run(kernel.disk(setup).stop())
    assert kernel.calls() == ["secondary 0"] * 3


def test_a_secondary_is_not_demoted_again(kernel: Kernel) -> None:
    asyncio.run(kernel.disk("exit 1").stop())
    assert kernel.calls() == []


def test_an_unconfigured_device_is_unknown_not_up(kernel: Kernel) -> None:
    (kernel.path / "proc").write_text("version: 8.4.11\n 0: cs:Unconfigured\n")
    disk = kernel.disk("exit 1")
    assert asyncio.run(disk.disk()) == Disk()
    assert asyncio.run(disk.probe()).value == "down"


def test_a_kernel_that_cannot_be_asked_proves_nothing(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = kernel.disk("exit 0")
    monkeypatch.setattr(drbd, "PROC", str(kernel.path))
    for call in (disk.probe, disk.stop):
        with pytest.raises(ResourceError):
            asyncio.run(call())


@pytest.mark.parametrize(
    ("role", "connection", "parted"),
    [
        ("Secondary", "Connected", True),
        ("Secondary", "WFConnection", False),
        ("Primary", "Connected", False),
    ],
)
def test_a_node_that_goes_down_parts_from_its_peer_in_good_order(
    kernel: Kernel,
    script: Script,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
    connection: str,
    parted: bool,
) -> None:
    monkeypatch.setattr(drbd, "ADM", script("drbdadm", f'echo "$*" >> {kernel.path}/parted'))
    kernel.show(role, connection=connection)
    asyncio.run(kernel.disk("exit 1").leave())
    assert (kernel.path / "parted").exists() is parted
    if parted:
        assert (kernel.path / "parted").read_text() == "disconnect shop\n"


def test_bringing_up_leaves_a_configured_device_alone(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[Any] = []

    async def record(*argv: str, **more: Any) -> Finished:
        ran.append(argv)
        return Finished(1, "no such resource")

    monkeypatch.setattr(drbd, "run", record)
    disk = kernel.disk("exit 1")
    asyncio.run(disk.bring_up())
    assert ran == []
    (kernel.path / "proc").write_text("version: 8.4.11\n")
    with pytest.raises(ResourceError, match="cannot be brought up: no such resource"):
        asyncio.run(disk.bring_up())


def test_what_drbdadm_left_half_up_is_finished_but_a_later_break_is_left_alone(
    kernel: Kernel, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F39: a split brain looks the same, but comes later."""
    adm = f"""
echo "$*" >> {kernel.path}/adm
sed -i 's/Unconfigured/{HALF}/' {kernel.path}/proc
[ "$(wc -l < {kernel.path}/adm)" = 1 ] && exit 20
sed -i s/StandAlone/WFConnection/ {kernel.path}/proc
"""
    monkeypatch.setattr(drbd, "ADM", script("drbdadm", adm))
    (kernel.path / "proc").write_text("version: 8.4.11\n 0: cs:Unconfigured\n")
    disk = kernel.disk("exit 1")
    monkeypatch.setattr(drbd, "run", without_modprobe(drbd.run))
    with pytest.raises(ResourceError, match="cannot be brought up"):
        asyncio.run(disk.bring_up())
    asyncio.run(disk.bring_up())
    kernel.show("Secondary", "UpToDate", "StandAlone")
    asyncio.run(disk.bring_up())
    assert (kernel.path / "adm").read_text().split("\n")[:-1] == ["up shop", "adjust shop"]


class Silence:
    """A peer whose kernel is silent, and a drbdadm that the kernel obeys."""

    def __init__(self, kernel: Kernel, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kernel, self.seconds = kernel, 1.4
        self.mark = kernel.path / "dropped-shop"
        obeys = f"""
echo "$*" >> {kernel.path}/adm
[ "$1" = disconnect ] && sed -i "s/cs:[A-Za-z]*/cs:StandAlone/" {kernel.path}/proc
[ -e {kernel.path}/dies ] && exit 1
[ "$1" != disconnect ] && sed -i "s/cs:[A-Za-z]*/cs:WFConnection/" {kernel.path}/proc
exit 0
"""
        monkeypatch.setattr(drbd, "ADM", script("drbdadm", obeys))
        monkeypatch.setattr(drbd, "run", without_modprobe(drbd.run))
        monkeypatch.setattr(drbd.drbd_silence, "silent_s", lambda resource: self.seconds)

    def asked(self) -> list[str]:
        file = self.kernel.path / "adm"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def silence(kernel: Kernel, script: Script, monkeypatch: pytest.MonkeyPatch) -> Silence:
    return Silence(kernel, script, monkeypatch)


def test_f34_a_silent_peer_is_dropped_and_waited_for_again(
    kernel: Kernel, silence: Silence
) -> None:
    asyncio.run(kernel.disk("exit 1").drop_peer())
    assert silence.asked() == ["disconnect --force shop", "connect shop"]
    assert not silence.mark.exists()


@pytest.mark.parametrize(
    ("role", "connection", "silent_s"),
    [
        ("Secondary", "Connected", 1.2),
        ("Secondary", "WFConnection", 1.4),
        ("Secondary", "StandAlone", 1.4),
        ("Primary", "Connected", 1.4),
    ],
    ids=["f12-it-answers", "noticed-already", "f39-parted", "in-use-here"],
)
def test_f12_only_a_silent_peer_of_a_standby_is_dropped(
    kernel: Kernel, silence: Silence, role: str, connection: str, silent_s: float
) -> None:
    kernel.show(role, connection=connection)
    silence.seconds = silent_s
    asyncio.run(kernel.disk("exit 1").drop_peer())
    assert silence.asked() == []


def test_f12_a_peer_of_which_nothing_can_be_learned_is_not_dropped(
    kernel: Kernel, silence: Silence, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(resource: str) -> float:
        raise PermissionError(resource)

    monkeypatch.setattr(drbd.drbd_silence, "silent_s", fails)
    asyncio.run(kernel.disk("exit 1").drop_peer())
    assert silence.asked() == []


def test_f34_a_daemon_that_died_between_the_two_parts_is_followed_by_one_that_connects(
    kernel: Kernel, silence: Silence
) -> None:
    (kernel.path / "dies").touch()
    with pytest.raises(ResourceError, match="disconnect failed"):
        asyncio.run(kernel.disk("exit 1").drop_peer())
    (kernel.path / "dies").unlink()
    asyncio.run(kernel.disk("exit 1").bring_up())
    assert silence.asked() == ["disconnect --force shop", "adjust shop"]
    assert not silence.mark.exists()


def test_f34_so_does_the_same_daemon_if_only_the_connection_failed(
    kernel: Kernel, silence: Silence
) -> None:
    disk = kernel.disk("exit 1")
    asyncio.run(disk.bring_up())
    (kernel.path / "dies").touch()
    with pytest.raises(ResourceError):
        asyncio.run(disk.drop_peer())
    (kernel.path / "dies").unlink()
    asyncio.run(disk.bring_up())
    assert silence.asked()[-1] == "adjust shop"
    kernel.show("Secondary", "UpToDate", "StandAlone")
    asyncio.run(disk.bring_up())
    assert len(silence.asked()) == 2, "a later StandAlone is left alone (F39)"


def test_f39_a_daemon_that_begins_anew_does_not_connect_what_the_kernels_parted(
    kernel: Kernel, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drbd, "ADM", script("drbdadm", f'echo "$*" >> {kernel.path}/adm'))
    kernel.show("Secondary", "UpToDate", "StandAlone")
    asyncio.run(kernel.disk("exit 1").bring_up())
    assert not (kernel.path / "adm").exists()
