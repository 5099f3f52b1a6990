# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the searches begin: the hand-shake over ownership, and moments of a takeover."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from failoverd.core import events

from .volume import Volume
from .world import SHOP, UP, Budget, Explorer, Move, Node, World


@dataclass(frozen=True)
class Scenario:
    """What is searched, and how far in the tests."""

    name: str
    explorer: Explorer
    starts: tuple[World, ...]
    depth: int


HANDSHAKE = Explorer(replicated=False, levels=())
TAKEOVER = Explorer(replicated=True, levels=("bmc",))


def handshakes() -> list[Scenario]:
    """Agreement between two live nodes, without fencing: silence leads to nothing."""
    fresh = walk(HANDSHAKE, World((Node(), Node())), [("daemon starts", n, 0) for n in (0, 1)])
    running = settled(HANDSHAKE, None)
    moved = commanded(HANDSHAKE, running, 1, events.Verb.SWITCHOVER)

    there = talk(HANDSHAKE, moved)
    for _round in range(6):
        there = talk(HANDSHAKE, walk(HANDSHAKE, there, [("tick", 0, 0), ("tick", 1, 0)]))
    assert there.nodes[1].truth == UP
    crashed = HANDSHAKE.apply(with_budget(there, Budget(daemon=1)), ("daemon crashes", 1, 0))
    again = HANDSHAKE.apply(crashed, ("daemon starts", 1, 0))

    def scenario(name: str, depth: int, budget: Budget, start: World) -> Scenario:
        return Scenario(name, HANDSHAKE, (with_budget(start, budget),), depth)

    return [
        scenario("hand-shake, messages late or lost", 7, Budget(), fresh),
        scenario("hand-shake, a daemon crashes", 6, Budget(daemon=1), fresh),
        scenario("hand-shake, a daemon pauses", 6, Budget(pauses=1), fresh),
        scenario("hand-shake, a start or stop fails", 7, Budget(failures=1), fresh),
        scenario("switchover", 9, Budget(), moved),
        scenario("switchover, a daemon crashes", 7, Budget(daemon=1), moved),
        scenario("switchover, a start or stop fails", 8, Budget(failures=1), moved),
        scenario("the owner's daemon is back", 99, Budget(), again),
    ]


def takeovers() -> list[Scenario]:
    """From moments of a takeover: any order of what follows, faults included."""
    owner = settled(TAKEOVER, Volume())
    lost = TAKEOVER.apply(with_budget(owner, Budget(power=1)), ("power lost", 0, 0))
    apart = TAKEOVER.apply(with_budget(owner, Budget(path=1)), ("path cut", 0, 0))
    alone = ["a kernels part", "b sees its disk", "b done", "b tick"]
    shot = reach(TAKEOVER, apart, alone, ordered(1, "off"))
    gone = reach(TAKEOVER, lost, alone, ordered(1, "start"))
    taken = reach(TAKEOVER, gone, ["b done", "b sees its disk"], runs_on_b)
    parted = TAKEOVER.apply(apart, ("kernels part", 0, 0))
    back = TAKEOVER.apply(with_budget(taken, Budget(returns=1)), ("power returns", 0, 0))

    home = walk(TAKEOVER, back, [("daemon starts", 0, 0), ("done", 0, 0), ("sees its disk", 0, 0)])

    def scenario(name: str, depth: int, budget: Budget, world: World) -> Scenario:
        return Scenario(name, TAKEOVER, (with_budget(world, budget),), depth)

    return [
        scenario("all is well", 5, Budget(daemon=1, power=1, path=1), owner),
        scenario("the owner lost power", 6, Budget(returns=1, fence=1, daemon=1), lost),
        scenario("the path is cut", 4, Budget(power=1, daemon=1, fence=1), apart),
        scenario("the kernels have parted", 6, Budget(power=1), parted),
        scenario("the standby shoots", 5, Budget(fence=1, returns=1), shot),
        scenario("the standby takes over", 6, Budget(returns=1, failures=1, daemon=1), gone),
        scenario("the old owner returns", 5, Budget(power=1, path=1, fence=1), back),
        scenario("the old owner is back, the new one may die", 6, Budget(power=1), home),
    ]


def ordered(n: int, what: str) -> Callable[[World], bool]:
    """That node has ordered this, and it has not ended."""
    return lambda world: any(p.what == what for p in world.nodes[n].pending)


def runs_on_b(world: World) -> bool:
    """The takeover is complete."""
    return world.nodes[1].truth == UP


def settled(explorer: Explorer, volume: Volume | None) -> World:
    """a runs the service, b stands by, nothing is in flight."""
    world = World((Node(), Node()), volume=volume)
    world = walk(explorer, world, [("daemon starts", 0, 0), ("daemon starts", 1, 0)])
    for _round in range(12):
        world = walk(explorer, talk(explorer, world), [("tick", 0, 0), ("tick", 1, 0)])
    world = talk(explorer, world)
    shop = [node.state.services[0] for node in world.nodes if node.state is not None]
    assert [s.local.value for s in shop] == ["running", "stopped"], shop
    return world


def talk(explorer: Explorer, world: World) -> World:
    """Everything that waits happens, without a fault."""
    for _round in range(40):
        quiet = [m for m in explorer.moves(world) if m[0] not in ("tick", "path cut")]
        if not quiet:
            break
        world = explorer.apply(world, quiet[0])
    return world


def walk(explorer: Explorer, world: World, moves: list[Move]) -> World:
    """Take these moves."""
    for move in moves:
        world = explorer.apply(world, move)
    return world


def commanded(explorer: Explorer, world: World, n: int, verb: events.Verb) -> World:
    """An operator's command arrives on that node."""
    command = events.Command(1, verb, SHOP if verb is events.Verb.SWITCHOVER else "", "test")
    return explorer.command(world, n, command)


def reach(
    explorer: Explorer, world: World, moves: list[str], until: Callable[[World], bool]
) -> World:
    """Take the first possible of these moves, over and over, until it is so."""
    for _round in range(200):
        if until(world):
            return world
        wanted = [
            m for name in moves for m in explorer.moves(world) if f"{'ab'[m[1]]} {m[0]}" == name
        ]
        world = explorer.apply(world, wanted[0])
    raise AssertionError("this moment is never reached")


def with_budget(world: World, budget: Budget) -> World:
    """The same moment, with these faults still to come."""
    return replace(world, budget=budget, notes=())
