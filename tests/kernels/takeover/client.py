# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the book numbers, and records which of them it acknowledged.

``python -m tests.kernels.takeover.client ADDRESS PORT FILE``, until its standard input ends. A
number is sent once. A connection lasts until the service ends it, however slow the machine is; so
each connection after the first one stands for one interruption.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from lab.client.deadline import DeadlineSocket, connect
from lab.client.pace import Pace
from lab.client.recording import Recorder

BEAT_S = 0.05
CONNECT_S = 1.0
ANSWER_S = 60.0


def tell(link: DeadlineSocket, number: int) -> None:
    """Send a number and wait for its echo; OSError if there is none."""
    link.allow(ANSWER_S)
    link.sendall(f"{number}\n".encode())
    answer = b""
    while not answer.endswith(b"\n"):
        more = link.recv(64)
        if not more:
            raise ConnectionResetError("the service ended the connection")
        answer += more
    if int(answer) != number:
        raise ConnectionError(f"the service repeated {answer!r} for {number}")


def write(address: str, port: int, recorder: Recorder, stop: threading.Event) -> None:
    """Tell number after number until the event is set."""
    pace = Pace(BEAT_S, stop)
    link: DeadlineSocket | None = None
    number = 0
    while pace.wait():
        if link is None:
            try:
                link = connect(address, port, CONNECT_S)
            except OSError:
                stop.wait(BEAT_S)
                continue
            recorder.write("session")
        number += 1
        try:
            tell(link, number)
        except OSError as error:
            link.close()
            link = None
            recorder.write("row", outcome="unknown", number=number, detail=str(error))
        else:
            recorder.write("row", outcome="ack", number=number)
    if link is not None:
        link.close()


def main() -> None:
    """Write until standard input ends."""
    address, port, out = sys.argv[1:]
    stop = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
    recorder = Recorder(Path(out))
    write(address, int(port), recorder, stop)
    recorder.close()


if __name__ == "__main__":
    main()
