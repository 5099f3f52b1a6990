# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of an engine with more than two nodes, which keeps no history and may have no status."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest

from failover_page import view
from failover_page.downtime import Downtime
from failover_page.source import Seen
from failover_page.words import LANGUAGES, Speech
from tests.played import pacemaker

from .conftest import Stage
from .test_metrics import NOW, samples, value
from .test_view import EN, Reader

Json = dict[str, Any]
Play = Callable[..., None]
HISTORY = ("failovers", "outages", "availability", "events")
NOT_THERE = "Pacemaker does not run on this node."


def seen(answer: Json) -> Seen:
    return Seen(answer["status"], [], NOW, NOW, recorded=False)


def read(answer: Json, say: Speech = EN) -> Reader:
    reader = Reader(view.page(seen(answer), say))
    assert reader.open == []
    assert len(set(reader.ids)) == len(reader.ids)
    return reader


def picture(answer: Json) -> ET.Element:
    section = view.sections(seen(answer), EN)["picture"]
    return ET.fromstring(section[section.index("<svg") :])


def paired(answer: Json, **copies: tuple[str, bool]) -> Json:
    """Two nodes of it, with a disk that is replicated between them."""
    status = answer["status"]
    status["reports"] = [one for one in status["reports"] if one["name"] != "node3"]
    status["services"][0]["copies"] = {
        node: {"role": role, "good": good} for node, (role, good) in copies.items()
    }
    return answer


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("answer", [pacemaker.well, pacemaker.degraded])
def test_the_page_is_sound_and_shows_no_part_that_has_no_source(
    answer: Callable[[float], Json], language: str
) -> None:
    read(answer(NOW), Speech(language))
    shown = view.sections(seen(answer(NOW)), EN)
    assert {name for name, inside in shown.items() if not inside} == set(HISTORY)


def test_three_nodes_are_listed_with_their_states() -> None:
    said = " ".join(read(pacemaker.degraded(NOW)).said.split())
    for words in ("node1 alive", "node2 alive standby mode", "node3 silent"):
        assert words in said
    assert "heartbeat. Both" not in said


def test_three_nodes_and_their_links_are_drawn_and_described() -> None:
    drawn = picture(pacemaker.degraded(NOW))
    texts = [str(each.text) for each in drawn.iter("text")]
    assert {"node1", "node2", "node3", "shop: running", "link 0: works", "link 1: down"} <= {*texts}
    described = str(drawn.findtext("desc"))
    assert described.startswith("Nodes: node1, node2, node3. Link link 0: works.")
    assert "shop is running, node1." in described


def test_sixteen_nodes_are_drawn_without_one_box_over_another() -> None:
    answer = pacemaker.well(NOW)
    answer["status"]["reports"] = [
        {**answer["status"]["reports"][0], "name": f"node{number}"} for number in range(1, 17)
    ]
    boxes = [
        [float(box.get(key, "0")) for key in ("x", "y", "width", "height")]
        for box in picture(answer).iter("rect")
        if "node " in box.get("class", "")
    ]
    assert len(boxes) == 16
    for index, (x, y, width, height) in enumerate(boxes):
        for left, top, _width, _height in boxes[index + 1 :]:
            assert left >= x + width or top >= y + height or left < x, (x, y, left, top)
        assert x + width <= 440


@pytest.mark.parametrize(
    ("copies", "words", "tone"),
    [
        ({"node1": ("Promoted", True), "node2": ("Unpromoted", True)}, "good", "good"),
        ({"node1": ("Promoted", True), "node2": ("Unpromoted", False)}, "not good", "warn"),
        ({"node1": ("Stopped", False), "node2": ("Stopped", False)}, "not good", "bad"),
    ],
)
def test_copies_of_which_only_the_worth_is_known(
    copies: dict[str, tuple[str, bool]], words: str, tone: str
) -> None:
    answer = paired(pacemaker.well(NOW), **copies)
    drawn = picture(answer)
    assert f"shop: DRBD {words}" in [each.text for each in drawn.iter("text")]
    lines = [one.get("class") for one in drawn.iter("line")]
    assert lines.count(f"line {tone}") == (3 if tone == "good" else 1)
    tips = [one.get("class") for one in drawn.iter("path") if "tip" in one.get("class", "")]
    assert tips == (
        [f"tip {tone}"] if "Promoted" in {role for role, _good in copies.values()} else []
    )
    said = " ".join(read(answer).said.split())
    for node, (role, good) in copies.items():
        assert f"{node} {role} {'good' if good else 'not good'}" in said


def test_the_metrics_tell_of_every_other_node() -> None:
    found = samples(seen(pacemaker.degraded(NOW)))
    assert value(found, "peer_state", peer="node2", state="alive") == 1
    assert value(found, "peer_state", peer="node3", state="silent") == 1
    assert [value(found, "node_standby", node=f"node{n}") for n in (1, 2, 3)] == [0, 1, 0]
    assert [value(found, "service_owner", node=f"node{n}", service="shop") for n in (1, 2, 3)] == [
        1, 0, 0,
    ]  # fmt: skip
    assert value(found, "link_state", link="link 1", state="down") == 1
    assert value(found, "fence_device_state", device="bmc.node1", method="stonith", state="ok") == 1


def test_downtime_while_a_node_is_lost_counts_as_a_failover() -> None:
    now = 0.0
    downtime = Downtime(lambda: now)
    answer = pacemaker.degraded(NOW)
    answer["status"]["services"][0].update(state="starting", owner="")
    downtime.take(seen(answer))
    now = 3.0
    downtime.take(seen(answer))
    assert downtime.seconds["shop", "failover"] == 3.0


def test_an_engine_that_says_why_it_has_no_status(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        assert (await stage.metrics())["up"] == 1
        stage.tell({"error": NOT_THERE})
        assert (await stage.metrics())["up"] == 0
        status, body, _headers = await stage.get("/healthz")
        assert (status, body) == (503, f"{NOT_THERE}\n")
        said = (await stage.get("/?lang=en"))[1]
        assert NOT_THERE in said
        assert "The cluster software" not in said
        told = json.loads((await stage.get("/api/status"))[1])
        assert (told["up"], told["status"]["engine"]) == (False, "pacemaker")
        stage.tell(pacemaker.well())
        assert (await stage.metrics())["up"] == 1

    play(scene, answer=pacemaker.well())


def test_the_page_knows_by_the_answer_whether_there_is_a_history(play: Play) -> None:
    async def scene(stage: Stage) -> None:
        assert not (await stage.page.source.look()).recorded
        stage.tell({**pacemaker.well(), "history": []})
        assert (await stage.page.source.look()).recorded

    play(scene, answer=pacemaker.well())
