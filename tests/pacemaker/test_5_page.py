# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml puts the status page on the nodes of a real cluster, with TLS and a token.

The tests follow each other, as days of one cluster. This host looks at the page of each node, as a
browser and Prometheus do.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lab.command import run
from tests.pacemaker import room
from tests.pacemaker.plays import Site

LIMIT_S = 240.0
PORT = 9820
TOKEN = "a-word-for-the-containers"
SHOP: dict[str, Any] = {
    "name": "shop",
    "preferred": "node1",
    "addresses": [f"{room.SUBNET}.100/24"],
    "applications": [{"ocf": "pacemaker:Dummy", "name": "one"}],
}
MAIL = {"name": "mail", "preferred": "node2", "addresses": [f"{room.SUBNET}.101/24"]}
CERTIFICATE, KEY = "/etc/ssl/certs/page.pem", "/etc/ssl/private/page.pem"
PAGE, TELLER = "failover-page.service", "failover-page-status.service"
ASK = ("crm_mon", "-1", "--output-as=xml")
LEFT = (
    "/etc/failover-page",
    "/usr/lib/failover-page",
    "/run/failoverd-page",
    "/etc/systemd/system/failover-page.service",
    "/etc/systemd/system/failover-page-status.socket",
    "/etc/systemd/system/failover-page-status.service",
)


class Pages:
    """The playbooks, and the pages of the nodes as other hosts see them."""

    def __init__(self, site: Site, trusted: Path) -> None:
        self.site = site
        self._context = ssl.create_default_context(cafile=str(trusted))

    def play(self, *words: str, exposed: bool = True) -> Any:
        """Run site.yml. exposed: with the page, for other hosts."""
        page = {"listen": room.NODES, "certificate": CERTIFICATE, "key": KEY, "token": TOKEN}
        given: dict[str, Any] = {"failover_services": [SHOP, MAIL]}
        return self.site.play(
            "site", *words, **given, **({"failover_page": page} if exposed else {})
        )

    def ask(self, node: str, path: str, token: str = TOKEN) -> tuple[int, str]:
        """Code and text of an answer; 0 if there is none."""
        url = f"https://{room.NODES[node]}:{PORT}{path}"
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(url, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30, context=self._context) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def metric(self, node: str, start: str) -> list[float]:
        """The values of the samples whose lines begin so."""
        lines = self.ask(node, "/metrics")[1].splitlines()
        return [float(line.rpartition(" ")[2]) for line in lines if line.startswith(start)]

    def status(self, node: str) -> dict[str, Any]:
        code, said = self.ask(node, "/api/status")
        told = json.loads(said) if code == 200 else {}
        return dict(told.get("status") or {}) if told.get("up") else {}

    def shared(self, node: str) -> dict[str, Any]:
        """What does not depend on who looks, or when."""
        told = self.status(node)
        found = {key: told.get(key) for key in ("reports", "exclusion", "standby", "maintenance")}
        for one in told.get("services", []):
            places = [(part["name"], part["state"], part["node"]) for part in one["resources"]]
            found[one["name"]] = (one["state"], one["owner"], places)
        return found

    def until(self, true: Callable[[], object]) -> None:
        end = time.monotonic() + LIMIT_S
        while not true():
            assert time.monotonic() < end, self._seen()
            time.sleep(0.5)

    def _seen(self) -> str:
        told = [self.ask(node, "/api/status")[1][:3000] for node in room.NODES]
        log = room.asked("node1", "journalctl", "-u", "failover-page*", "-n", "40")[1]
        return "\n".join([*told, log])

    def each(self, true: Callable[[str], object]) -> None:
        """Wait until it holds for every node."""
        self.until(lambda: all(true(node) for node in room.NODES))


@pytest.fixture(scope="module")
def pages(containers: None, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Two nodes without a cluster, with a certificate that this host trusts."""
    room.emptied()
    place = tmp_path_factory.mktemp("pages")
    site = Site(place)
    names = ",".join(f"IP:{address}" for address in room.NODES.values())
    key, certificate = place / "page.key", place / "page.pem"
    made = [*("openssl", "req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=page")]
    made += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    made += ["-addext", f"subjectAltName={names}", "-keyout", str(key), "-out", str(certificate)]
    run(made)
    for node in room.NODES:
        room.put(node, CERTIFICATE, certificate.read_text(encoding="utf-8"), "0644")
        room.inside(node, "mkdir", "-p", "/etc/ssl/private")
        room.put(node, KEY, key.read_text(encoding="utf-8"))
        # systemd hands credentials over by a mount that has to reach all namespaces. It shares its
        # root for that, but not in a container.
        room.inside(node, "mount", "--make-rshared", "/")
        # This network never comes online.
        room.inside(node, "systemctl", "mask", "systemd-networkd-wait-online.service")
    return Pages(site, certificate)


def test_the_playbook_installs_it_and_a_second_run_changes_nothing(pages: Pages) -> None:
    said = pages.play()
    assert said.code == 0, said.text
    assert TOKEN not in said.text
    pages.each(lambda node: pages.ask(node, "/healthz")[0] == 200)
    again = pages.play()
    assert (again.code, again.changed) == (0, 0), again.text


def test_other_hosts_see_it_with_the_token_over_tls_alone(pages: Pages) -> None:
    for node in room.NODES:
        for path in ("/", "/metrics", "/api/status"):
            code, said = pages.ask(node, path)
            assert (code, "shop" in said) == (200, True), path
            for wrong in ("", "another token of that length"):
                code, said = pages.ask(node, path, wrong)
                assert (code, "shop" in said) == (401, False), path
    with pytest.raises(OSError):
        urllib.request.urlopen(f"http://{room.NODES['node1']}:{PORT}/", timeout=30)


def test_both_pages_show_the_whole_cluster(pages: Pages) -> None:
    pages.until(lambda: pages.status("node2").get("health", {}).get("state") == "ok")
    pages.until(lambda: pages.shared("node1") == pages.shared("node2"))
    told = pages.shared("node1")
    assert [(one["name"], one["life"]) for one in told["reports"]] == [
        ("node1", "alive"),
        ("node2", "alive"),
    ]
    assert (told["shop"][:2], told["mail"][:2]) == (("running", "node1"), ("running", "node2"))
    said = pages.ask("node1", "/?lang=en")[1]
    for words in ("All is well", "As node1 sees it", "shop.application.one started on node1"):
        assert words in said, words
    assert pages.metric("node1", "failover_quorum{") == [1]
    assert pages.metric("node2", 'failover_service_role{cluster="shop",role="owner",serv') == [0, 1]
    assert pages.status("node1")["services"][0]["standby"]["node"] == "node2"


def test_who_serves_the_page_may_not_ask_pacemaker_and_who_asks_has_no_privilege(
    pages: Pages,
) -> None:
    groups = room.inside("node1", "id", "--name", "--groups", "failover-page").split()
    assert groups == ["failover-page"]
    own = ("setpriv", "--reuid=failover-page", "--regid=failover-page", "--clear-groups")
    assert room.asked("node1", *ASK)[0] == 0
    assert room.asked("node1", *own, *ASK)[0] != 0
    for unit, user in ((PAGE, "failover-page"), (TELLER, "hacluster")):
        pid = room.inside("node1", "systemctl", "show", unit, "--property=MainPID", "--value")
        lines = room.inside("node1", "cat", f"/proc/{pid.strip()}/status").splitlines()
        seen = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        uid = room.inside("node1", "id", "--user", user).strip()
        assert set(seen["Uid"].split()) == {uid} != {"0"}
        assert {int(seen[name], 16) for name in ("CapPrm", "CapEff", "CapBnd")} == {0}
        assert (seen["NoNewPrivs"], seen["Seccomp"]) == ("1", "2")


def ready(node: str, *words: str) -> tuple[int, dict[str, Any]]:
    """What failoverctl ready says there, and its exit status."""
    code, said, _err = room.asked(node, "failoverctl", "ready", "--json", *words)
    return code, json.loads(said)


def test_each_node_tells_whether_a_failover_would_succeed(pages: Pages) -> None:
    for node in room.NODES:
        code, told = ready(node)
        assert (code, told["level"]) == (0, "ok"), told
        for service in told["services"]:
            texts = {item["what"]: item["text"] for item in service["items"]}
            assert texts["exclusion"].endswith("is watched, and well")
            assert texts["standby"].startswith("Pacemaker would start it on ")
        assert [one["name"] for one in ready(node, "mail")[1]["services"]] == ["mail"]
        assert pages.status(node)["services"][0]["ready"]["level"] == "ok"
    assert ready("node1", "none")[0] == 3


def test_standby_and_maintenance_are_shown(pages: Pages) -> None:
    room.inside("node1", "failoverctl", "standby", "node2")
    room.inside("node1", "failoverctl", "maintenance", "on")
    code, told = ready("node2")
    assert (code, told["services"][0]["reason"]) == (2, "mode: maintenance mode is on")
    pages.each(lambda node: pages.metric(node, "failover_maintenance{") == [1])
    pages.each(lambda node: pages.status(node).get("standby") == ["node2"])
    said = pages.ask("node2", "/?lang=en")[1]
    assert "Maintenance mode is on." in said and "standby mode" in said
    room.inside("node1", "failoverctl", "maintenance", "off")
    room.inside("node1", "failoverctl", "online", "node2")
    pages.until(lambda: pages.shared("node1")["mail"][:2] == ("running", "node1"))
    pages.until(lambda: pages.status("node1")["standby"] == [])


def test_a_failure_counts_where_it_happened(pages: Pages) -> None:
    room.inside("node1", "sh", "-c", "rm /run/Dummy-failover.shop.application.one.state")
    sample = 'failover_resource_fail_count{cluster="shop",node="node1",resource="one"'
    pages.each(lambda node: pages.metric(node, sample))
    assert pages.metric("node1", 'failover_service_failed{cluster="shop",service="shop"') == [1]
    assert pages.metric("node2", 'failover_service_failed{cluster="shop",service="shop"') == [0]
    said = pages.ask("node2", "/?lang=en")[1]
    assert "node1: has failed 1 times" in said
    assert "shop.application.one failed on node1: monitor: not running" in said
    room.inside("node1", "crm_resource", "--cleanup")
    pages.until(lambda: not pages.metric("node2", sample))


def test_a_node_that_died_is_shown_as_fenced_and_its_services_where_they_went(
    pages: Pages,
) -> None:
    subprocess.run([*room.PODMAN, "kill", f"{room.NETWORK}-node2"], check=True, capture_output=True)
    pages.until(lambda: pages.shared("node1").get("mail", ("", ""))[:2] == ("running", "node1"))
    pages.until(
        lambda: (
            {one["name"]: one["life"] for one in pages.status("node1")["reports"]}["node2"]
            == "gone"
        )
    )
    said = pages.ask("node1", "/?lang=en")[1]
    assert "off, with proof" in said
    pages.until(lambda: "node2 was reset by node1" in pages.ask("node1", "/?lang=en")[1])
    gone = 'failover_peer_state{cluster="shop",peer="node2",state="gone"}'
    assert pages.metric("node1", gone) == [1]
    assert pages.metric("node1", "failover_quorum{") == [1]


def test_without_pacemaker_the_page_says_so(pages: Pages) -> None:
    room.inside("node1", "systemctl", "stop", "pacemaker")
    pages.until(lambda: pages.ask("node1", "/healthz")[0] == 503)
    assert "Pacemaker does not run on this node" in pages.ask("node1", "/?lang=en")[1]
    assert pages.metric("node1", "failover_daemon_up") == [0]
    assert pages.metric("node1", "failover_service_state") == []
    room.inside("node1", "systemctl", "start", "pacemaker")
    pages.until(lambda: pages.ask("node1", "/healthz")[0] == 200)


def test_without_the_variable_nothing_of_it_is_left(pages: Pages) -> None:
    room.returned("node2")
    said = pages.play(exposed=False)
    assert said.code == 0, said.text
    for node in room.NODES:
        for path in LEFT:
            assert room.asked(node, "test", "-e", path)[0] != 0, path
        show = ("systemctl", "list-units", "--plain", "--no-legend", "--state=active,activating")
        assert room.inside(node, *show, "failover-*") == ""
    again = pages.play(exposed=False)
    assert (again.code, again.changed) == (0, 0), again.text
