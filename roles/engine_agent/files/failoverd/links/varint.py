# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of numbers and of pieces of bytes, in a compact form.

A number is written seven bits to a byte, the lowest first; the highest bit says that more follow.
A piece is the number of its bytes, then the bytes.
"""

from __future__ import annotations

from collections.abc import Iterable

LARGEST = 2**64
"""Upper limit of every number."""


def number(value: int) -> bytes:
    """One number. A negative or too large number becomes the nearest valid one."""
    value = min(max(value, 0), LARGEST - 1)
    result = bytearray()
    while value > 127:
        result.append(value & 127 | 128)
        value >>= 7
    result.append(value)
    return bytes(result)


def numbers(values: Iterable[int]) -> bytes:
    """Several numbers, without zeros at the end: a reader takes 0 for missing numbers."""
    row = list(values)
    while row and row[-1] == 0:
        row.pop()
    return b"".join([number(value) for value in row])


def pieces(values: Iterable[bytes]) -> bytes:
    """Several pieces."""
    return b"".join([number(len(value)) + value for value in values])


def read_numbers(data: bytes) -> list[int]:
    """The inverse of numbers(), without the zeros at the end. Raises ValueError."""
    result, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 127) << shift
        if byte > 127:
            shift += 7
            if shift > 63:
                raise ValueError("too large")
            continue
        if value >= LARGEST:
            raise ValueError("too large")
        result.append(value)
        value = shift = 0
    if shift:
        raise ValueError("cut off")
    return result


def first_piece(data: bytes) -> tuple[bytes, bytes]:
    """The first piece of the data, and the rest. Raises ValueError."""
    size = shift = 0
    for at, byte in enumerate(data[:5], 1):
        size |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            if at + size > len(data):
                break
            return data[at : at + size], data[at + size :]
    raise ValueError("cut off")


def read_pieces(data: bytes) -> list[bytes]:
    """The inverse of pieces(). Raises ValueError."""
    result = []
    while data:
        piece, data = first_piece(data)
        result.append(piece)
    return result
