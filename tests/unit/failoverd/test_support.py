# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive for whoever looks for a fault: it is complete, it is bounded, it tells no secret."""

from __future__ import annotations

import base64
import json
import os
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from failoverd import cli
from failoverd.control.client import NotRunning
from failoverd.core.events import ResourceFailed
from failoverd.formats.codec import to_json
from failoverd.journal.lines import core_digest
from failoverd.journal.replay import replay
from failoverd.support import collect as collecting
from failoverd.support import commands as running
from failoverd.support.collect import collect
from failoverd.support.commands import Commands
from failoverd.support.places import Places
from failoverd.support.redact import HIDDEN, redactor, spellings

from .conftest import CLUSTER
from .test_replay import Life

KEY, OLD_KEY = "ab" * 32, "cd" * 32
BMC = 'bmc "pa\\ss" w\u00f6rd&1'
"""With everything that JSON, URLs and shells write in another way."""
SECRETS = {
    "key": KEY,
    "old key": OLD_KEY,
    "fence device": BMC,
    "webhook": "https://hooks.example/T0/B1/xyzzy42",
    "database": "db-Secret-9431",
    "drbd": "drbdsharedsecret7788",
    "unit": "unit-env-5512",
    "unit file": "env-file-6623",
    "ocf": "ocf-param-7734",
    "command": "argv-word-8845",
    "former": "former-one-9956",
}
LOGGED = "only-in-the-log-1067"
"""Nothing on the node but a careless program knows it."""
TOOL = """#!/bin/sh
case "$(basename $0) $*" in
"systemctl show -p Environment"*) echo 'Environment=A=1 "DB_PASSWORD={unit}" B=2'
  echo 'EnvironmentFiles={file} (ignore_errors=no)' ;;
"systemctl show"*) echo Id=db.service; echo ActiveState=active ;;
"journalctl -u"*) /bin/cat {log} ;;
"journalctl -k"*) echo 'kernel: drbd shop: conn( Connected )' ;;
"drbdsetup show"*) echo 'resource shop {{ net {{ shared-secret "{drbd}"; }} }}' ;;
*) echo "$(basename $0) $*" ;;
esac
"""


class Node:
    """The files of a node in a directory, and tools that answer."""

    def __init__(self, path: Path) -> None:
        self.places = Places(path / "etc/failoverd", path / "var", path)
        self.tools = path / "tools"
        for folder in (self.places.etc, self.places.state / "journal", path / "etc/drbd.d"):
            folder.mkdir(parents=True)
        (path / "etc/failover/shop").mkdir(parents=True)
        self.tools.mkdir()
        self._configure(path)
        self._log(path)

    def _configure(self, path: Path) -> None:
        s = SECRETS
        cluster = json.loads(json.dumps(CLUSTER))
        ocf: dict[str, Any] = {"name": "app", "type": "ocf", "agent": "heartbeat:nginx"}
        ocf["parameters"] = {"db_password": s["ocf"], "port": 80}
        cluster["services"][0]["resources"].append(ocf)
        command = ["/usr/local/bin/tell", "--token", s["command"]]
        cluster["notifications"] = [{"name": "sms", "method": "command", "command": command}]
        files = {
            "cluster.json": json.dumps(cluster),
            "key": f"{KEY}\n{OLD_KEY}\n",
            "fencing.json": json.dumps({"bmc": {"passwd": BMC}}),
            "notifications.json": json.dumps({"hook": {"url": s["webhook"]}}),
            "secrets.json": json.dumps({"postgresql-shop": s["database"], "drbd-shop": s["drbd"]}),
        }
        for name, text in files.items():
            (self.places.etc / name).write_text(text)
        former = {"fencing.json": json.dumps({"bmc": {"passwd": s["former"]}}), "key": KEY}
        (self.places.state / "last-good.json").write_text(json.dumps(former))
        (path / "etc/drbd.d/shop.res").write_text(
            f'resource "shop" {{\n net {{\n  shared-secret "{s["drbd"]}";\n  protocol C;\n }}\n}}\n'
        )
        (path / "etc/drbd.conf").write_text('include "drbd.d/*.res";\n')
        ini = f"[database]\nhost = /run/pg\npassword = {s['database']}\n"
        (path / "etc/failover/shop/database.ini").write_text(ini)
        (path / "environment").write_text(f"API_TOKEN={s['unit file']}\nLANG=C\n")

    def _log(self, path: Path) -> None:
        lines = [f"db[1]: connecting with {name} {value}" for name, value in SECRETS.items()]
        lines += [f"db[1]: url {quote(v, safe='')} json {json.dumps(v)}" for v in SECRETS.values()]
        lines += [f"db[1]: {base64.b64encode(v.encode()).decode()}" for v in SECRETS.values()]
        lines += [
            f"app[2]: login failed: password={LOGGED}, again in 5 s",
            f'app[2]: {{"user": "x", "Token": "{LOGGED}"}}',
            f"app[2]: GET https://admin:{LOGGED}@db.example/x",
            f"app[2]: run psql --password {LOGGED} -h db",
            f"app[2]: Authorization: Bearer {LOGGED}",
            f"app[2]: -----BEGIN RSA PRIVATE KEY-----\n{LOGGED}\n-----END RSA PRIVATE KEY-----",
            "app[2]: ready to serve",
        ]
        log = path / "log"
        log.write_text("\n".join(lines) + "\n")
        history = [
            {"code": "fence-end", "text": f"bmc: bad answer: {value}"} for value in SECRETS.values()
        ]
        (self.places.state / "history.jsonl").write_text(
            "".join(json.dumps(entry) + "\n" for entry in history)
        )
        text = TOOL.format(
            unit=SECRETS["unit"], file=path / "environment", log=log, drbd=SECRETS["drbd"]
        )
        names = {argv[0] for argv in collecting.TOLD.values()} | {"systemctl", "journalctl"}
        for name in names:
            tool = self.tools / name
            tool.write_text(text)
            tool.chmod(0o755)


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    result = Node(tmp_path)
    path = f"{result.tools}:/usr/bin:/bin"
    monkeypatch.setattr(running, "ENVIRONMENT", {**running.ENVIRONMENT, "PATH": path})
    monkeypatch.setenv("PATH", path)

    def ask(request: dict[str, Any], limit_s: float) -> dict[str, Any]:
        if request["op"] == "status":
            warning = f"notification hook: {SECRETS['webhook']} refuses"
            return {"ok": True, "status": {"node": "node1", "warnings": [warning]}}
        return {"ok": True, "asked": request["op"], "detail": BMC}

    monkeypatch.setattr(collecting, "ask", ask)
    return result


def contents(path: Path) -> dict[str, str]:
    with tarfile.open(path) as tar:
        return {
            entry.name: (tar.extractfile(entry) or tar).read().decode()  # type: ignore[union-attr]
            for entry in tar.getmembers()
        }


def test_no_secret_of_the_node_is_in_the_archive_however_it_is_written(
    node: Node, tmp_path: Path
) -> None:
    collect(tmp_path / "x.tar.gz", node.places, 64 << 20)
    found = contents(tmp_path / "x.tar.gz")
    told = [
        (name, what)
        for name, text in found.items()
        for what, value in {**SECRETS, "logged": LOGGED}.items()
        for form in spellings(value)
        if form in text
    ]
    assert told == []
    assert HIDDEN in found["node1/log/db.service"], "the log is there"
    assert HIDDEN in found["node1/drbd/shop.res"]


def test_what_helps_is_in_the_archive(node: Node, tmp_path: Path) -> None:
    told = collect(tmp_path / "x.tar.gz", node.places, 64 << 20)
    found = contents(tmp_path / "x.tar.gz")
    manifest = json.loads(found["node1/manifest.json"])
    assert (manifest["cluster"], manifest["node"]) == ("shop", "node1")
    assert set(manifest["files"]) | {"manifest.json"} == {
        name.removeprefix("node1/") for name in found
    }
    assert told["files"] == manifest["files"]
    assert "app[2]: ready to serve" in found["node1/log/db.service"]
    assert "Connected" in found["node1/log/kernel"]
    assert "protocol C;" in found["node1/drbd/shop.res"]
    assert json.loads(found["node1/status.json"])["node"] == "node1"
    config = json.loads(found["node1/config/cluster.json"])
    assert config["services"][0]["resources"][-1]["parameters"] == {
        "db_password": HIDDEN,
        "port": 80,
    }
    assert config["notifications"][0]["command"] == ["/usr/local/bin/tell", "--token", HIDDEN]
    assert "-rw" in found["node1/config/files"] and " key\n" in found["node1/config/files"]
    history = found["node1/history.jsonl"].splitlines()
    assert len(history) == len(SECRETS) and all(json.loads(line) for line in history)


def test_the_archive_is_for_its_owner_alone_and_never_half_written(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.tar.gz"
    mask = os.umask(0)
    try:
        collect(path, node.places, 64 << 20)
    finally:
        os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()

    def broken(*_arguments: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(collecting, "_history", broken)
    with pytest.raises(OSError, match="No space"):
        collect(path, node.places, 64 << 20)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.glob(".x*")] == []


def test_an_archived_journal_replays_and_its_state_answers_questions(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    life = Life(node.places.state).whole()
    reason = f"{BMC}: password={LOGGED}; {SECRETS['database']}"
    life.feed(ResourceFailed("shop", "db", reason))
    original = life.file()
    assert LOGGED in original.read_text()
    saved = {"format": 1, "core": core_digest(), "now": life.now, "state": to_json(life.state)}
    monkeypatch.setattr(collecting, "ask", lambda request, limit_s: {"ok": True, **saved})
    collect(tmp_path / "x.tar.gz", node.places, 64 << 20)
    with tarfile.open(tmp_path / "x.tar.gz") as tar:
        tar.extractall(tmp_path / "out", filter="data")
    archived = tmp_path / "out/node1/journal" / original.name
    assert HIDDEN in archived.read_text() and LOGGED not in archived.read_text()
    assert replay(archived).decisions == replay(original).decisions
    assert cli.main(["replay", str(archived.parent)]) == 0
    assert "identical" in capsys.readouterr().out
    for source in (tmp_path / "out/node1/state.json", archived):
        assert cli.main(["whatif", "--state", str(source), "node1 loses power"]) == 0
        assert "shop runs" in capsys.readouterr().out


def test_the_limit_keeps_the_newest_segments_and_names_the_others(
    node: Node, tmp_path: Path
) -> None:
    small = sum(collect(tmp_path / "x.tar.gz", node.places, 64 << 20)["files"].values())
    for number in range(1, 6):
        path = node.places.state / f"journal/{number:010d}.jsonl"
        path.write_text("x" * 50_000 + "\n")
    told = collect(tmp_path / "x.tar.gz", node.places, small + 120_000)
    assert [name for name in told["files"] if name.startswith("journal/")] == [
        "journal/0000000005.jsonl",
        "journal/0000000004.jsonl",
    ]
    assert "journal/0000000001.jsonl" in told["left_out"]
    assert "manifest.json" in str(contents(tmp_path / "x.tar.gz").keys())


def test_a_command_that_hangs_or_floods_costs_a_limited_time_and_room(
    script: Callable[[str, str], str],
) -> None:
    commands = Commands(time.monotonic() + 600, each_s=0.2, most=1000)
    hangs = commands.run(script("hangs", "echo begun; exec sleep 600"))
    assert hangs == "begun\n(it did not end in time)\n"
    flood = Commands(time.monotonic() + 600, most=1000).run(script("flood", "yes secret-word"))
    assert len(flood) < 1100
    assert flood.splitlines()[-1] == "(the rest is left out after 1000 bytes)"
    assert set(flood.splitlines()[:-1]) == {"secret-word"}, "no line is cut"
    assert "cannot run" in commands.run("/none/tool")
    assert "the time for the whole archive was over" in Commands(0.0).run("/bin/true")


def test_a_node_without_daemon_and_without_configuration_gives_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(request: dict[str, Any], limit_s: float) -> dict[str, Any]:
        raise NotRunning("failoverd does not answer")

    monkeypatch.setattr(collecting, "ask", ask)
    monkeypatch.setattr(collecting, "TOLD", {"system/uname": ("uname", "-a")})
    places = Places(tmp_path / "etc", tmp_path / "state", tmp_path)
    told = collect(tmp_path / "x.tar.gz", places, 64 << 20)
    found = contents(tmp_path / "x.tar.gz")
    folder = told["node"]
    assert "does not answer" in found[f"{folder}/status.json"]
    assert "Linux" in found[f"{folder}/system/uname"]


@pytest.mark.parametrize(
    "line",
    [
        '{"t":1.5,"e":{"$":"OpDone","why":"password=x1y2z3, token: \\"abcd\\""}}',
        '{"token":5,"secret":null,"passwords":["a"],"x":"bearer of news"}',
        '{"a":"-----BEGIN PRIVATE KEY----- x -----END PRIVATE KEY-----"}',
    ],
)
def test_what_is_taken_out_leaves_json_valid(line: str) -> None:
    json.loads(redactor(["x1y2z3"])(line))


def test_a_short_or_common_word_is_not_hunted_everywhere() -> None:
    assert redactor(["on", "true", ""])("the true reason is on node1") == (
        "the true reason is on node1"
    )


def test_the_command_tells_where_it_is(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(collecting, "Places", lambda: node.places)
    assert cli.main(["support"]) == 0
    path = node.places.state / "support/support.tar.gz"
    assert str(path) in capsys.readouterr().out
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert cli.main(["support", str(tmp_path / "y.tar.gz"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == str(tmp_path / "y.tar.gz")
