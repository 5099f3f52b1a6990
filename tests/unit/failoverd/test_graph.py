# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The takeover path: nothing starts before what it needs, and nothing waits without need."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failoverd.resources import graph

SHOP: graph.Graph = {
    "drbd": (),
    "mount": ("drbd",),
    "address": ("drbd",),
    "db": ("mount",),
    "web": ("mount", "db"),
}


def graphs() -> st.SearchStrategy[dict[str, tuple[str, ...]]]:
    """Acyclic graphs: a name may only need earlier ones."""
    return st.lists(st.sets(st.integers(0, 7)), max_size=8).map(
        lambda needs: {
            f"r{i}": tuple(f"r{n}" for n in sorted(need) if n < i) for i, need in enumerate(needs)
        }
    )


@given(graphs())
def test_starting_respects_every_dependency(plan: dict[str, tuple[str, ...]]) -> None:
    done: list[str] = []

    async def work(name: str) -> None:
        assert set(plan[name]) <= set(done)
        await asyncio.sleep(0)
        done.append(name)

    assert asyncio.run(graph.run(plan, work)) == {}
    assert sorted(done) == sorted(plan)


@given(graphs())
def test_stopping_is_the_exact_opposite(plan: dict[str, tuple[str, ...]]) -> None:
    stopped: list[str] = []

    async def work(name: str) -> None:
        stopped.append(name)

    asyncio.run(graph.run(graph.reverse(plan), work))
    for name, needs in plan.items():
        assert all(stopped.index(need) > stopped.index(name) for need in needs)


def test_what_does_not_depend_on_each_other_runs_at_the_same_time() -> None:
    async def main() -> None:
        both = asyncio.Barrier(2)

        async def work(name: str) -> None:
            if name in ("mount", "address"):
                await asyncio.wait_for(both.wait(), 5)

        assert await graph.run(SHOP, work) == {}

    asyncio.run(main())


def test_what_needs_a_failed_part_is_left_alone_and_the_rest_goes_on() -> None:
    ran: list[str] = []

    async def work(name: str) -> None:
        ran.append(name)
        if name == "mount":
            raise OSError("damaged")

    failures = asyncio.run(graph.run(SHOP, work))
    assert list(failures) == ["mount"]
    assert sorted(ran) == ["address", "drbd", "mount"]


def test_a_circle_is_refused() -> None:
    with pytest.raises(graph.CycleError, match="a, b"):
        graph.order({"a": ("b",), "b": ("a",), "c": ()})


def test_recovering_a_part_concerns_it_and_what_needs_it() -> None:
    names = graph.dependents(SHOP, "mount")
    assert names == {"mount", "db", "web"}
    assert graph.part(SHOP, names) == {"mount": (), "db": ("mount",), "web": ("mount", "db")}
