# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fetches two pages: one must answer 200, the other must keep its session."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import Any

from lab.client.deadline import connect
from lab.client.pace import Pace
from lab.client.recording import Recorder

_LIMIT = 1 << 20  # bytes of one answer


@dataclass(frozen=True)
class Page:
    """What to fetch and what to expect."""

    host: str
    port: int
    path: str
    marker: str = ""
    """Text that the body must contain."""
    deadline_s: float = 1.0


@dataclass(frozen=True)
class Answer:
    """An answer over HTTP."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str

    def header(self, name: str) -> str:
        """Value of a header, empty when it is missing."""
        return next((value for key, value in self.headers if key == name.lower()), "")


def fetch(page: Page, cookie: str = "") -> Answer:
    """Fetch the page over a new connection.

    :raises OSError: no connection, no answer before the deadline, or not HTTP.
    """
    name = f"[{page.host}]" if ":" in page.host else page.host
    request = f"GET {page.path} HTTP/1.0\r\nHost: {name}\r\n"
    request += f"Cookie: {cookie}\r\n\r\n" if cookie else "\r\n"
    with connect(page.host, page.port, page.deadline_s) as link:
        link.sendall(request.encode())
        data = b""
        while len(data) < _LIMIT:
            piece = link.recv(65536)
            if not piece:
                break
            data += piece
    return parse(data)


def parse(data: bytes) -> Answer:
    """Parse an HTTP answer.

    :raises OSError: it is not an HTTP answer, or shorter than its header says.
    """
    head, separator, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    first = re.match(r"HTTP/1\.[01] (\d{3})", lines[0])
    if not first or not separator:
        raise OSError("the HTTP answer is incomplete")
    headers = tuple(
        (name.strip().lower(), value.strip())
        for name, _colon, value in (line.partition(":") for line in lines[1:])
    )
    answer = Answer(int(first[1]), headers, body.decode("utf-8", "replace"))
    length = answer.header("content-length")
    if length.isdigit() and len(body) < int(length):
        raise OSError("the answer was cut off")
    return answer


class PageReader(threading.Thread):
    """Fetches a page at a steady beat."""

    def __init__(
        self, page: Page, interval_s: float, recorder: Recorder, stop: threading.Event
    ) -> None:
        super().__init__(name="pages", daemon=True)
        self._page = page
        self._recorder = recorder
        self._pace = Pace(interval_s, stop)

    def run(self) -> None:
        """Fetch until the stop event is set."""
        while self._pace.wait():
            began = time.monotonic()
            fields: dict[str, Any] = {}
            try:
                answer = fetch(self._page)
                right = answer.status == 200 and self._page.marker in answer.body
                if answer.status != 200:
                    fields["detail"] = f"status {answer.status}"
                elif not right:
                    fields["detail"] = "the page lacks the expected text"
            except OSError as error:
                right, fields["detail"] = False, str(error) or type(error).__name__
            self._recorder.write(
                "page",
                outcome="ok" if right else "failed",
                seconds=round(time.monotonic() - began, 6),
                **fields,
            )


class SessionKeeper(threading.Thread):
    """Visits the sample application again and again in one session.

    The page shows how often the session has visited it. The count must grow: ``lost`` means that
    the server no longer knew the session.
    """

    def __init__(
        self,
        page: Page,
        pattern: re.Pattern[str],
        interval_s: float,
        recorder: Recorder,
        stop: threading.Event,
    ) -> None:
        super().__init__(name="session", daemon=True)
        self._page = page
        self._pattern = pattern
        self._recorder = recorder
        self._pace = Pace(interval_s, stop)
        self._cookie = ""
        self._visits = 0

    def run(self) -> None:
        """Visit until the stop event is set."""
        while self._pace.wait():
            try:
                answer = fetch(self._page, self._cookie)
            except OSError as error:
                self._recorder.write("session", outcome="failed", detail=str(error))
                continue
            self._recorder.write("session", **self.judge(answer))

    def judge(self, answer: Answer) -> dict[str, Any]:
        """The state of the session by this answer."""
        found = self._pattern.search(answer.body)
        if answer.status != 200 or not found:
            return {"outcome": "failed", "detail": f"status {answer.status}, no visit count"}
        visits, before = int(found[1]), self._visits
        given = answer.header("set-cookie").split(";")[0]
        self._cookie = given or self._cookie
        self._visits = visits
        if before == 0:
            outcome = "new"
        elif visits == 1:
            outcome = "lost"
        else:
            # A count that the dead owner had not yet written to its disk may be counted again.
            outcome = "kept" if visits > before else "rewound"
        return {"outcome": outcome, "visits": visits}
