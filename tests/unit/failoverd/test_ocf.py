# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""OCF agents and LSB scripts: exit codes, deadlines, parameters, and who outlives whom."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from failoverd.checks.base import CheckFailed
from failoverd.config import parse
from failoverd.resources import agents, lsb, ocf, ocf_metadata, progress, service
from failoverd.resources.base import ResourceError, Situation, State
from failoverd.resources.settings import ResourceSettings
from failoverd.system.systemd import SystemdError

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "ocf-agent"
METADATA = """cat <<XML
<resource-agent name="a" version="1.0"><parameters>
<parameter name="path" required="1"/><parameter name="color"/>
</parameters><actions>
<action name="start" timeout="7s"/><action name="stop" timeout="0.2s"/>
<action name="monitor" timeout="9s" interval="4s" depth="0"/>
<action name="monitor" timeout="99s" interval="60s" depth="10"/>
<action name="monitor" timeout="5s" interval="3s" role="Promoted"/>
<action name="promote" timeout="1m"/><action name="demote" timeout="500ms"/>
</actions></resource-agent>
XML
"""


class Scopes:
    """A systemd that remembers which processes it was given."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.exists = False
        self.away = False
        self.goes_after = 0

    async def call(self, member: str, signature: str, *body: Any) -> list[Any]:
        self.calls.append((member, body))
        if len(self.calls) <= self.goes_after:
            raise SystemdError("Unit failover-db.scope already exists.")
        if self.away or (self.exists and member == "StartTransientUnit"):
            raise SystemdError("Unit failover-db.scope already exists.")
        return ["/job/1"]

    async def finished(self, path: str, unit: str) -> str:
        return "done"

    async def pids(self, unit: str) -> list[int]:
        return []

    async def watch(self, unit: str, changed: Any) -> None:
        pass


@pytest.fixture
def scopes() -> Scopes:
    return Scopes()


@pytest.fixture
def agent(tmp_path: Path, scopes: Scopes) -> Callable[..., ocf.Ocf]:
    """Makes a resource of an agent whose actions are shell text."""

    def made(body: str, promoted: bool = False, metadata: str = METADATA, **given: str) -> ocf.Ocf:
        path = tmp_path / "resource.d" / "test" / "a"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = f"#!/bin/sh\ncd {tmp_path}\necho $1 >>log\ncase $1 in\nmeta-data) {metadata};;\n"
        path.write_text(f"{text}{body}\nesac\n", encoding="utf-8")
        path.chmod(0o755)
        options = ocf.Options("test:a", {"path": "/x", **given}, promoted)
        settings = ResourceSettings("db", "ocf", (), 60, 60, options)
        systemd: Any = scopes
        return ocf.Ocf(settings, systemd, tmp_path)

    return made


@pytest.mark.parametrize(
    ("code", "state"),
    [(0, State.UP), (8, State.UP), (190, State.UP), (7, State.DOWN), (5, State.DOWN)],
)
def test_what_a_monitor_says_is_what_a_probe_finds(agent: Any, code: int, state: State) -> None:
    assert asyncio.run(agent(f"monitor) exit {code};;").probe()) is state


@pytest.mark.parametrize(
    ("code", "said"),
    [(1, "failed"), (6, "is misconfigured"), (9, "failed while promoted"), (42, "ended with 42")],
)
def test_what_a_probe_cannot_tell_is_an_error(agent: Any, code: int, said: str) -> None:
    with pytest.raises(ResourceError, match=f"ocf:test:a: monitor .*{said}: so it is"):
        asyncio.run(agent(f"monitor) echo so it is; exit {code};;").probe())


def test_an_agent_that_is_absent_has_started_nothing(tmp_path: Path, scopes: Any) -> None:
    options = ocf.Options("absent:a", {})
    db = ocf.Ocf(ResourceSettings("db", "ocf", (), 9, 9, options), scopes, tmp_path)
    assert asyncio.run(db.probe()) is State.DOWN
    asyncio.run(db.stop())
    with pytest.raises(ResourceError, match=r"there is no agent .*/resource\.d/absent/a"):
        asyncio.run(db.prepare(Situation()))


def test_parameters_are_checked_against_the_agents_own_list(agent: Any) -> None:
    asyncio.run(agent("x) :;;", color="red").prepare(Situation()))
    with pytest.raises(ResourceError, match="has no parameter colour; known are color, path"):
        asyncio.run(agent("x) :;;", colour="red").prepare(Situation()))
    missing = agent("x) :;;")
    missing._options.parameters.clear()
    with pytest.raises(ResourceError, match="needs the parameter path"):
        asyncio.run(missing.prepare(Situation()))
    with pytest.raises(ResourceError, match="prints no metadata"):
        asyncio.run(agent("x) :;;", metadata="echo nothing").prepare(Situation()))


def test_times_are_the_agents_own(agent: Any) -> None:
    plain = agent("monitor) :;;")
    asyncio.run(plain.probe())
    [(settings, check)] = plain.own_checks()
    assert check is plain
    assert (settings.interval_s, settings.deadline_s) == (4.0, 9.0)
    promoted = agent("monitor) :;;", promoted=True)
    asyncio.run(promoted.probe())
    assert promoted.own_checks()[0][0].interval_s == 3.0
    metadata = promoted._metadata
    assert (metadata.timeout_s("promote"), metadata.timeout_s("demote")) == (60.0, 0.5)
    assert metadata.timeout_s("reload") == ocf_metadata.DEFAULT_TIMEOUT_S


@pytest.mark.parametrize(("promoted", "interval_s"), [(False, 20.0), (True, 10.0)])
def test_of_several_monitors_the_one_of_the_role_counts(promoted: bool, interval_s: float) -> None:
    """As heartbeat:mysql has them: a plain one, and one for each role."""
    monitors = "".join(
        f'<action name="monitor" depth="0" {role} interval="{seconds}s"/>'
        for role, seconds in (("", 20), ('role="Promoted"', 10), ('role="Unpromoted"', 30))
    )
    text = f"<resource-agent><actions>{monitors}</actions></resource-agent>"
    assert ocf_metadata.parse(text, promoted).interval_s == interval_s
    without_plain = text.replace('<action name="monitor" depth="0"  interval="20s"/>', "")
    assert ocf_metadata.parse(without_plain).interval_s == 30.0


def test_an_agent_sees_what_ocf_promises_and_our_own_commands(
    agent: Any, tmp_path: Path, scopes: Scopes
) -> None:
    body = "start) env >env; command -v crm_master >>env;;"
    asyncio.run(agent(body, color="deep blue").start(Situation()))
    env = (tmp_path / "env").read_text().splitlines()
    assert {
        f"OCF_ROOT={tmp_path}",
        "OCF_RESOURCE_INSTANCE=db",
        "OCF_RESOURCE_TYPE=a",
        "OCF_RESOURCE_PROVIDER=test",
        "OCF_RESKEY_color=deep blue",
        "OCF_RESKEY_path=/x",
        "OCF_RESKEY_CRM_meta_timeout=7000",
        "OCF_RESKEY_CRM_meta_interval=0",
        f"HA_SBIN_DIR={agents.SHIMS}",
        str(agents.SHIMS / "crm_master"),
    } <= set(env)
    # Filesystem refuses an ext4 when it is told of clones at all.
    told = [line for line in env if line.startswith("OCF_RESKEY_CRM_meta_")]
    assert not [line for line in told if "clone" in line or "master_max" in line]


@pytest.mark.finding("X3")
def test_what_is_started_is_neither_as_private_nor_as_protected_as_the_daemon(
    agent: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop that the kernel ends when memory runs out would cost the node its life."""
    monkeypatch.setattr(agents, "VITAL", 100)
    own = Path("/proc/self/oom_score_adj")
    db = agent("start|stop) umask >>masks; cat /proc/self/oom_score_adj >>scores;;")
    before, score = os.umask(0o077), own.read_text()
    try:
        own.write_text("500")
        asyncio.run(db.start(Situation()))
        asyncio.run(db.stop())
    finally:
        os.umask(before)
        own.write_text(score)
    assert (tmp_path / "scores").read_text().split() == ["0", "100"]
    assert (tmp_path / "masks").read_text().split() == ["0022", "0022"]


def limited(agent: Any, *given: str) -> ocf.Ocf:
    """The same agent, of which the user has written some limits."""
    db: ocf.Ocf = agent(
        "start) sleep 1; echo $OCF_RESKEY_CRM_meta_timeout >limit;;\n"
        "stop) sleep 1; echo $OCF_RESKEY_CRM_meta_timeout >limit;;\nmonitor) exit 7;;",
        metadata=METADATA.replace('"7s"', '"0.2s"'),
    )
    db.settings = replace(
        db.settings, start_timeout_s=900, stop_timeout_s=800, given=frozenset(given)
    )
    return db


@pytest.mark.finding("S22")
def test_the_users_limit_wins_over_the_agents_own(agent: Any, tmp_path: Path) -> None:
    db = limited(agent, "start_timeout_s", "stop_timeout_s")
    asyncio.run(db.start(Situation()))
    assert (tmp_path / "limit").read_text() == "900000\n"
    asyncio.run(db.stop())
    assert (tmp_path / "limit").read_text() == "800000\n"


@pytest.mark.finding("S22")
def test_without_the_users_word_the_agents_own_limit_holds(agent: Any) -> None:
    for db, act in ((limited(agent, "stop_timeout_s"), "start"), (limited(agent), "stop")):
        with pytest.raises(ResourceError, match=rf"{act}: no answer within 0\.2 s"):
            asyncio.run(db.start(Situation()) if act == "start" else db.stop())


@pytest.mark.finding("S23")
@pytest.mark.parametrize("gets_on", [True, False])
def test_f77_the_start_of_an_agent_goes_on_while_what_it_starts_gets_on(
    agent: Any, scopes: Scopes, monkeypatch: pytest.MonkeyPatch, gets_on: bool
) -> None:
    """Its own limit is 1.5 s, and it takes 4 s."""
    monkeypatch.setattr(service, "FOLLOW_S", 0.1)
    db = agent("start) sleep 4;;", metadata=METADATA.replace('"7s"', '"1.5s"'))
    steps = 0

    def seen(pids: Any, told: str) -> progress.Progress:
        nonlocal steps
        steps += gets_on
        return progress.Progress(f"step {steps}", steps)

    monkeypatch.setattr(progress, "of", seen)
    settings: Any = SimpleNamespace(name="shop")
    history: Any = SimpleNamespace(add=lambda *words, **more: None)
    shop = service.Service(settings, {"db": db}, history)
    told: list[str] = []
    shop.on_progress = told.append
    if gets_on:
        asyncio.run(shop.start(1, peer_gone=False))
        assert told[0] == "db: step 2"
    else:
        with pytest.raises(service.Failed, match=r"start: no answer within 1\.5 s"):
            asyncio.run(shop.start(1, peer_gone=False))
        assert told == []


@pytest.mark.finding("S22")
def test_which_limits_the_user_has_written_is_known(texts: Any, cluster: Any) -> None:
    cluster["services"][0]["resources"][3] = {
        "name": "db",
        "type": "ocf",
        "agent": "heartbeat:Dummy",
        "start_timeout_s": 900,
    }
    [settings] = [r for r in parse(texts()).services[0].resources if r.type == "ocf"]
    assert settings.given == {"start_timeout_s"}
    assert (settings.start_timeout_s, settings.stop_timeout_s) == (900, ocf.STOP_TIMEOUT_S)


def test_f31_what_is_started_lives_in_a_scope_before_it_begins(
    agent: Any, tmp_path: Path, scopes: Scopes
) -> None:
    db = agent("start) echo $$ >pid;;\nstop) :;;\nmonitor) :;;")
    seen: list[bool] = []

    async def finished(path: str, unit: str) -> str:
        seen.append((tmp_path / "pid").exists())
        return "done"

    scopes.finished = finished  # type: ignore[method-assign]
    asyncio.run(db.start(Situation()))
    [(member, (name, _mode, properties, _aux))] = scopes.calls
    assert (member, name, seen) == ("StartTransientUnit", "failover-db.scope", [False])
    given = {key: value.value for key, value in properties}
    assert given["PIDs"] == [int((tmp_path / "pid").read_text())]
    assert given["Before"] == ["failoverd-handover.service"]
    # Otherwise systemd lets no process join later.
    assert given["DelegateControllers"] == []
    asyncio.run(db.probe())
    asyncio.run(db.stop())
    assert len(scopes.calls) == 1


def test_a_scope_that_is_still_there_is_used_again(agent: Any, scopes: Scopes) -> None:
    scopes.exists = True
    asyncio.run(agent("start) :;;").start(Situation()))
    assert [member for member, _body in scopes.calls] == [
        "StartTransientUnit",
        "AttachProcessesToUnit",
    ]


def test_a_scope_that_is_just_going_is_waited_for(
    agent: Any, scopes: Scopes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last process has ended: it is there, but nobody can join."""
    monkeypatch.setattr(agents, "AGAIN_S", 0.0)
    scopes.goes_after = 4
    asyncio.run(agent("start) :;;").start(Situation()))
    assert [member for member, _body in scopes.calls] == [
        *(["StartTransientUnit", "AttachProcessesToUnit"] * 2),
        "StartTransientUnit",
    ]


def test_without_a_place_to_live_nothing_is_started(
    agent: Any, scopes: Scopes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "AGAIN_S", 0.0)
    scopes.away = True
    with pytest.raises(ResourceError, match="start: Unit"):
        asyncio.run(agent("start) touch started;;").start(Situation()))
    assert not (tmp_path / "started").exists()


def test_a_failed_start_says_why(agent: Any) -> None:
    with pytest.raises(ResourceError, match="start is misconfigured: no such directory"):
        asyncio.run(agent("start) echo no such directory >&2; exit 6;;").start(Situation()))


def test_a_server_that_keeps_the_output_open_does_not_hold_up_its_start(
    agent: Any, tmp_path: Path
) -> None:
    asyncio.run(agent("start) echo begun; sleep 600 & echo $! >pid;;").start(Situation()))
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_f47_f53_a_stop_that_hangs_is_killed_and_has_failed(
    agent: Any, tmp_path: Path, ends: Any
) -> None:
    db = agent("stop) sleep 600 & echo $! >pid; wait;;\nmonitor) exit 7;;")
    with pytest.raises(ResourceError, match="stop: no answer within"):
        asyncio.run(db.stop())
    assert "monitor" not in (tmp_path / "log").read_text().split()
    ends(int((tmp_path / "pid").read_text()))


def test_a_refused_stop_of_what_does_not_run_is_a_stop(agent: Any) -> None:
    asyncio.run(agent("stop) exit 6;;\nmonitor) exit 7;;").stop())
    for found in (0, 1, 5):
        with pytest.raises(ResourceError, match="stop is misconfigured"):
            asyncio.run(agent(f"stop) exit 6;;\nmonitor) exit {found};;").stop())


def test_a_promotable_agent_is_promoted_demoted_and_asked_for_it(
    agent: Any, tmp_path: Path
) -> None:
    start = "start) [ $OCF_RESKEY_CRM_meta_promotable = true ];;"
    db = agent(
        f"{start}\nmonitor) exit $(cat role);;\npromote) echo 8 >role;;\ndemote) exit 1;;", True
    )

    async def main() -> None:
        await db.start(Situation())
        await db.check()
        (tmp_path / "role").write_text("0")
        with pytest.raises(CheckFailed):
            await db.check()
        await db.stop()

    asyncio.run(main())
    assert (tmp_path / "log").read_text().split() == [
        "meta-data",
        "start",
        "promote",
        "monitor",
        "monitor",
        "demote",
        "stop",
    ]


def test_a_monitor_that_does_not_like_what_it_sees_is_a_failure(agent: Any) -> None:
    db = agent("monitor) echo pool is empty; exit 1;;")
    with pytest.raises(CheckFailed, match="monitor failed: pool is empty"):
        asyncio.run(db.check())
    asyncio.run(agent("monitor) exit 190;;").check())


def test_the_example_agent_runs_a_program(tmp_path: Path, scopes: Any, until: Any) -> None:
    (tmp_path / "resource.d" / "example").mkdir(parents=True)
    shutil.copy(EXAMPLE, tmp_path / "resource.d" / "example" / "daemon")
    program = tmp_path / "worker"
    program.write_text("#!/bin/sh\nexec sleep 600\n", encoding="utf-8")
    program.chmod(0o755)
    given = {"program": str(program), "pidfile": str(tmp_path / "pid")}
    options = ocf.Options("example:daemon", given)
    db = ocf.Ocf(ResourceSettings("db", "ocf", (), 60, 60, options), scopes, tmp_path)

    async def main() -> None:
        await db.prepare(Situation())
        assert await db.probe() is State.DOWN
        for _twice in range(2):
            await db.start(Situation())
            assert await db.probe() is State.UP
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, signal.SIGKILL)
        await until(lambda: not Path(f"/proc/{pid}/environ").exists())
        with pytest.raises(CheckFailed):
            await db.check()
        await db.start(Situation())
        for _twice in range(2):
            await db.stop()
            assert await db.probe() is State.DOWN

    asyncio.run(main())


def script(directory: Path, scopes: Any, body: str) -> lsb.Lsb:
    path = directory / "worker"
    path.write_text(f"#!/bin/sh\ncd {directory}\ncase $1 in\n{body}\nesac\n", encoding="utf-8")
    path.chmod(0o755)
    settings = ResourceSettings("worker", "lsb", (), 5, 5, lsb.Options("worker", "shop-worker"))
    return lsb.Lsb(settings, scopes, directory)


def test_an_lsb_script_is_trusted_as_far_as_its_status(tmp_path: Path, scopes: Scopes) -> None:
    good = script(
        tmp_path,
        scopes,
        "start) env >env; touch up;;\nstop) rm -f up;;\nstatus) [ -e up ] || exit 3;;",
    )

    async def main() -> None:
        assert await good.probe() is State.DOWN
        await good.prepare(Situation())
        await good.start(Situation())
        assert await good.probe() is State.UP
        await good.check()
        await good.stop()
        assert await good.probe() is State.DOWN
        with pytest.raises(CheckFailed, match="lsb:worker: status ended with 3"):
            await good.check()

    asyncio.run(main())
    assert scopes.calls[0][1][0] == "failover-shop-worker.scope"
    assert "SYSTEMCTL_SKIP_REDIRECT=1" in (tmp_path / "env").read_text().splitlines()
    lying = script(tmp_path, scopes, "stop) exit 0;;\nstatus) exit 0;;")
    with pytest.raises(ResourceError, match="still runs after its stop"):
        asyncio.run(lying.stop())
    unknown = script(tmp_path, scopes, "status) exit 4;;")
    with pytest.raises(ResourceError, match="status ended with 4"):
        asyncio.run(unknown.probe())
    (tmp_path / "worker").unlink()
    assert asyncio.run(unknown.probe()) is State.DOWN
    asyncio.run(unknown.stop())
