# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rehearsal: what it does, what a client measures meanwhile, and the last one beside it."""

from __future__ import annotations

import json
import re
import socket
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from xml.etree import ElementTree

import pytest
from ansible_collections.failover.cluster.plugins.modules import service_probe
from ansible_collections.failover.cluster.plugins.plugin_utils import _drill, _drill_page
from ansible_collections.failover.cluster.plugins.plugin_utils._problems import Problem

from .modules import run as run_module

MOVE = {"service": "shop", "from": "node1", "to": "node2", "seconds": 2.4}
ABOUT = {"cluster": "shop", "service": "shop"}
LIMIT_S = 60


def steps(*names):
    free = ("fencing", "daemon")
    return [{"name": n, "text": n, "expected_s": 0.0 if n in free else 2.4} for n in names]


def test_the_plan_names_each_step_its_price_and_where_it_is_measured(build, found):
    said = _drill.plan(build(found=found), "shop", MOVE, "")
    assert [step["name"] for step in said["steps"]] == [
        "fencing",
        "daemon",
        "application",
        "there",
        "back",
    ]
    assert (said["home"], said["there"]) == ("node1", "node2")
    assert said["daemons"] == ["failoverd.service"]
    assert said["application"] == "postgresql-shop.service"
    assert said["targets"] == [
        {"address": "192.168.1.10", "port": 5432, "asks": "database"},
        {"address": "192.168.1.10", "port": 80, "asks": "page"},
    ]
    text = "\n".join(said["lines"])
    assert "2. the cluster's daemon on node1 is killed; the expected downtime is 0 s." in text
    assert "3. postgresql is killed on node1, and restarted in place; the downtime was not" in text
    assert "4. shop moves from node1 to node2; the expected downtime is 2.4 s." in text
    assert "this host asks 192.168.1.10:5432, 192.168.1.10:80 all the time." in text


def test_an_engine_that_names_no_daemon_loses_none(build, found):
    model = {**build(found=found), "engine": "pacemaker"}
    said = _drill.plan(model, "shop", MOVE, "")
    assert said["daemons"] == []
    assert "daemon" not in [step["name"] for step in said["steps"]]


def test_the_user_says_where_the_service_is_asked_if_the_inventory_does_not(build):
    model = build(("failover_services.0.applications", [{"unit": "worker.service"}]))
    with pytest.raises(Problem, match="probe: missing; the inventory does not tell where clients"):
        _drill.plan(model, "shop", MOVE, "")
    said = _drill.plan(model, "shop", MOVE, "shop.example:25, [fd00::1]:443")
    assert said["targets"] == [
        {"address": "shop.example", "port": 25, "asks": "tcp"},
        {"address": "fd00::1", "port": 443, "asks": "tcp"},
    ]
    assert "shop.example:25, [fd00::1]:443" in said["lines"][-1]
    with pytest.raises(Problem, match="probe: 25 is not ADDRESS:PORT"):
        _drill.plan(model, "shop", MOVE, "25")


def test_each_gap_belongs_to_the_step_in_which_it_began():
    gaps = [(105.0, 106.5), (105.2, 108.2), (119.5, 121.0), (130.0, 130.4)]
    measured = {
        "began": 100.0,
        "gaps": [{"where": "x", "from": one, "to": other} for one, other in gaps],
    }
    ends = [
        {"name": name, "ended": ended}
        for name, ended in (("daemon", 104.0), ("there", 120.0), ("back", 140.0))
    ]
    told = _drill.report(ABOUT, steps("daemon", "there", "back"), ends, measured)
    assert [(s["name"], s["downtime_s"]) for s in told["steps"]] == [
        ("daemon", 0.0),
        ("there", 3.0),
        ("back", 0.4),
    ]


def drilled():
    """A drill of 25 s in which one address did not answer for 3 s, and that has a strange name."""
    gap = {"where": "192.168.1.10:5432", "from": 1012.0, "to": 1015.0}
    ends = [{"name": "daemon", "ended": 1010.0}, {"name": "there", "ended": 1025.0}]
    about = {"cluster": "shop", "service": "<shop>"}
    told = _drill.report(about, steps("daemon", "there"), ends, {"began": 1000.0, "gaps": [gap]})
    return told, _drill_page.page(told, {}, ["192.168.1.10:5432", "192.168.1.10:80"], [])


def test_the_page_draws_each_address_each_step_and_each_gap_to_scale():
    told, page = drilled()
    assert [(s["from"], s["to"]) for s in told["steps"]] == [(0.0, 10.0), (10.0, 25.0)]
    [drawn] = re.findall("<svg.*</svg>", page)
    picture = ElementTree.fromstring(drawn)
    texts = [one.text for one in picture.iter("text")]
    assert {"192.168.1.10:5432", "192.168.1.10:80", "daemon", "there"} <= set(texts)
    wide: dict[str, list[float]] = {}
    for box in picture.iter("rect"):
        if kind := box.get("class"):
            wide.setdefault(kind, []).append(float(box.get("width", "0")))
    whole = wide["served"][0]
    assert len(wide["served"]) == 2
    assert wide["unserved"][0] == pytest.approx(whole * 3 / 25, abs=0.5)
    assert sorted(wide["before"]) == pytest.approx([whole * 10 / 25, whole * 15 / 25], abs=0.5)


def test_the_page_needs_nothing_from_outside_and_shows_names_as_they_are():
    _told, page = drilled()
    assert "&lt;shop&gt;" in page and "<shop>" not in page
    assert not re.search(r"<script|https?:|<link|url\((?!#)", page)


def taken(**seconds):
    """A report."""
    made = [{**steps(name)[0], "downtime_s": took} for name, took in seconds.items()]
    return {"format": _drill.FORMAT, **ABOUT, "began": 100.0, "steps": made}


def test_the_last_drill_stands_beside_it_and_what_became_slower_is_told():
    last = taken(there=2.0, back=2.0)
    lines, problems = _drill.compared(taken(daemon=0.0, there=4.5, back=3.9), last)
    assert lines == [
        "daemon: down for 0 s",
        "there: down for 4.5 s (last time 2 s); SLOWER than last time",
        "back: down for 3.9 s (last time 2 s)",
    ]
    assert problems == []


def test_a_step_that_must_not_interrupt_and_did_is_a_problem():
    _lines, problems = _drill.compared(taken(fencing=2.1, daemon=2.3, there=9.0), {})
    assert len(problems) == 1
    assert "daemon: the service was down for 2.3 s, but this must not interrupt it." in problems[0]


def test_the_last_report_is_that_of_this_service_alone(tmp_path):
    for service, stamp, took in (
        ("shop", "20261120T020000Z", 1.0),
        ("shop", "20261127T020000Z", 2.0),
        ("shop-two", "20261128T020000Z", 3.0),
    ):
        path = tmp_path / _drill.file({"cluster": "shop", "service": service}, stamp)
        path.write_text(json.dumps(taken(there=took)))
    assert _drill.last(str(tmp_path), ABOUT)["steps"][0]["downtime_s"] == 2.0
    assert _drill.last(str(tmp_path / "none"), ABOUT) == {}


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format": 2}', '{"format": 1, "steps": [{"downtime_s": "x"}]}']
)
def test_a_file_that_is_no_report_is_named(tmp_path, text):
    (tmp_path / _drill.file(ABOUT, "20261127T020000Z")).write_text(text)
    with pytest.raises(Problem, match="is no report of a drill; move it away"):
        _drill.last(str(tmp_path), ABOUT)


def test_a_gap_lasts_from_the_last_answer_to_the_next_one():
    one = service_probe.Watch({"address": "10.0.0.1", "port": 80}, 100.0)
    for good, now in ((True, 101.0), (False, 102.0), (False, 103.0), (True, 104.0), (False, 105.0)):
        one.look(good, now)
    one.end(106.0)
    assert [(gap["from"], gap["to"]) for gap in one.gaps] == [(101.0, 104.0), (104.0, 106.0)]
    assert one.gaps[0]["where"] == "10.0.0.1:80"


class Pages(HTTPServer):
    """Has one page, which comes with this status."""

    status = 200


class Page(BaseHTTPRequestHandler):
    """Answers with the status that its server has."""

    server: Pages

    def do_GET(self):
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_words):
        pass


@pytest.fixture
def server():
    """A web server on loopback."""
    with Pages(("127.0.0.1", 0), Page) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            made.shutdown()
            thread.join(LIMIT_S)


def asked(server, **more):
    return [{"address": "127.0.0.1", "port": server.server_address[1], **more}]


@pytest.mark.parametrize(("status", "silent"), [(200, False), (404, False), (500, True)])
def test_a_page_has_to_come_and_no_error_of_the_server(server, status, silent):
    server.status = status
    said = run_module("service_probe", targets=asked(server, asks="page"))
    assert (bool(said["silent"]), said["asked"], said["changed"]) == (silent, 1, False)
    assert not run_module("service_probe", targets=asked(server))["silent"], "it is connected to"


@pytest.mark.parametrize(("says", "silent"), [(b"N", False), (b"S", False), (b"", True)])
def test_a_database_has_to_answer_and_not_only_to_be_connected_to(says, silent):
    """A proxy accepts every connection, also while there is no server behind it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(LIMIT_S)

        def serve():
            with listening.accept()[0] as line:
                line.settimeout(LIMIT_S)
                assert line.recv(8) == b"\0\0\0\x08\x04\xd2\x16\x2f"
                line.sendall(says)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        target = {"address": "127.0.0.1", "port": listening.getsockname()[1], "asks": "database"}
        said = run_module("service_probe", targets=[target])
        thread.join(LIMIT_S)
    assert bool(said["silent"]) is silent


def test_a_target_that_is_asked_for_something_unknown_is_refused():
    target = {"address": "127.0.0.1", "port": 1, "asks": "tea"}
    said = run_module("service_probe", targets=[target])
    assert said["msg"] == "targets: asks must be one of page, database, tcp."


def test_a_port_that_nobody_listens_to_is_silent():
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        said = run_module("service_probe", targets=[{"address": "127.0.0.1", "port": port}])
    assert said["silent"] == [f"127.0.0.1:{port}"]
    assert len(said["gaps"]) == 1


def test_it_ends_when_its_file_is_gone(server, tmp_path):
    mark = tmp_path / "mark"
    mark.touch()
    timer = threading.Timer(1.0, mark.unlink)
    timer.daemon = True
    timer.start()
    try:
        said = run_module(
            "service_probe", targets=asked(server, asks="page"), stop=str(mark), most_s=LIMIT_S
        )
    finally:
        timer.cancel()
    assert not mark.exists(), "it ended by itself"
    assert said["asked"] > 1
    assert said["gaps"] == []
