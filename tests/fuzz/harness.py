# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a target on many inputs; keeps each one that escaped, hung or took too much memory."""

from __future__ import annotations

import gc
import hashlib
import resource
import signal
import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from . import targets
from .mutate import spoil
from .target import Target

KEPT = Path(__file__).parent / "kept"
LIMIT_S = 20.0
"""For one input. It takes milliseconds; the machine may be busy."""
GROWTH_BYTES = 256 << 20
"""So much more memory than at the beginning is too much, for one input or for all."""
LOOK_EVERY = 500
MOST_ESCAPES = 20


class Hang(BaseException):
    """An input was not done with in time. No Exception: no code under test may catch it."""


@dataclass
class Result:
    """What came of one target."""

    target: str
    seed: int
    inputs: int = 0
    seconds: float = 0.0
    grown_mib: float = 0.0
    escapes: list[dict[str, str]] = field(default_factory=list)


def inputs_of(target: Target, seed: int) -> Iterator[bytes]:
    """The inputs of a seed, without end; the same ones each time."""
    rng = Random(f"{target.name} {seed}")
    while True:
        yield target.seal(rng, spoil(rng, target.samples))


def check(target: Target, data: bytes, *, sound: bool = False) -> str:
    """Run one input; returns what escaped, empty if nothing did. sound: it has to be accepted."""
    try:
        with _limited(LIMIT_S):
            if target.run(data) is False and sound:
                return "it is refused"
    except Hang:
        return f"hang: not done after {LIMIT_S:g} s"
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        words = str(error)[:200].encode("ascii", "backslashreplace").decode()
        return f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}: {words}"
    return ""


def run(target: Target, count: int, seed: int, kept: Path = KEPT) -> Result:
    """Samples as they are first, which have to pass; then count spoilt inputs."""
    result = Result(target.name, seed)
    began, before = time.monotonic(), _resident()
    for data in target.samples:
        if said := check(target, target.seal(Random(0), data), sound=True):
            result.escapes.append({"what": f"a sound sample: {said}", "kept": ""})
    for number, data in enumerate(inputs_of(target, seed), 1):
        if said := check(target, data):
            _keep(result, data, said, kept)
        result.inputs = number
        if number % LOOK_EVERY == 0 or number == count:
            grown = _resident() - before
            result.grown_mib = round(max(result.grown_mib, grown / 2**20), 1)
            if grown > GROWTH_BYTES:
                _keep(result, data, f"memory: {grown >> 20} MiB more than at first", kept)
                break
        if number >= count or len(result.escapes) >= MOST_ESCAPES:
            break
    result.seconds = round(time.monotonic() - began, 1)
    return result


def run_alone(work: tuple[str, int, int]) -> Result:
    """A target, how many inputs, the seed; in a process of its own, whose memory is limited.

    An input that asks for too much gets MemoryError, which escapes.
    """
    name, count, seed = work
    target = targets.load(name)
    most = _resident() + 4 * GROWTH_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    return run(target, count, seed)


def kept_inputs(name: str, kept: Path = KEPT) -> Iterable[Path]:
    """The inputs that escaped once."""
    return sorted(kept.glob(f"{name}-*"))


def _keep(result: Result, data: bytes, said: str, kept: Path) -> None:
    if any(said == escape["what"] for escape in result.escapes):
        return
    path = kept / f"{result.target}-{hashlib.sha256(data).hexdigest()[:12]}"
    kept.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    result.escapes.append({"what": said, "kept": path.name})


def _resident() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize()


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def late(_number: int, _frame: FrameType | None) -> None:
        raise Hang

    old = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
