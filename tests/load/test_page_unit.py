# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as its unit runs it, in a container: who sees it, and what its process may do.

make show WHAT=see runs it. The daemon's own status socket tells a played status.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.containers.page_room import (
    ADDRESS,
    CERTIFICATE,
    PORT,
    SETTINGS,
    SOCKETS,
    TOKEN,
    UNIT,
    USER,
    asked,
    inside,
    raised,
)

LIMIT_S = 300.0
ASK = """
import ssl, sys, urllib.error, urllib.request as web
url, token, trusted = sys.argv[1:]
request = web.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
try:
    context = ssl.create_default_context(cafile=trusted)
    with web.urlopen(request, timeout=60, context=context) as answer:
        print(answer.status, answer.read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
except OSError as error:
    print(0, error)
"""
SECRETS = ("/etc/failoverd", "/var/lib/failoverd", SETTINGS, "/etc/ssl/private")


@pytest.fixture(scope="module", autouse=True)
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with raised(tmp_path_factory.mktemp("page")):
        until(lambda: ask("/healthz")[0] == 200)
        yield


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > end:
            log = inside("journalctl", "--unit", UNIT, "--unit", "played", "--no-pager")
            raise AssertionError(f"it answers {ask('/healthz')}\n{log}")
        time.sleep(0.5)


def ask(path: str, token: str = TOKEN, scheme: str = "https") -> tuple[int, str]:
    """The code and the text of an answer; code 0 if there is none."""
    url = f"{scheme}://{ADDRESS}:{PORT}{path}"
    code, _space, said = inside("python3", "-c", ASK, url, token, CERTIFICATE).partition(" ")
    return int(code), said


def main_pid() -> str:
    return inside("systemctl", "show", UNIT, "--property=MainPID", "--value").strip()


def where_it_is(*command: str) -> bool:
    """Whether a command succeeds, run by root in the mount namespace of the page."""
    return asked("nsenter", "-t", main_pid(), "-m", "--", *command).returncode == 0


def test_its_process_has_no_privileges() -> None:
    lines = inside("cat", f"/proc/{main_pid()}/status").splitlines()
    seen = {name: value.strip() for name, _colon, value in (one.partition(":") for one in lines)}
    for kind, option in (("Uid", "-u"), ("Gid", "-g")):
        assert set(seen[kind].split()) == {inside("id", option, USER).strip()} != {"0"}
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(seen[name], 16) == 0, name
    assert (seen["NoNewPrivs"], seen["Seccomp"]) == ("1", "2")


def test_it_writes_nothing_and_reads_no_secret() -> None:
    own = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups")
    for directory in ("/etc", "/usr/lib/failover-page", "/var/lib"):
        assert where_it_is("test", "-d", directory)
        # Not even with the rights of root.
        assert not where_it_is("touch", f"{directory}/written"), directory
    assert where_it_is(*own, "ls", SOCKETS)
    assert not where_it_is(*own, "touch", f"{SOCKETS}/written")
    for directory in SECRETS:
        inside("test", "-d", directory)
        assert not where_it_is(*own, "ls", directory), directory
    assert not where_it_is("cat", "/etc/failoverd/key")


def test_the_token_is_neither_in_its_words_nor_in_the_log() -> None:
    for name in ("cmdline", "environ"):
        assert TOKEN not in inside("cat", f"/proc/{main_pid()}/{name}")
    assert TOKEN not in inside("journalctl", "--no-pager")


def test_the_cluster_comes_first() -> None:
    pid = main_pid()
    assert inside("cat", f"/proc/{pid}/oom_score_adj").strip() == "900"
    assert inside("ps", "-o", "nice=", "-p", pid).strip() == "10"
    [files] = [
        line
        for line in inside("cat", f"/proc/{pid}/limits").splitlines()
        if line.startswith("Max open files")
    ]
    assert files.split()[3:5] == ["1024", "1024"]
    names = {
        "MemoryMax": str(256 << 20),
        "TasksMax": "32",
        "CPUQuotaPerSecUSec": "500ms",
        "CPUWeight": "10",
    }
    shown = inside("systemctl", "show", UNIT, f"--property={','.join(names)}").splitlines()
    assert dict(line.split("=", 1) for line in shown) == names


def test_other_hosts_see_it_with_the_token_over_tls_alone() -> None:
    for path, words in (("/", "shop"), ("/metrics", "failover_daemon_up"), ("/api/status", "shop")):
        code, said = ask(path)
        assert (code, words in said) == (200, True), path
        for wrong in ("", "another token of about that length"):
            code, said = ask(path, wrong)
            assert (code, words in said) == (401, False), path
    assert ask("/", scheme="http")[0] == 0
    [listening] = inside("ss", "-Hltn", "sport", "=", f":{PORT}").splitlines()
    assert f"{ADDRESS}:{PORT}" in listening


def test_a_killed_page_comes_back_while_the_daemon_goes_on() -> None:
    daemon = inside("systemctl", "show", "played", "--property=MainPID,NRestarts")
    before = main_pid()
    inside("kill", "-9", before)
    until(lambda: main_pid() not in ("0", before) and ask("/metrics")[0] == 200)
    assert "failover_daemon_up" in ask("/metrics")[1]
    assert inside("systemctl", "show", "played", "--property=MainPID,NRestarts") == daemon


def test_a_daemon_that_is_gone_makes_no_end_of_the_page() -> None:
    page = main_pid()
    inside("systemctl", "kill", "--signal=STOP", "played")
    until(lambda: ask("/healthz")[0] == 503)
    inside("systemctl", "kill", "--signal=CONT", "played")
    until(lambda: ask("/healthz")[0] == 200)
    assert main_pid() == page
