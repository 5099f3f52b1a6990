# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A PostgreSQL server that can be told to misbehave."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time

_INSERT = re.compile(r"INSERT INTO \w+ \(run, number\) VALUES \('\w+', (\d+)\)")


class FakePostgres:
    """Speaks enough of the protocol for the client and keeps the numbers it was given.

    ``behave(number)`` decides what happens to an insert: "ack"; "refuse" with an error; "lose":
    confirmed but not kept; "twice": kept twice; "drop": neither kept nor answered, connection
    closed; "keep-and-drop": kept, connection closed before the answer; "hang": no answer;
    "trickle": an endless answer of one byte at a time.
    """

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.plan: dict[int, str] = {}
        self.connections = 0
        self.seen = threading.Condition()
        self.inserts = 0
        self._server = socket.create_server(("127.0.0.1", 0))
        self._closing = False
        self._links: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.getsockname()[1])

    def wait_inserts(self, count: int) -> None:
        with self.seen:
            assert self.seen.wait_for(lambda: self.inserts >= count, timeout=20), "no inserts came"

    def close(self) -> None:
        self._closing = True
        self._server.close()
        for link in self._links:
            link.close()

    def _accept(self) -> None:
        while not self._closing:
            try:
                link, _address = self._server.accept()
            except OSError:
                return
            self._links.append(link)
            self.connections += 1
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        try:
            with link, link.makefile("rb") as stream:
                (length,) = struct.unpack("!i", stream.read(4))
                stream.read(length - 4)
                link.sendall(_message(b"R", struct.pack("!i", 0)) + _READY)
                while True:
                    head = stream.read(5)
                    if len(head) < 5 or head[:1] == b"X":
                        return
                    body = stream.read(struct.unpack("!i", head[1:])[0] - 4)
                    if not self._query(link, body.rstrip(b"\0").decode()):
                        return
        except (OSError, ValueError, struct.error):
            return

    def _query(self, link: socket.socket, sql: str) -> bool:
        insert = _INSERT.search(sql)
        if sql.startswith("SELECT number"):
            rows = [_row(str(number)) for number in self.numbers]
            answer = _DESCRIPTION + b"".join(rows) + _message(b"C", b"SELECT\0")
        elif sql.startswith("SELECT 1"):
            answer = _DESCRIPTION + _row("1") + _message(b"C", b"SELECT 1\0")
        elif insert:
            outcome = self._insert(int(insert[1]))
            if outcome in ("drop", "keep-and-drop"):
                return False
            if outcome == "hang":
                return True
            if outcome == "trickle":
                link.sendall(_message(b"N", b"\0" * 5000)[:5])
                for _round in range(5000):
                    link.sendall(b"\0")
                    time.sleep(0.02)
            answer = _message(b"C", b"INSERT 0 1\0")
            if outcome == "refuse":
                answer = _message(b"E", b"SERROR\0C25006\0Mread-only transaction\0\0")
        else:
            answer = _message(b"C", b"OK\0")
        link.sendall(answer + _READY)
        return True

    def _insert(self, number: int) -> str:
        outcome = self.plan.get(number, "ack")
        if outcome in ("ack", "keep-and-drop", "twice"):
            self.numbers.append(number)
        if outcome == "twice":
            self.numbers.append(number)
        with self.seen:
            self.inserts += 1
            self.seen.notify_all()
        return outcome


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def _row(text: str) -> bytes:
    value = text.encode()
    return _message(b"D", struct.pack("!hi", 1, len(value)) + value)


_READY = _message(b"Z", b"I")
_DESCRIPTION = _message(
    b"T", struct.pack("!h", 1) + b"number\0" + struct.pack("!ihihih", 0, 0, 20, 8, -1, 0)
)
