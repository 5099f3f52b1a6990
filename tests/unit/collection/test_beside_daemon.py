# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules may do beside a daemon that runs: everything for services it does not know."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.failover.cluster.plugins.module_utils._engines import agent

from failoverd.control.server import ControlServer
from failoverd.system.aside import aside

from .modules import run


@pytest.fixture
def beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Calls something beside a daemon's real control socket that answers this."""
    monkeypatch.setattr(agent, "SOCKET", str(tmp_path / "control.sock"))

    def called(answer: dict[str, Any], work: Any) -> Any:
        async def answered(request: dict[str, Any], uid: int) -> dict[str, Any]:
            assert request == {"op": "status"}
            return answer

        async def main() -> Any:
            server = ControlServer(tmp_path, answered)
            await server.open()
            try:
                return await aside(work)
            finally:
                server.close()

        return asyncio.run(main())

    return called


def status(*names: str) -> dict[str, Any]:
    return {"ok": True, "status": {"services": [{"name": name} for name in names]}}


@pytest.mark.finding("S29")
def test_the_daemon_says_which_services_it_manages(beside):
    assert agent.ENGINE.services() == []
    assert beside(status("shop", "mail"), agent.ENGINE.services) == ["mail", "shop"]
    with pytest.raises(RuntimeError, match="failoverd does not say what it manages"):
        beside({"ok": False}, agent.ENGINE.services)


@pytest.mark.finding("S29")
@pytest.mark.parametrize(("service", "refused"), [("shop", True), ("mail", False)])
def test_only_a_filesystem_that_the_daemon_manages_is_left_alone(beside, service, refused):
    def opened() -> dict[str, Any]:
        return run(
            "shared_filesystem",
            service=service,
            device="/dev/does-not-exist",
            path="/srv/does-not-exist",
            state="opened",
        )

    said = beside(status("shop"), opened)["msg"]
    words = "the cluster manages service shop, and its filesystem with it."
    assert (words in said) == refused
    assert ("/dev/does-not-exist does not exist" in said) != refused
