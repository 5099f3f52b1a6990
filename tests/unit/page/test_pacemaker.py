# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page and the metrics of a cluster of Pacemaker, from what crm_mon really said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from failover_page import view
from failover_page.source import Seen, Source
from failover_page.words import LANGUAGES, Speech
from tests.played import crm_mon

from .conftest import Stage
from .test_metrics import NOW, samples, value
from .test_view import EN, Reader

Json = dict[str, Any]
Play = Callable[..., None]
VERSIONS = pytest.mark.parametrize("version", crm_mon.VERSIONS)
COPY = {
    "role": "Primary",
    "disk": "UpToDate",
    "peer_role": "Secondary",
    "peer_disk": "Inconsistent",
    "connection": "SyncSource",
    "suspended": False,
    "out_of_sync_bytes": 1024,
}
SYNCING = {"shop": {"disk": COPY, "sync": {"done_percent": 40.0, "left_s": 12}}}


def seen(answer: Json) -> Seen:
    return Seen(answer["status"], answer["events"], NOW, NOW, recorded=False)


def shown(answer: Json, say: Speech = EN) -> str:
    """What a person reads, in one line."""
    reader = Reader(view.page(seen(answer), say))
    assert reader.open == []
    assert len(set(reader.ids)) == len(reader.ids)
    return " ".join(reader.said.split())


@VERSIONS
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", ["well", "lost"])
def test_the_page_is_sound_in_every_language(version: str, state: str, language: str) -> None:
    shown(crm_mon.answer(version, state), Speech(language))


@VERSIONS
def test_a_cluster_in_order(version: str) -> None:
    said = shown(crm_mon.answer(version, "well"))
    for words in (
        "All is well",
        "Nothing is wrong.",
        "node1 alive node2 alive quorum one more node may fail",
        "shop.application.two started on node1",
    ):
        assert words in said, words
    assert "has failed" not in said
    assert "Past failovers" not in said and "Availability" not in said


@VERSIONS
def test_a_failure_and_a_fenced_node(version: str) -> None:
    said = shown(crm_mon.answer(version, "lost"))
    for words in (
        "Needs attention",
        "node2 off, with proof",
        "Alert node2 was reset by node1",
        "Alert shop.application.one failed on node1: monitor: ",
        "ocf up node1: has failed",
    ):
        assert words in said, words


def test_a_failure_that_bars_a_node_is_no_number() -> None:
    answer = crm_mon.answer("2.1.5", "well")
    answer["status"]["services"][0]["resources"][0]["fail_counts"] = {"node2": 1_000_000}
    assert "node2: has failed, not started again" in shown(answer)


@pytest.mark.parametrize(
    ("quorum", "words"),
    [
        ({"now": False, "after_a_loss": False}, "node2 alive no quorum"),
        ({"now": None, "after_a_loss": True}, "node2 alive no quorum"),
        ({"now": True, "after_a_loss": False}, "quorum no quorum if one more node fails"),
    ],
)
def test_the_quorum(quorum: Json, words: str) -> None:
    answer = crm_mon.answer("2.1.5", "well")
    answer["status"]["quorum"] = quorum
    assert words in shown(answer)


@VERSIONS
def test_the_metrics_have_the_names_that_they_have_with_the_other_engine(version: str) -> None:
    found = samples(seen(crm_mon.answer(version, "lost", disks=SYNCING)))
    assert value(found, "daemon_up") == 1
    assert value(found, "quorum") == 1
    assert value(found, "service_state", service="mail", state="running") == 1
    assert value(found, "service_owner", service="mail", node="node1") == 1
    assert value(found, "service_failed", service="shop") == 1
    assert value(found, "service_failed", service="mail") == 0
    assert value(found, "peer_state", peer="node2", state="gone") == 1
    device = {"device": "dummy.node2", "method": "stonith"}
    assert value(found, "fence_device_state", **device, state="ok") == 1
    # Of the device of the lost node nobody knows whether it works: it runs nowhere.
    device["device"] = "dummy.node1"
    assert value(found, "fence_device_state", **device, state="unknown") == 1
    part = {"service": "shop", "resource": "one", "type": "ocf"}
    assert value(found, "resource_up", **part) == 1
    assert (value(found, "resource_fail_count", **part, node="node1") or 0) >= 1
    assert value(found, "drbd_out_of_sync_bytes", service="shop") == 1024
    assert value(found, "drbd_up_to_date", service="shop", side="peer") == 0
    assert value(found, "drbd_sync_done_ratio", service="shop") == 0.4
    # What Pacemaker does not know has no value, rather than a wrong one.
    told = {name for name, _labels in found}
    for name in ("service_generation", "takeover_expected_seconds", "watchdog_protecting"):
        assert f"failover_{name}" not in told


@VERSIONS
def test_a_resource_is_up_on_its_own_node_alone(version: str) -> None:
    part = {"service": "mail", "type": "virtual_ip"}
    for node, up in (("node1", 0), ("node2", 1)):
        found = samples(seen(crm_mon.answer(version, "well", node=node)))
        (name,) = (
            dict(labels)["resource"]
            for (metric, labels) in found
            if metric == "failover_resource_up" and part.items() <= dict(labels).items()
        )
        assert value(found, "resource_up", **part, resource=name) == up


def test_the_page_is_told_events_without_a_history(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        said = (await stage.get("/?lang=en"))[1]
        assert "node2 was reset by node1" in said
        told = json.loads((await stage.get("/api/status"))[1])
        assert told["history"][-1]["level"] in ("alert", "info")
        seen = await stage.page.source.look()
        assert (seen.recorded, len(seen.history) > 3) == (False, True)

    play(scene, answer=crm_mon.answer("2.1.5", "lost"))


def test_events_that_are_none_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = Source(tmp_path / "status.sock")

    async def answered() -> Json:
        return {"status": {"node": "node1"}, "events": ["x", None, {"text": "kept"}]}

    monkeypatch.setattr(source, "_answer", answered)
    seen = asyncio.run(source.look())
    assert seen.history == [{"text": "kept"}]
