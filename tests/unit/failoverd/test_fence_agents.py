# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A parameter that its fence agent would ignore is refused before the day of the failover."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failoverd import cli
from failoverd.fencing import agents, metadata, stonith
from failoverd.fencing.settings import FencingSettings

Script = Callable[[str, str], str]


def parameter(name: str, kind: str, *more: str, **given: str) -> str:
    """One entry as the library of fence-agents prints it."""
    default = f' default="{given.pop("default")}"' if "default" in given else ""
    words = "".join(f' {key}="{value}"' for key, value in given.items())
    options = "".join(f'<option value="{choice}" />' for choice in more)
    return (
        f'<parameter name="{name}" unique="0"{words}>'
        f'<content type="{kind}"{default}>{options}</content></parameter>'
    )


PARAMETERS = (
    parameter("action", "string", required="1", default="reboot"),
    parameter("auth", "select", "md5", "none", required="0"),
    parameter("ip", "string", required="1", obsoletes="ipaddr"),
    parameter("ipaddr", "string", required="1", deprecated="1"),
    parameter("lanplus", "boolean", required="0"),
    parameter("password", "string", required="0", obsoletes="passwd"),
    parameter("passwd", "string", required="0", deprecated="1"),
    parameter("password_script", "string", required="0"),
    parameter("pin", "password", required="0"),
    parameter("power_wait", "second", required="0", default="0"),
    parameter("ipport", "integer", required="0", default="623"),
    parameter("vmtype", "string", required="1", default="qemu"),
)
ACTIONS = '<action name="on" automatic="0"/><action name="off"/><action name="status"/>'


def xml(actions: str = ACTIONS) -> str:
    return (
        '<?xml version="1.0" ?>\n<resource-agent name="fence_x" shortdesc="x">'
        f"<parameters>{''.join(PARAMETERS)}</parameters><actions>{actions}</actions>"
        "</resource-agent>"
    )


KNOWN = metadata.parse(xml())
GOOD = {"ip": "10.0.0.2", "password": "s3cret", "lanplus": "1"}


@pytest.mark.parametrize(
    "given",
    [
        GOOD,
        {"ipaddr": "10.0.0.2", "passwd": "s3cret"},
        {**GOOD, "password_script": "/etc/failoverd/password"},
        {**GOOD, "lanplus": "Yes"},
        {**GOOD, "power-wait": "3"},
        {**GOOD, "auth": "MD5", "action": "off", "nodename": "node2"},
    ],
)
def test_what_the_agent_takes_is_taken(given: dict[str, str]) -> None:
    assert metadata.wrong(KNOWN, given) == ("", "")


@pytest.mark.parametrize(
    ("given", "name", "rule"),
    [
        ({"lanpluss": "1"}, "lanpluss", "is unknown to it; lanplus may be meant"),
        ({"lanplus": "maybe"}, "lanplus", "must be true or false, not 'maybe'"),
        ({"power_wait": "3s"}, "power_wait", "must be a whole number, not '3s'"),
        ({"ipport": "6.23"}, "ipport", "must be a whole number, not '6.23'"),
        ({"auth": "sha"}, "auth", "must be one of md5, none, not 'sha'"),
        ({"ip": None}, "ip", "is missing, and the agent requires it"),
    ],
)
def test_what_the_agent_would_ignore_or_miss_is_said(
    given: dict[str, str | None], name: str, rule: str
) -> None:
    both = {**GOOD, **given}
    said = metadata.wrong(KNOWN, {key: value for key, value in both.items() if value is not None})
    assert said == (name, rule)


def test_an_unknown_name_without_a_near_one_is_told_what_there_is() -> None:
    _name, rule = metadata.wrong(KNOWN, {**GOOD, "pcmk_host_map": "a:1"})
    assert rule.startswith("is unknown to it; it has action, auth, ")


def test_the_value_of_a_secret_is_not_shown() -> None:
    choices = '<parameter name="token"><content type="boolean" /></parameter>'
    known = metadata.parse(xml().replace("</parameters>", f"{choices}</parameters>"))
    assert metadata.wrong(known, {**GOOD, "token": "s3cret"}) == ("token", "must be true or false")


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("password", True),
        ("passwd", True),
        ("passwd_script", True),
        ("snmp_priv_passwd", True),
        ("token", True),
        ("secret_key", True),
        ("apikey", True),
        ("hexadecimal_kg", True),
        ("community", True),
        ("pin", True),
        ("ip", False),
        ("username", False),
        ("plug", False),
        ("port", False),
    ],
)
def test_secrets_are_known_by_their_name_or_their_type(name: str, secret: bool) -> None:
    known = KNOWN.parameters.get(name) or metadata.Parameter(name, "string", False)
    assert known.secret is secret


@pytest.mark.parametrize("text", ["", "Traceback", "<resource-agent name='x'>"])
def test_a_text_that_is_no_metadata_is_none(text: str) -> None:
    with pytest.raises(metadata.MetadataError, match="prints no metadata"):
        metadata.parse(text)


def test_an_agent_whose_off_cannot_be_verified_is_no_protection() -> None:
    assert "has no action status" in metadata.unfit(
        metadata.parse(xml('<action name="on"/><action name="off"/>'))
    )
    fabric = ACTIONS.replace('automatic="0"', 'automatic="1"')
    assert "leaves it running" in metadata.unfit(metadata.parse(xml(fabric)))
    assert metadata.unfit(KNOWN) == ""


def method(agent: str, **peer: str) -> FencingSettings:
    targets = {"node1": GOOD, "node2": {**GOOD, **peer}}
    return FencingSettings("bmc", "stonith", agent, 20.0, targets)


def ask(settings: FencingSettings, limit_s: float = 20.0) -> str:
    return asyncio.run(agents.problem((settings,), limit_s))


def answers(text: str) -> str:
    return f'cat > "$0.stdin"; echo "$*" >> "$0.argv"\ncat <<\'END\'\n{text}\nEND\n'


def test_a_sound_method_passes_and_nothing_secret_is_handed_over(
    script: Script, tmp_path: Path
) -> None:
    assert ask(method(script("fence_x", answers(xml())))) == ""
    assert (tmp_path / "fence_x.stdin").read_text() == "action=metadata\n"
    assert (tmp_path / "fence_x.argv").read_text() == "\n"


def test_what_one_device_has_wrong_names_its_node(script: Script) -> None:
    agent = script("fence_x", answers(xml()))
    assert ask(method(agent, lanpluss="1")) == (
        "fencing bmc: parameter lanpluss of node node2: is unknown to it; lanplus may be meant"
        f" ({agent})."
    )


def test_an_agent_that_is_absent_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stonith, "DIRECTORIES", ("/nowhere",))
    assert ask(method("fence_apc_snmp")) == (
        "fencing bmc: /nowhere/fence_apc_snmp is not there; install the package fence-agents"
        " (or fence-agents-apc-snmp)."
    )


def test_an_agent_that_knows_it_on_its_command_line_only(script: Script) -> None:
    body = f"[ \"$2\" = metadata ] || exit 1\ncat <<'END'\n{xml()}\nEND\n"
    assert ask(method(script("fence_x", body))) == ""


def test_an_agent_that_breaks_says_why(script: Script) -> None:
    agent = script("fence_x", "cat > /dev/null; echo 'No module named pexpect' >&2; exit 1")
    assert "prints no metadata but: No module named pexpect" in ask(method(agent))


def test_an_agent_that_hangs_is_ended(script: Script, tmp_path: Path) -> None:
    agent = script("fence_x", f"echo $$ >> {tmp_path}/pid; exec sleep 600")
    assert "no answer within 1 s" in ask(method(agent), 1.0)
    [pid] = (tmp_path / "pid").read_text().split()
    assert not Path(f"/proc/{pid}").exists()


def test_failoverctl_check_asks_the_agents(
    script: Script, cluster: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster["fencing"][0]["agent"] = script("fence_x", answers(xml()))
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "key").write_text("ab" * 32)
    (etc / "fencing.json").write_text(json.dumps({"bmc": {"password": "s3cret"}}))
    cluster["fencing"][0]["parameters"] = {"lanplus": True}
    (etc / "cluster.json").write_text(json.dumps(cluster))
    assert cli.main(["check", str(etc)]) == 0
    capsys.readouterr()
    cluster["fencing"][0]["parameters"] = {"lanplus": "s", "power_wait": 2}
    (etc / "cluster.json").write_text(json.dumps(cluster))
    assert cli.main(["check", str(etc)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"failoverctl: {etc}/cluster.json: fencing bmc: parameter lanplus: must")
    assert "s3cret" not in said
