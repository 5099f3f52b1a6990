# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fence counts only when the device itself says off; everything unclear is unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failoverd.core.actions import Ask
from failoverd.core.events import DeviceChecked, Event, Power
from failoverd.fencing import stonith
from failoverd.fencing.devices import Devices
from failoverd.fencing.settings import FencingSettings
from failoverd.fencing.stonith import Stonith

Script = Callable[[str, str], str]

DEVICE = """
dir=$(dirname "$0")
echo "$*" >> "$dir/argv"
env >> "$dir/env"
while read -r line; do
  case "$line" in action=*) action=${line#action=};; esac
  echo "$line" >> "$dir/stdin"
done
echo "$action" >> "$dir/actions"
"""
HONEST = (
    DEVICE
    + """
case $action in
  off) echo off > "$dir/power";;
  on) rm -f "$dir/power";;
  status) [ -e "$dir/power" ] && exit 2; exit 0;;
esac
"""
)
LIAR = DEVICE + "[ $action = status ] && exit 0; exit 0"
REFUSER = DEVICE + "echo 'Unable to connect: password s3cret refused' >&2; exit 1"
MUTE = "exec sleep 600"


def settings(agent: str, timeout_s: float = 20.0) -> FencingSettings:
    target = {"ip": "10.0.0.2", "password": "s3cret"}
    return FencingSettings("bmc", "stonith", agent, timeout_s, {"node2": target})


def perform(device: Stonith, *asks: Ask) -> list[tuple[Power, str]]:
    async def main() -> list[tuple[Power, str]]:
        try:
            return [await device.perform(ask) for ask in asks]
        finally:
            await device.close()

    return asyncio.run(main())


def test_the_devices_word_is_understood(script: Script) -> None:
    device = Stonith(settings(script("agent", HONEST)), "node2")
    answers = perform(device, Ask.STATUS, Ask.OFF, Ask.STATUS, Ask.ON, Ask.STATUS)
    assert [power for power, _detail in answers] == [
        Power.ON,
        Power.OFF,
        Power.OFF,
        Power.ON,
        Power.ON,
    ]


def test_off_is_verified_by_a_question_of_its_own(script: Script, tmp_path: Path) -> None:
    perform(Stonith(settings(script("agent", HONEST)), "node2"), Ask.OFF)
    assert (tmp_path / "actions").read_text().split() == ["off", "status"]


@pytest.mark.parametrize("ask", [Ask.OFF, Ask.STATUS])
def test_a_device_that_refuses_is_unknown_with_its_reason(script: Script, ask: Ask) -> None:
    [(power, detail)] = perform(Stonith(settings(script("agent", REFUSER)), "node2"), ask)
    assert power is Power.UNKNOWN
    assert "refused" in detail


def test_the_reason_is_told_without_the_agents_own_clock(script: Script) -> None:
    said = "2026-01-02 03:04:05,006 ERROR: Unable to connect"
    agent = script("fence_logger", DEVICE + f"echo '{said}' >&2; exit 1")
    assert perform(Stonith(settings(agent), "node2"), Ask.STATUS) == [
        (Power.UNKNOWN, "Unable to connect")
    ]


def test_success_that_the_device_does_not_confirm_is_unknown(script: Script) -> None:
    [(power, detail)] = perform(Stonith(settings(script("agent", LIAR)), "node2"), Ask.OFF)
    assert power is Power.UNKNOWN
    assert "not verified off" in detail


@pytest.mark.parametrize("ask", list(Ask))
def test_a_device_that_hangs_is_unknown_and_leaves_no_process(script: Script, ask: Ask) -> None:
    agent = script("agent", MUTE)
    [(power, detail)] = perform(Stonith(settings(agent, 0.3), "node2"), ask)
    assert power is Power.UNKNOWN
    assert "no answer" in detail
    assert not any(
        b"sleep\x00600" in (entry / "cmdline").read_bytes()
        and f"{agent}" in (entry / "environ").read_bytes().decode(errors="replace")
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (entry / "cmdline").exists()
    )


def test_an_agent_that_breaks_with_the_number_of_off_is_unknown(script: Script) -> None:
    body = "cat > /dev/null; echo \"python3: can't open file 'agent'\" >&2; exit 2"
    [(power, detail)] = perform(Stonith(settings(script("agent", body)), "node2"), Ask.STATUS)
    assert power is Power.UNKNOWN
    assert "can't open file" in detail


def test_an_absent_agent_is_unknown(tmp_path: Path) -> None:
    [(power, detail)] = perform(Stonith(settings(str(tmp_path / "none")), "node2"), Ask.OFF)
    assert power is Power.UNKNOWN
    assert "No such file" in detail


def test_secrets_travel_over_stdin_alone_and_show_nowhere(script: Script, tmp_path: Path) -> None:
    perform(Stonith(settings(script("agent", HONEST)), "node2"), Ask.STATUS)
    assert "password=s3cret" in (tmp_path / "stdin").read_text()
    assert "s3cret" not in (tmp_path / "argv").read_text()
    assert "s3cret" not in (tmp_path / "env").read_text()
    [(_power, detail)] = perform(Stonith(settings(script("loud", REFUSER)), "node2"), Ask.STATUS)
    assert "s3cret" not in detail


def test_f14_the_agent_for_the_shot_loads_while_the_question_is_asked(
    script: Script,
) -> None:
    wait = 'status) until [ "$(wc -l < "$dir/loaded")" -gt 1 ]; do sleep 0.1; done;'
    load = 'dir=$(dirname "$0"); echo >> "$dir/loaded"'
    device = Stonith(settings(script("agent", load + HONEST.replace("status)", wait))), "node2")
    assert perform(device, Ask.STATUS) == [(Power.ON, "the device says on")]


class Entries:
    """A history that only remembers."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.entries: list[dict[str, Any]] = []

    def add(self, code: str, text: str, **more: Any) -> None:
        self.codes.append(code)
        self.entries.append({"text": text, **more})


def test_f24_a_device_that_fails_while_all_is_well_is_told_once_and_so_is_its_return(
    script: Script, tmp_path: Path
) -> None:
    body = HONEST.replace("status)", 'status) [ -e "$dir/broken" ] && exit 1;')
    told: list[Event] = []

    async def main() -> None:
        devices = Devices((settings(script("agent", body)),), "node2", 60.0, Entries())
        devices.post = told.append
        (tmp_path / "broken").touch()
        await devices.perform(0, Ask.STATUS)
        await devices.perform(0, Ask.STATUS)
        assert devices.status()[0]["last"] == "failed"
        (tmp_path / "broken").unlink()
        await devices.perform(0, Ask.STATUS)
        assert devices.status()[0]["last"] == "ok"
        await devices.close()

    asyncio.run(main())
    assert [(event.level, event.ok) for event in told if isinstance(event, DeviceChecked)] == [
        (0, False),
        (0, True),
    ]


def test_a_level_that_does_not_exist_is_unknown(script: Script) -> None:
    async def main() -> None:
        devices = Devices((), "node2", 60.0, Entries())
        power, _detail = await devices.perform(0, Ask.OFF)
        assert power is Power.UNKNOWN

    asyncio.run(main())


def test_a_node_that_is_switched_on_was_never_asked_to_reboot(
    script: Script, tmp_path: Path
) -> None:
    device = Stonith(settings(script("agent", HONEST)), "node2")
    assert [power for power, _detail in perform(device, Ask.OFF, Ask.ON)] == [Power.OFF, Power.ON]
    assert (tmp_path / "actions").read_text().split() == ["off", "status", "on"]


def test_a_device_that_does_not_switch_on_says_why_and_takes_nothing_back(script: Script) -> None:
    body = HONEST.replace("on) rm", "on) echo 'power supply: s3cret failed'; exit 1; rm")
    device = Stonith(settings(script("agent", body)), "node2")
    answers = perform(device, Ask.OFF, Ask.ON, Ask.STATUS)
    assert answers[1] == (Power.UNKNOWN, "power supply: *** failed")
    assert [power for power, _detail in answers] == [Power.OFF, Power.UNKNOWN, Power.OFF]


async def began(tmp_path: Path) -> None:
    """Until an agent has read what it is to do."""
    for _round in range(600):
        if (tmp_path / "actions").exists():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("no agent has begun")


STALLS = """
n=$(wc -l < "$dir/actions")
[ $n -le 1 ] && exec sleep 600
"""


@pytest.mark.parametrize(("ask", "power"), [(Ask.STATUS, Power.ON), (Ask.OFF, Power.OFF)])
def test_a_device_that_stalls_is_asked_again_in_a_new_session(
    script: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ask: Ask, power: Power
) -> None:
    monkeypatch.setattr(stonith, "STALL_S", 1.5)
    monkeypatch.setattr(stonith, "STALL_OFF_S", 1.5)
    body = HONEST.replace("case $action in\n  off)", f"{STALLS}case $action in\n  off)")
    device = Stonith(settings(script("agent", body), timeout_s=600.0), "node2")
    [(found, detail)] = perform(device, ask)
    assert found is power, detail
    assert (tmp_path / "actions").read_text().split()[0] == ask.value


def test_a_device_that_is_always_slow_gets_its_time_in_the_end(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stonith, "STALL_S", 0.1)
    slow = HONEST.replace("case $action in\n  off)", "sleep 1\ncase $action in\n  off)")
    device = Stonith(settings(script("agent", slow), timeout_s=600.0), "node2")
    assert [power for power, _said in perform(device, Ask.STATUS)] == [Power.ON]


def test_an_order_does_not_wait_for_a_question_that_stalls(script: Script, tmp_path: Path) -> None:
    """Two sessions at once make many a device serve neither."""
    body = HONEST.replace("status) [", 'status) [ -e "$dir/power" ] || exec sleep 600; [')

    async def main() -> list[tuple[Power, str]]:
        device = Stonith(settings(script("agent", body), timeout_s=600.0), "node2")
        question = asyncio.create_task(device.perform(Ask.STATUS))
        await began(tmp_path)
        waiting = asyncio.create_task(device.check())
        try:
            order = await device.perform(Ask.OFF)
            return [order, await question, await waiting]
        finally:
            await device.close()

    order, question, waiting = asyncio.run(main())
    assert order[0] is Power.OFF
    assert question == (Power.UNKNOWN, stonith.GIVEN_UP)
    assert waiting[0] in (Power.OFF, Power.UNKNOWN)


def test_a_question_that_was_given_up_says_nothing_of_the_device(
    script: Script, tmp_path: Path
) -> None:
    body = HONEST.replace("status) [", 'status) [ -e "$dir/power" ] || exec sleep 600; [')
    told: list[Event] = []

    async def main() -> None:
        devices = Devices((settings(script("agent", body), 600.0),), "node2", 60.0, Entries())
        devices.post = told.append
        question = asyncio.create_task(devices.perform(0, Ask.STATUS))
        await began(tmp_path)
        await devices.perform(0, Ask.OFF)
        await question
        await devices.close()

    asyncio.run(main())
    assert told == [DeviceChecked(0, True, "switched off and verified")]


@pytest.mark.parametrize(("given", "told"), [({}, "0"), ({"power_wait": "4"}, "4")])
def test_an_agent_does_not_sleep_before_the_order_is_verified(
    script: Script, tmp_path: Path, given: dict[str, str], told: str
) -> None:
    ipmi = script("fence_ipmilan", HONEST)
    (tmp_path / "fence_idrac").symlink_to(ipmi)
    for agent in (ipmi, str(tmp_path / "fence_idrac")):
        target = {"node2": {"ip": "10.0.0.2", **given}}
        device = Stonith(FencingSettings("bmc", "stonith", agent, 20.0, target), "node2")
        (tmp_path / "stdin").unlink(missing_ok=True)
        perform(device, Ask.OFF)
        words = (tmp_path / "stdin").read_text().split()
        assert [word for word in words if word.startswith("power_wait")] == [
            f"power_wait={told}"
        ] * 2
