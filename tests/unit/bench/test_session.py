# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same cluster for each engine, and one lab at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from bench import session, systems
from lab.demo.target import INVENTORY


def variables(path: Path) -> dict[str, Any]:
    (group,) = yaml.safe_load(path.read_text(encoding="utf-8")).values()
    found: dict[str, Any] = group["vars"]
    return found


def test_each_engine_gets_the_cluster_of_the_demonstration(tmp_path: Path) -> None:
    agent = variables(session.inventory("agent", tmp_path))
    other = variables(session.inventory("pacemaker", tmp_path))
    assert other.pop("failover_engine") == "pacemaker"
    # Corosync has no serial line.
    assert [link["name"] for link in other.pop("failover_links")] == ["lan", "cross"]
    assert other == {name: agent[name] for name in other}
    assert set(agent) - set(other) == {"failover_links"}
    assert session.inventory("agent", tmp_path) == INVENTORY


class FakeLab:
    """Says what is done to the labs."""

    said: ClassVar[list[str]] = []
    kept: ClassVar[set[str]] = set()

    def __init__(self, name: str) -> None:
        self.name = name

    def up(self, **_more: Any) -> None:
        self.said.append(f"up {self.name}")

    def down(self, purge: bool = False) -> None:
        self.said.append(f"{'purge' if purge else 'down'} {self.name}")

    def wait_ready(self, **_more: Any) -> None:
        pass

    def has_snapshot(self, _name: str) -> bool:
        return self.name in self.kept

    def snapshot_save(self, _name: str, **_more: Any) -> None:
        self.kept.add(self.name)

    def snapshot_restore(self, _name: str, **_more: Any) -> None:
        self.said.append(f"restore {self.name}")


class FakeTarget:
    """An inventory of nobody."""

    @classmethod
    def load(cls, _lab: FakeLab, _inventory: Path) -> FakeTarget:
        return cls()

    def inventories(self, _lab: FakeLab) -> list[Path]:
        return []

    def environment(self, _lab: FakeLab) -> dict[str, str]:
        return {}


def test_the_labs_of_two_engines_take_turns_and_are_built_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    built: list[str] = []
    monkeypatch.setattr(session, "Lab", FakeLab)
    monkeypatch.setattr(session, "Target", FakeTarget)
    monkeypatch.setattr(session, "OUT", tmp_path)
    monkeypatch.setattr(session, "run_playbook", lambda *_words, **_more: built.append("site"))
    FakeLab.said.clear()
    FakeLab.kept.clear()
    chosen = [systems.load(name) for name in ("failoverd", "floor", "pacemaker")]
    with session.session("bench", chosen) as bench:
        FakeLab.said.clear()
        for engine in ("agent", "agent", "pacemaker", "agent"):
            bench.enter(engine)
        assert FakeLab.said == [
            *("up bench-agent", "down bench-agent", "up bench-pacemaker", "down bench-pacemaker"),
            *("up bench-agent", "restore bench-agent"),
        ]
    assert len(built) == 2
    assert FakeLab.said[-2:] == ["purge bench-agent", "purge bench-pacemaker"]
