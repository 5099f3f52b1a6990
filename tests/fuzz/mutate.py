# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spoils sound samples: their bytes, and where they are JSON their structure. Seeded."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

HUGE = "@huge@"
"""Stands for a number that json.dumps refuses to write."""
TOKENS = (
    *(
        b"NaN",
        b"-Infinity",
        b"1e999",
        b"-0",
        b"null",
        b"true",
        b'{"$":',
        b'"',
        b"\\ud800",
        b"\\u0000",
    ),
    *(b"[" * 80, b"[" * 3000, b'{"a":' * 500, b"9" * 25, b"9" * 4400, b"\xff\xfe", b"\xed\xa0\x80"),
    *(
        b"\x00",
        b"\n",
        b"\r\n",
        b"\x1b[2J",
        b"\xe2\x80\xae",
        b"=",
        b"%",
        b"{",
        b"}",
        b"]",
        b":",
        b",",
    ),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, -7, 0.5, -0.0, 1e-9, 1e308, 2**31, 2**53 + 1, 2**63, 2**64),
    *(
        10**11,
        10**30,
        10**400,
        float("nan"),
        float("inf"),
        HUGE,
        "",
        " ",
        "x",
        "0",
        "1",
        "on",
        "a\nb",
    ),
    *(
        "\x00",
        "\x1b[31m",
        "\u202e",
        "\ud800",
        "\x85",
        "é",
        "../../etc",
        "/",
        "/dev/null",
        "%s",
        "{{ x }}",
    ),
    *(
        "x" * 70,
        "x" * 5000,
        "10.0.0.1/24",
        "::1",
        "00:00",
        "node1",
        "node9",
        [],
        {},
        [[]],
        [None],
        [1],
    ),
    *(
        {"": ""},
        {"$": "Tick"},
        {"name": "x"},
        [{}],
        ["x"] * 300,
        "9" * 40,
        "0x10",
        "1_000",
        "\uff11",
    ),
)


def spoil(rng: Random, samples: list[bytes]) -> bytes:
    """One input: a sample with one to a few changes, seldom nothing but noise."""
    if rng.random() < 0.02:
        return rng.randbytes(rng.randrange(200))
    data = rng.choice(samples)
    if rng.random() < 0.7:
        lines = data.split(b"\n")
        at = rng.randrange(len(lines))
        try:
            value = json.loads(lines[at])
            for _round in range(_few(rng)):
                value = _change(rng, value)
            lines[at] = _dump(rng, value)
        except (ValueError, RecursionError):
            pass  # it is no JSON, or nested too deeply to be changed once more
        else:
            data = b"\n".join(lines)
            if rng.random() < 0.8:
                return data
    for _round in range(_few(rng)):
        data = _bytes(rng, data, samples)
    return data


def _few(rng: Random) -> int:
    return 1 if rng.random() < 0.6 else rng.randrange(2, 6)


def _bytes(rng: Random, data: bytes, samples: list[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    end = min(len(data), at + rng.choice((1, 1, 2, 8, 64, 1000)))
    way = rng.randrange(7)
    if way == 0:
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    if way == 1:
        return data[:at] + data[end:]
    if way == 2:
        return data[:end] + data[at:]
    if way == 3:
        return data[:at]
    if way == 4:
        other = rng.choice(samples)
        return data[:at] + other[rng.randrange(len(other) + 1) :]
    if way == 5:
        return data[:at] + rng.randbytes(rng.randrange(1, 9)) + data[end:]
    return data[:at] + rng.choice(TOKENS) + data[rng.choice((at, end)) :]


def _change(rng: Random, value: Any) -> Any:
    """The value with one place in it changed; the places near the root are not preferred."""
    places = _places(value)
    if not places:
        return _fresh(rng)
    holder, key = rng.choice(places)
    way = rng.randrange(8)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, dict):
        holder[rng.choice((f"{key}x", "", "name", "$", "\ud800", str(rng.random())))] = holder.pop(
            key
        )
    elif way == 2:
        other, from_key = rng.choice(places)
        # A copy: two places must not share what a later change alters.
        holder[key] = json.loads(
            json.dumps(other.get(from_key) if isinstance(other, dict) else other[from_key])
        )
    elif way == 3:
        holder[key] = _nested(rng, holder[key])
    elif way == 4 and isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
        holder[key] = rng.choice(
            (-holder[key], holder[key] + 1, holder[key] * 2**33, str(holder[key]))
        )
    elif way == 5 and isinstance(holder[key], str):
        text, at = holder[key], rng.randrange(len(holder[key]) + 1)
        holder[key] = (
            text[:at]
            + rng.choice(("\n", "\x00", "\ud800", "\u202e", "'", "/", ".", "é", "x" * 99))
            + text[at:]
        )
    else:
        holder[key] = _fresh(rng)
    return value


def _fresh(rng: Random) -> Any:
    """A value of its own: what a later change does to it must not reach the next input."""
    return copy.deepcopy(rng.choice(VALUES))


def _places(value: Any) -> list[tuple[Any, Any]]:
    found, todo = [], [value]
    while todo:
        here = todo.pop()
        keys: Any = (
            here if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        )
        for key in keys:
            found.append((here, key))
            if isinstance(here[key], list | dict):
                todo.append(here[key])
    return found


def _nested(rng: Random, value: Any) -> Any:
    for _level in range(rng.choice((1, 1, 2, 70, 400))):
        value = [value] if rng.random() < 0.5 else {"a": value}
    return value


def _dump(rng: Random, value: Any) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=rng.random() < 0.8, separators=(",", ":"))
    except (RecursionError, ValueError):
        return b"[" * 1000
    return text.replace(f'"{HUGE}"', "9" * rng.choice((21, 400, 4400))).encode(
        "utf-8", "surrogatepass"
    )
