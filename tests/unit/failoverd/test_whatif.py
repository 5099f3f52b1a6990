# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failoverctl whatif: the core run forward from a real state, and nothing is touched."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from failoverd import cli
from failoverd.core import events
from failoverd.core import step as core
from failoverd.core.events import Tick
from failoverd.formats.codec import to_json
from failoverd.journal.journal import Journal, segments
from failoverd.whatif import tell, words
from failoverd.whatif.tell import begin, play
from failoverd.whatif.world import Step, World
from tests.unit.core.pair import Half, Pair


def asked(half: Half, question: str, seconds: float = tell.QUIET_S) -> World:
    saved = json.loads(json.dumps({"state": to_json(half.state), "now": half.now}))
    return play(begin(saved, "test"), words.parse(question, half.config), seconds)


def codes(world: World, node: str) -> list[str]:
    return [step.code for step in world.story if step.node == node and step.code]


def where(world: World) -> list[str]:
    runs: list[str] = world.end()["services"][0]["runs_on"]
    return runs


def text(world: World) -> str:
    return "\n".join(tell.lines(world))


@pytest.mark.parametrize("side", ["a", "b"])
def test_a_loss_of_power_is_answered_from_either_nodes_state(side: str) -> None:
    world = asked(getattr(Pair().running(), side), "a loses power")
    assert where(world) == ["b"]
    found = codes(world, "b")
    assert found.index("peer-suspect") < found.index("peer-gone") < found.index("takeover")
    assert world.end()["nodes"] == {"a": "off", "b": "up"}


def test_the_story_gives_times_and_reasons() -> None:
    said = text(asked(Pair().running().b, "a loses power"))
    assert "0.000 s  ----   a loses power" in said
    assert "shop: taking over, its fence device says off" in said
    assert "Assumptions:" in said
    assert "a is assumed to be as it last reported to b." in said


def test_the_dead_standby_freezes_the_owner_until_it_is_found_off() -> None:
    world = asked(Pair().running().a, "b loses power")
    texts = [step.text for step in world.story if step.node == "a"]
    assert texts.index("shop: I/O frozen") < texts.index("shop: I/O flows")
    assert where(world) == ["a"]


def test_without_exclusion_there_is_no_takeover() -> None:
    world = asked(Pair().running().b, "fencing of a fails; a freezes")
    assert "takeover" not in codes(world, "b")
    assert "fence-failed" in codes(world, "b")
    why = world.end()["services"][0]["why"]["b"]
    assert why.startswith("a is silent and not proven gone: pdu: no answer in time; ")
    assert why.endswith("failoverctl confirm-fenced a")
    assert "a is frozen" in text(world)


def test_an_operator_who_confirms_lets_the_takeover_go_on() -> None:
    question = "fencing of a fails; a loses power; wait 10; confirm-fenced a"
    world = asked(Pair().running().b, question)
    assert where(world) == ["b"]
    [answer] = [s for s in world.story if "answers 'confirm-fenced a'" in s.text]
    assert answer.t == 10.0


def test_all_links_cut_leaves_exactly_one_survivor() -> None:
    world = asked(Pair().running().b, "all links fail")
    assert where(world) == ["a"]
    assert any("switched off by its fence device" in s.text for s in world.story if s.node == "b")


def test_silence_on_every_link_is_not_a_death_while_the_disks_talk() -> None:
    world = asked(Pair().running().b, "link lan fails; link cross fails")
    assert "peer-silent" in codes(world, "b")
    assert where(world) == ["a"]
    assert "fence" not in codes(world, "a") + codes(world, "b")


def test_replication_lost_outdates_the_standby_over_a_link() -> None:
    world = asked(Pair().running().a, "replication fails")
    assert "outdated" in codes(world, "b")
    assert where(world) == ["a"]
    assert "fence" not in codes(world, "a")


def test_a_killed_daemon_takes_its_service_up_again() -> None:
    world = asked(Pair().running().a, "a daemon killed")
    assert "adopted" in codes(world, "a")
    assert where(world) == ["a"]


def test_a_freeze_that_ends_before_the_shot() -> None:
    world = asked(Pair().running().a, "a freezes for 2")
    assert "paused" in codes(world, "a")
    assert where(world) == ["a"]


def test_a_failing_service_is_recovered_in_place() -> None:
    world = asked(Pair().running().a, "shop fails")
    assert "recovered" in codes(world, "a")


def test_a_stop_that_fails_ends_in_a_fence() -> None:
    world = asked(Pair().running().a, "stop of shop on a fails; switchover shop")
    assert "stop-failed" in codes(world, "a")
    assert any("switched off by its fence device" in s.text for s in world.story if s.node == "a")


def test_a_start_that_fails_rolls_the_move_back() -> None:
    world = asked(Pair().running().a, "start of shop on b fails; switchover shop")
    assert where(world) == ["a"]


def test_a_broken_disk_bars_the_standby() -> None:
    world = asked(Pair().running().b, "disk of shop on b fails; switchover shop")
    assert any("refuses 'switchover shop'" in step.text for step in world.story)


def test_a_link_that_returns() -> None:
    question = "link lan fails; link cross fails; wait 2; link lan returns"
    found = codes(asked(Pair().running().b, question), "b")
    assert found.index("peer-suspect") < found.index("peer-alive")


def test_power_that_returns_brings_a_standby_back() -> None:
    world = asked(Pair().running().b, "a loses power; wait 20; a gets power")
    assert where(world) == ["b"]
    assert world.end()["nodes"] == {"b": "up", "a": "up"}
    assert world.mirrors["shop"].sides["a"].disk == "UpToDate"


def test_a_peer_that_is_not_heard_is_taken_to_be_off() -> None:
    pair = Pair().running()
    pair.b.pass_time(10)
    world = begin({"state": pair.b.state, "now": pair.b.now}, "test")
    assert not world.nodes["a"].on
    assert any("assumed to be switched off" in line for line in world.assumptions)


def test_what_is_under_way_goes_on() -> None:
    pair = Pair()
    pair.talk()
    for half in (pair.a, pair.b):
        half.settle()
    pair.talk()
    assert pair.a.shop.local.value == "starting"
    assert where(asked(pair.a, "wait 1")) == ["a"]


def test_the_same_question_gets_the_same_answer_and_the_state_stays() -> None:
    half = Pair().running().b
    before = to_json(half.state)
    first: list[Step] = asked(half, "a loses power").story
    assert asked(half, "a loses power").story == first
    assert to_json(half.state) == before


@pytest.mark.parametrize(
    ("question", "words_of_it"),
    [
        ("", "there is no event."),
        (" ; ", "there is no event."),
        ("a explodes", "'a explodes': this is not understood."),
        ("c loses power", "no node 'c'; there is: a, b"),
        ("link wan fails", "no link 'wan'; there is: lan"),
        ("switchover mail", "no service 'mail'; there is: shop"),
        ("wait long", "'long' is not a number of seconds"),
        ("wait 9999", "between 0 and 3600"),
    ],
)
def test_what_is_not_understood_is_one_sentence(question: str, words_of_it: str) -> None:
    with pytest.raises(words.Misunderstood) as error:
        words.parse(question, Pair().a.config)
    assert words_of_it in str(error.value)


@pytest.mark.parametrize(("kind", "form"), words.FORMS)
def test_every_form_is_understood_and_can_be_played(kind: str, form: str) -> None:
    said = form.replace("NODE", "a").replace("SERVICE", "shop").replace("LINK", "lan")
    question = said.replace("SECONDS", "5")
    half = Pair().running().b
    assert words.parse(question, half.config)[0].kind == kind
    world = asked(half, question, 60.0)
    assert len(where(world)) == 1


def saved_by(half: Half, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"ok": True, "format": 1, "core": "x", "now": half.now, "state": to_json(half.state)}
    monkeypatch.setattr(tell, "ask", lambda request, limit_s: answer)


def test_the_live_state_can_be_saved_and_asked_elsewhere(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved_by(Pair().running().b, tmp_path, monkeypatch)
    path = tmp_path / "state.json"
    assert cli.main(["whatif", "--save", str(path)]) == 0
    capsys.readouterr()
    assert cli.main(["whatif", "a loses power", "--json"]) == 0
    there = json.loads(capsys.readouterr().out)
    monkeypatch.undo()
    assert cli.main(["whatif", "--state", str(path), "a loses power", "--json"]) == 0
    here = json.loads(capsys.readouterr().out)
    assert here == there
    assert here["end"]["services"] == [{"name": "shop", "runs_on": ["b"], "why": {}}]


def test_a_journal_is_asked_about_its_end(tmp_path: Path, capsys: Any) -> None:
    half = Pair().running().b
    journal = Journal(tmp_path, 10**6, 3)
    journal.record(Tick(), half.state, half.now)
    journal.decided(core.step(half.state, Tick(), half.now)[1])
    journal.close()
    [path] = segments(tmp_path)
    assert cli.main(["whatif", "--state", str(path), "a loses power"]) == 0
    assert "shop runs on b" in capsys.readouterr().out


def test_a_question_that_is_not_understood_shows_what_is(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved_by(Pair().running().b, tmp_path, monkeypatch)
    assert cli.main(["whatif", "a explodes"]) == 2
    out = capsys.readouterr().out
    assert out.startswith("'a explodes': this is not understood.\n")
    assert all(form in out for _name, form in words.FORMS)


@pytest.mark.parametrize("content", ["", "{}", '{"format": 1, "now": 1.0, "state": {}}'])
def test_a_file_that_holds_no_state_is_refused(tmp_path: Path, capsys: Any, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    assert cli.main(["whatif", "--state", str(path), "a loses power"]) == 1
    assert capsys.readouterr().out.count("\n") == 1


def test_help_has_examples(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        cli.main(["whatif", "--help"])
    out = capsys.readouterr().out
    assert "failoverctl whatif 'node1 loses power'" in out
    assert "confirm-fenced NODE" in out


def test_a_peer_in_standby_mode_has_not_failed() -> None:
    pair = Pair().running()
    pair.b.feed(events.Command(1, events.Verb.STANDBY))
    pair.talk()
    world = asked(pair.a, "a loses power")
    state = world.nodes["b"].state
    assert state is not None
    assert state.services[0].failed_at is None
    assert where(world) == []
    assert "standby mode" in world.end()["services"][0]["why"]["b"]


def witnessed() -> Half:
    """A running owner of a cluster with ping targets."""
    pair = Pair()
    for half in (pair.a, pair.b):
        half.config = dataclasses.replace(half.config, witness=True)
        half.state = dataclasses.replace(half.state, config=half.config)
    return pair.running().a


def test_what_the_nodes_see_of_the_service_network_decides_who_shoots_first() -> None:
    """F14, F15: a standby that sees nobody served shoots before an owner without a target."""
    owner = witnessed()
    timing = owner.config.timing
    world = asked(owner, "a freezes")
    [shot] = [step for step in world.story if step.code == "fence"]
    assert timing.fence_delay_s <= shot.t - timing.dead_s < 2 * timing.fence_delay_s
    assert where(world) == ["b"]
    assert where(asked(owner, "all links fail")) == ["a"]
