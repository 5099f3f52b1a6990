# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page of each host, as other hosts see it: TLS, a token, and the whole cluster."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from typing import Any

import pytest
from testinfra.host import Host

PORT = 9820
LIMIT_S = 60.0


class Page:
    """The page of one host."""

    def __init__(self, host: Host, given: dict[str, Any]) -> None:
        self.host = host
        self._given = given["failover_page"]
        self._address = self._given["listen"][host.backend.hostname]
        certificate = host.file(self._given["certificate"]).content_string
        self._context = ssl.create_default_context(cadata=certificate)

    def ask(self, path: str, token: str | None = None, scheme: str = "https") -> tuple[int, str]:
        """Code and text of an answer; 0 if there is none."""
        words = self._given["token"] if token is None else token
        headers = {"Authorization": f"Bearer {words}"} if words else {}
        url = f"{scheme}://{self._address}:{PORT}{path}"
        request = urllib.request.Request(url, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20, context=self._context) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)


@pytest.fixture
def page(host: Host, variables: dict[str, dict[str, Any]]) -> Page:
    return Page(host, variables[host.backend.hostname])


@pytest.fixture
def pages(hosts: list[Host], variables: dict[str, dict[str, Any]]) -> list[Page]:
    return [Page(host, variables[host.backend.hostname]) for host in hosts]


def test_others_see_it_with_the_token_over_tls_alone(page: Page) -> None:
    for path in ("/", "/metrics", "/api/status"):
        code, said = page.ask(path)
        assert (code, "shop" in said) == (200, True), path
        for wrong in ("", "another-word-of-that-length"):
            code, said = page.ask(path, wrong)
            assert (code, "shop" in said) == (401, False), path
    assert page.ask("/", scheme="http")[0] == 0


def test_its_process_has_an_account_of_its_own_and_no_secret(page: Page) -> None:
    host = page.host
    unit = host.service("failover-page.service")
    assert unit.is_running and unit.is_enabled
    pid = host.check_output("systemctl show --property=MainPID --value failover-page.service")
    assert host.check_output(f"ps -o user= -p {pid}").strip() == "failover-page"
    assert host.file("/etc/failover-page").mode == 0o700
    for file in ("/etc/failover-page/token", "/etc/failover-page/page.json"):
        assert (host.file(file).mode, host.file(file).user) == (0o600, "root")
    token = host.file("/etc/failover-page/token").content_string
    assert token not in host.check_output("journalctl --no-pager --unit=failover-page.service")


def test_the_pages_of_both_hosts_show_the_same_of_both(pages: list[Page]) -> None:
    """But for what moves on between two looks: the ages."""
    end = time.monotonic() + LIMIT_S
    while True:
        told = [json.loads(page.ask("/api/status")[1])["status"] for page in pages]
        shown = [
            [{**one, "age_s": 0} for one in status["reports"] if one["age_s"] is not None]
            for status in told
        ]
        owners = [[(one["name"], one["owner"]) for one in status["services"]] for status in told]
        if shown[0] == shown[1] and len(shown[0]) == 2 and owners[0] == owners[1]:
            break
        assert time.monotonic() < end, (shown, owners)
        time.sleep(0.5)
    assert all(one["services"] for one in shown[0])


def test_the_account_of_availability_reaches_the_page(page: Page) -> None:
    end = time.monotonic() + 3 * LIMIT_S
    while "failover_service_availability_ratio{" not in page.ask("/metrics")[1]:
        log = page.host.run("journalctl --no-pager -n 20 -u failover-page-record.service").stdout
        assert time.monotonic() < end, log
        time.sleep(1)
