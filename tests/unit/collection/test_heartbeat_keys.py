# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new key of the heartbeats: at every moment of the change each node understands the other (F68)."""

from __future__ import annotations

import itertools
import json

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _engines
from ansible_collections.failover.cluster.plugins.module_utils._engines import _marks, agent
from ansible_collections.failover.cluster.plugins.modules import heartbeat_keys
from ansible_collections.failover.cluster.plugins.plugin_utils import _engines as _control
from ansible_collections.failover.cluster.plugins.plugin_utils._engines.agent import keys
from ansible_collections.failover.cluster.plugins.plugin_utils._problems import Problem

from failoverd.links.wire import Wire

from .modules import run as run_module

OLD, NEW, NEWER = "aa" * 32, "bb" * 32, "cc" * 32
FIRST = keys.steps({"key": OLD}, NEW)
SECOND = keys.steps(FIRST[-1], NEWER)
CHANGES = pytest.mark.parametrize(("change", "before"), [(FIRST, OLD), (SECOND, NEW)])


def hears(listener, speaker):
    """Whether a daemon with these secrets accepts what the other one signs."""
    return keys.text(speaker).split()[0] in keys.text(listener).split()


def test_a_cluster_that_never_changed_its_key_has_one_line():
    assert keys.text({"key": OLD, "drbd-shop": NEW}) == f"{OLD}\n"


@CHANGES
def test_a_change_takes_three_steps_and_neighbours_hear_each_other(change, before):
    assert len(change) == 4
    for one, other in itertools.pairwise(change):
        assert hears(one, other) and hears(other, one)


@CHANGES
def test_two_steps_apart_they_do_not_so_each_has_to_be_proved(change, before):
    assert not hears(change[0], change[2])
    assert not hears(change[3], change[1])


@CHANGES
def test_at_its_end_the_key_before_is_nowhere(change, before):
    assert before not in keys.text(change[-1]).split()
    assert before not in change[-1].values()
    assert change[-1]["key"] != before


@CHANGES
@pytest.mark.parametrize("reach", [0, 1, 2, 3])
@pytest.mark.parametrize("order", [1, -1])
def test_a_run_that_was_cut_off_is_finished_by_the_next(change, before, reach, order):
    """Some step is on both nodes, the next one on one of them; its daemon may not run it yet."""
    kept = [change[reach], change[min(reach + 1, 3)]][::order]
    steps = keys.steps(keys.merged(kept), "dd" * 32)
    running = [change[reach], *kept]
    assert all(hears(one, steps[0]) and hears(steps[0], one) for one in running)
    assert before not in keys.text(steps[-1]).split()
    assert len(keys.text(steps[-1]).split()) == 1
    if 0 < reach < 3 and keys.text(keys.merged(kept)).count("\n") > 1:
        assert steps[-1]["key"] == change[-1]["key"], "it finishes the change that was begun"


def test_only_keys_of_heartbeats_are_touched():
    assert keys.merged([{"key": OLD, "drbd-shop": NEW}, {"key": NEW}]) == {"key": OLD}


def test_the_plan_has_for_each_step_what_the_nodes_get_and_how_it_is_proved():
    plan = _control.ENGINES["agent"].key_steps([{"key": OLD}, {"key": OLD}], NEW)
    assert [step["text"].split() for step in plan] == [[OLD], [OLD, NEW], [NEW, OLD], [NEW]]
    assert all(step["marks"] == _marks.marks(step["text"]) for step in plan)
    assert plan[-1]["secrets"] == {"key": NEW, "key-next": NEW, "key-old": NEW}


@pytest.mark.parametrize(
    ("engine", "kept", "sentence"),
    [
        ("agent", [{"drbd-shop": OLD}, {}], "no node keeps a key; build the cluster first"),
        ("pacemaker", [{"key": OLD}], "engine: pacemaker accepts one key only"),
    ],
)
def test_a_key_that_cannot_be_renewed_is_refused(engine, kept, sentence):
    with pytest.raises(Problem, match=sentence):
        _control.ENGINES[engine].key_steps(kept, NEW)


def test_a_node_that_is_alone_forgets_every_key_at_once_even_those_of_a_change_under_way():
    step = _control.ENGINES["agent"].key_at_once(NEWER)
    assert step["text"].split() == [NEWER]
    for during in FIRST:
        kept = {**during, **step["secrets"], "drbd-shop": OLD}
        assert keys.text(kept).split() == [NEWER], "no secret of the change is left"
        assert not hears(kept, during) and not hears(during, kept)
    with pytest.raises(Problem, match="pacemaker cannot renew the key of a node that is alone"):
        _control.ENGINES["pacemaker"].key_at_once(NEWER)


def test_the_mark_is_what_every_frame_shows_of_its_key():
    wire = Wire((bytes.fromhex(OLD), bytes.fromhex(NEW)), "shop", "node1", "node2", ())
    assert _marks.marks(f"{OLD}\n{NEW}\n") == [head[1:].hex() for head in wire.heads]


def engine(text, silent):
    """The engine of a node, whose daemon says this."""
    heartbeats = {"keys": _marks.marks(text)} if text else {}
    told = {"node": "node1", "silent": list(silent), "heartbeats": heartbeats}
    result = agent.Agent()
    result.status = lambda run: told
    return result


@pytest.fixture
def node(monkeypatch, tmp_path):
    """A node whose daemon, file and copy have these keys."""
    monkeypatch.setattr(heartbeat_keys, "runner", lambda module: None)
    monkeypatch.setattr(agent, "KEY", str(tmp_path / "key"))
    monkeypatch.setattr(agent, "LAST_GOOD", str(tmp_path / "last-good.json"))

    def made(daemon, file, copy, silent=()):
        monkeypatch.setattr(_engines, "here", lambda: engine(daemon, silent))
        (tmp_path / "key").write_text(file)
        (tmp_path / "last-good.json").write_text(json.dumps({"key": copy, "cluster.json": "{}"}))

    return made


def test_a_step_is_proved_by_the_daemon_its_file_and_its_copy(node):
    old, both = f"{OLD}\n", f"{OLD}\n{NEW}\n"
    expected = _marks.marks(both)
    node(both, both, both)
    assert run_module("heartbeat_keys", expected=expected)["marks"] == expected
    for number in range(3):
        places = [both, both, both]
        places[number] = old
        node(*places)
        said = run_module("heartbeat_keys", expected=expected)
        assert said["failed"], "one of the three has other keys"
        assert OLD not in str(said) and NEW not in str(said)
    reversed_keys = f"{NEW}\n{OLD}\n"
    node(reversed_keys, reversed_keys, reversed_keys)
    assert run_module("heartbeat_keys", expected=expected)["failed"], "another one signs"


def test_a_silent_node_and_a_daemon_that_does_not_tell_are_refused(node):
    node(OLD, OLD, OLD, silent=["node2"])
    assert "does not hear node2" in run_module("heartbeat_keys")["msg"]
    node("", OLD, OLD)
    assert "run the playbook site first" in run_module("heartbeat_keys")["msg"]


def test_a_node_whose_machine_is_dead_need_not_be_heard(node):
    node(OLD, OLD, OLD, silent=["node2"])
    assert run_module("heartbeat_keys", dead=["node2"])["marks"] == _marks.marks(OLD)
    assert "does not hear node2" in run_module("heartbeat_keys", dead=["node3"])["msg"]


def test_a_node_without_a_daemon_is_refused(monkeypatch):
    monkeypatch.setattr(_engines, "here", lambda: None)
    assert run_module("heartbeat_keys")["msg"] == _engines.NOT_RUNNING
