# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverd, asked by its socket and its own command line tool."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ._base import Engine, Refused, Run, said_ready
from ._marks import marks

SOCKET = "/run/failoverd/control.sock"
CONFIGURATION = "/etc/failoverd/cluster.json"
KEY = "/etc/failoverd/key"
LAST_GOOD = "/var/lib/failoverd/last-good.json"
"""The daemon's copy of the files that it accepted last."""
TOOL = "/usr/sbin/failoverctl"
MISSING = 127
"""Exit status of env for a program that is not there."""
ANSWER_S = 20.0


class Agent(Engine):
    """The daemon of this node. It knows one other node, its peer."""

    name = "agent"
    process = ("/usr/lib/failoverd/start.py", "failoverd")

    def running(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(5)
            try:
                client.connect(SOCKET)
            except OSError:
                return False
        return True

    def services(self) -> list[str]:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(ANSWER_S)
            try:
                client.connect(SOCKET)
            except OSError:
                return []
            try:
                client.sendall(b'{"op": "status"}\n')
                with client.makefile("rb") as stream:
                    answer = json.loads(stream.readline())
                return sorted(
                    str(item["name"])
                    for item in answer["status"]["services"]
                    if not item.get("retired") or item.get("local") != "stopped"
                )
            except (OSError, ValueError, KeyError, TypeError) as error:
                reason = f"{type(error).__name__}: {error}"
                raise RuntimeError(f"failoverd does not say what it manages: {reason}") from None

    def configured(self) -> dict[str, dict[str, Any]]:
        try:
            with open(CONFIGURATION, encoding="utf-8") as handle:
                found = json.load(handle)
            return {str(item["name"]): _parts(item["resources"]) for item in found["services"]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            # Nothing is known of it then; the daemon tells what is wrong with the file.
            return {}

    def status(self, run: Run) -> dict[str, Any]:
        code, out, _err = _tool(run, "status", "--json")
        if code != 0:
            return {}
        told: dict[str, Any] = json.loads(out)
        if told.get("engine", self.name) != self.name:
            return {}  # The same program tells of another engine, which is asked itself.
        peer = told.get("peer", {})
        name = str(peer.get("name", ""))
        return {
            **told,
            "nodes": sorted(node for node in (told.get("node", ""), name) if node),
            "silent": [name] if peer.get("life") != "alive" else [],
        }

    def switchover(self, run: Run, service: str, to: str, wait_s: int) -> float:
        return _seconds(_must(run, "switchover", service, "--to", to, "--json", "--wait", wait_s))

    def maintenance(self, run: Run, on: bool) -> None:
        _must(run, "maintenance", "on" if on else "off")

    def standby(self, run: Run, node: str, on: bool) -> None:
        _must(run, "standby" if on else "online", node)

    def ready(self, run: Run) -> dict[str, Any]:
        return said_ready(*_tool(run, "ready", "--json"))

    def availability(self, run: Run, since: str, target: float) -> dict[str, Any]:
        out = _must(run, "availability", "--json", "--since", since, "--target", target)
        try:
            told: dict[str, Any] = json.loads(out)
        except ValueError:
            raise Refused(f"failoverctl says {out[:200]!r}, which is no account.") from None
        return told

    def support(self, run: Run) -> dict[str, Any]:
        out = _must(run, "support", "--json")
        try:
            told: dict[str, Any] = json.loads(out)
        except ValueError:
            raise Refused(f"failoverctl says {out[:200]!r}, which names no archive.") from None
        return told

    def keys(self, run: Run) -> dict[str, list[str]]:
        running = self.status(run).get("heartbeats", {}).get("keys")
        if running is None:
            raise Refused("failoverd does not tell its keys; run the playbook site first.")
        return {"failoverd": running, KEY: _of_file(KEY), LAST_GOOD: _of_copy(LAST_GOOD)}

    def confirm_fenced(self, run: Run, node: str, who: str) -> str:
        # Who answers for it is written down; the account on the node says less.
        return _must(run, "confirm-fenced", node, who=who).strip()


ENGINE = Agent()


def _of_file(path: str) -> list[str]:
    try:
        return marks(Path(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return []


def _of_copy(path: str) -> list[str]:
    try:
        return marks(json.loads(Path(path).read_text(encoding="utf-8"))["key"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def _parts(resources: list[dict[str, Any]]) -> dict[str, Any]:
    mounts = [str(item["path"]) for item in resources if item.get("type") == "filesystem"]
    units = [str(item["unit"]) for item in resources if item.get("type") == "unit"]
    return {"mount": (mounts or [""])[0], "units": units}


def _tool(run: Run, *arguments: object, who: str = "") -> tuple[int, str, str]:
    """Run failoverctl; a node without it has none that could answer."""
    person = [f"SUDO_USER={who}"] if who else []
    argv: Sequence[str] = ["/usr/bin/env", *person, TOOL, *(str(word) for word in arguments)]
    return run(argv)


def _must(run: Run, *arguments: object, who: str = "") -> str:
    """Return what failoverctl says. Raises Refused."""
    code, out, err = _tool(run, *arguments, who=who)
    if code == MISSING:
        raise Refused("failoverd is not installed on this node.")
    if code != 0:
        raise Refused(" ".join((err or out).split()))
    return out


def _seconds(out: str) -> float:
    """The seconds that failoverctl measured."""
    try:
        return float(json.loads(out)["seconds"])
    except (ValueError, KeyError, TypeError):
        raise Refused(f"failoverctl says {out[:200]!r}, which tells no seconds.") from None
