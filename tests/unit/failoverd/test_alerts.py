# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts reach people: as mail, webhook and command, in a storm as one summary."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from failoverd.alerts import channels, outbox
from failoverd.alerts.batch import KEPT, Batch
from failoverd.alerts.channels import NotSent
from failoverd.alerts.compose import Message, compose, fill
from failoverd.alerts.outbox import Outbox
from failoverd.alerts.settings import Channel, CommandSettings, MailSettings, WebhookSettings
from failoverd.config import parse
from failoverd.formats.schema import ConfigError
from failoverd.journal.history import History
from tests.unit.bounded import begun, serves


def serving(served: Outbox) -> asyncio.Future[Any]:
    return asyncio.gather(*(work() for _name, work in served.tasks()))


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message gathers what is told at one moment, and waits for no more."""
    monkeypatch.setattr(outbox, "Batch", lambda: Batch(gather_s=0.0))


def entry(text: str, level: str = "alert", code: str = "late") -> dict[str, Any]:
    return {"time": 0.0, "level": level, "code": code, "text": text}


NOTICE = compose("shop", "node1", [(entry("node2 is silent"), 1)])


class Told:
    """A history that keeps what it is told."""

    def __init__(self) -> None:
        self.codes: list[str] = []
        self.texts: list[str] = []

    def add(self, code: str, text: str, **more: Any) -> None:
        self.codes.append(code)
        self.texts.append(text)


class Server(HTTPServer):
    """A web server on loopback that keeps what is posted."""

    status = 200
    got: list[tuple[str, Any]]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: Any) -> None:
        pass


@pytest.fixture
def web() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.got = []
    with serves(server):
        yield server


def hook(web: Server, body: Any = None) -> WebhookSettings:
    return WebhookSettings("chat", f"http://127.0.0.1:{web.server_port}/x?token=s3cret", body)


def test_a_webhook_gets_all_that_is_known_or_what_its_template_says(web: Server) -> None:
    asyncio.run(channels.send(hook(web), NOTICE))
    asyncio.run(channels.send(hook(web, {"text": "{subject}", "to": ["#ops"], "n": 1}), NOTICE))
    [(path, plain), (_path, filled)] = web.got
    assert path == "/x?token=s3cret"
    assert (plain["level"], plain["entries"][0]["code"]) == ("alert", "late")
    assert filled == {
        "text": "[shop] ALERT on node1: node2 is silent",
        "to": ["#ops"],
        "n": 1,
    }


def test_a_refusal_says_why_and_shows_no_secret(web: Server) -> None:
    web.status = 302
    with pytest.raises(NotSent, match=r"^127\.0\.0\.1 answered HTTP 302$"):
        asyncio.run(channels.send(hook(web), NOTICE))
    nobody = WebhookSettings("chat", "http://127.0.0.1:1/s3cret")
    with pytest.raises(NotSent, match=r"^Connection refused$"):
        asyncio.run(channels.send(nobody, NOTICE))
    assert "s3cret" not in repr(hook(web))


async def smtp_server(lines: list[str]) -> asyncio.Server:
    """Speaks as much SMTP (RFC 5321) as a message needs."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        in_message = False
        while raw := await reader.readline():
            line = raw.decode().rstrip("\r\n")
            lines.append(line)
            if in_message and line != ".":
                continue
            in_message = line.upper() == "DATA"
            code = {"DATA": 354, "QUIT": 221}.get(line.upper(), 250)
            writer.write(b"%d well\r\n" % code)
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


def mail(port: int, **more: Any) -> MailSettings:
    about = {"server": "127.0.0.1", "encryption": "none", **more}
    return MailSettings("mail", ("ops@example.org",), "node1@example.org", port=port, **about)


def test_a_mail_goes_to_its_server() -> None:
    lines: list[str] = []

    async def main() -> None:
        server = await smtp_server(lines)
        async with server:
            await channels.send(mail(server.sockets[0].getsockname()[1]), NOTICE)

    asyncio.run(main())
    assert "Subject: [shop] ALERT on node1: node2 is silent" in lines
    assert "To: ops@example.org" in lines
    assert "Auto-Submitted: auto-generated" in lines
    assert any(line.endswith("! node2 is silent") for line in lines)


def test_a_password_is_never_sent_to_a_server_without_encryption() -> None:
    lines: list[str] = []

    async def main() -> None:
        server = await smtp_server(lines)
        async with server:
            port = server.sockets[0].getsockname()[1]
            secret = mail(port, encryption="starttls", username="ops", password="s3cret")
            with pytest.raises(NotSent, match="SMTPNotSupportedError"):
                await channels.send(secret, NOTICE)

    asyncio.run(main())
    assert not any("AUTH" in line or "s3cret" in line for line in lines)


def left_behind(before: set[threading.Thread]) -> set[threading.Thread]:
    """Threads that were not there before and do not end."""
    fresh = set(threading.enumerate()) - before
    for thread in fresh:
        thread.join(10)
    return {thread for thread in fresh if thread.is_alive()}


DRIPS = {
    "status line": (hook, b"HTTP/1.1 200 O"),
    "header": (hook, b"HTTP/1.1 200 OK\r\nX-Long: "),
    "mail's greeting": (mail, b"220-welcome\r\n"),
    "mail's answer": (mail, b"220 welcome\r\n250-"),
}


@pytest.mark.finding("X7")
@pytest.mark.parametrize(("make", "begin"), DRIPS.values(), ids=DRIPS)
def test_a_server_that_drips_keeps_no_thread(
    make: Any, begin: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each byte is in time, and the end never comes: one deadline ends the whole."""
    monkeypatch.setattr(channels, "WHOLE_S", 0.5)
    ended = threading.Event()

    def drip(listener: socket.socket) -> None:
        connection, _sender = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.sendall(begin)
            while True:
                connection.sendall(b"250-more\r\n" if make is mail else b"x")
                time.sleep(0.02)
        ended.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        begun(drip, listener)
        port = listener.getsockname()[1]
        url = f"http://127.0.0.1:{port}/hidden-word"
        channel = mail(port) if make is mail else WebhookSettings("hook", url)
        before = set(threading.enumerate())
        with pytest.raises(NotSent, match=r"no end after|no answer in time"):
            asyncio.run(channels.send(channel, NOTICE))
        assert not left_behind(before)
        assert ended.wait(30), "the connection is closed, too"


@pytest.mark.finding("X7")
def test_a_server_that_drips_in_the_handshake_keeps_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channels, "WHOLE_S", 0.5)

    def drip(listener: socket.socket) -> None:
        connection, _sender = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(5)
            connection.sendall(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc")  # 16 KiB will come
            while True:
                connection.sendall(b"\x03")
                time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        begun(drip, listener)
        port = listener.getsockname()[1]
        before = set(threading.enumerate())
        channel = WebhookSettings("hook", f"https://127.0.0.1:{port}/x")
        with pytest.raises(NotSent, match=r"no end after|no answer in time"):
            asyncio.run(channels.send(channel, NOTICE))
        assert not left_behind(before)


def test_a_command_gets_json_and_its_failure_is_told(tmp_path: Path, script: Any) -> None:
    good = script("good", f"cat > {tmp_path}/got")
    asyncio.run(channels.send(CommandSettings("pager", (good,)), NOTICE))
    assert json.loads((tmp_path / "got").read_text())["node"] == "node1"
    bad = script("bad", "echo no signal >&2; exit 3")
    with pytest.raises(NotSent, match="exit status 3: no signal"):
        asyncio.run(channels.send(CommandSettings("pager", (bad,)), NOTICE))


def test_the_local_sendmail_gets_the_whole_message(
    tmp_path: Path, script: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = script("sendmail", f'echo "$@" > {tmp_path}/argv; cat > {tmp_path}/got')
    monkeypatch.setattr(channels, "SENDMAIL", program)
    asyncio.run(channels.send(mail(25, server=""), NOTICE))
    assert (tmp_path / "argv").read_text() == "-i -- ops@example.org\n"
    assert "node2 is silent" in (tmp_path / "got").read_text()


def test_a_storm_becomes_one_summary() -> None:
    batch = Batch(gather_s=2.0, pause_s=60.0)
    for number in range(5):
        batch.add(entry(f"first {number}"), 100.0)
    assert batch.due == 102.0
    entries, dropped = batch.take(102.0)
    assert (len(entries), dropped, batch.due) == (5, 0, None)
    for number in range(10_000):
        batch.add(entry("the same again"), 103.0)
        batch.add(entry(f"other {number}"), 103.0)
    assert batch.due == 162.0, "not before the pause has passed"
    entries, dropped = batch.take(162.0)
    assert len(entries) == KEPT and dropped == 10_001 - KEPT
    assert entries[0][1] == 10_000
    message = compose("shop", "node1", entries, dropped)
    assert "the same again (10000 times)" in message.text
    assert len(message.text) < 10_000 and len(message.subject) < 200
    batch.add(entry("much later"), 500.0)
    assert batch.due == 502.0


def test_the_subject_names_the_alert_and_holds_no_line_break() -> None:
    both = [(entry("it runs", "info"), 1), (entry("bad\nthing"), 1)]
    message = compose("shop", "node1", both)
    assert message.subject == "[shop] ALERT on node1: bad thing (and 1 more)"


def test_a_template_fills_in_known_words_only() -> None:
    assert fill("{node}: {x} {} {text", NOTICE) == "node1: {x} {} {text"
    tricky = compose("shop", "{cluster}", [(entry("a"), 1)])
    assert fill("{node}", tricky) == "{cluster}"


def test_alerts_and_good_news_of_the_history_are_delivered(
    tmp_path: Path, until: Any, soon: None
) -> None:
    sent: list[Message] = []

    async def send(channel: Channel, message: Message) -> None:
        sent.append(message)

    async def main() -> None:
        history = History(tmp_path, "node1")
        post = Outbox("shop", "node1", [CommandSettings("a", ("/x",))], history, send)
        history.listeners.append(post.take)
        task = serving(post)
        history.add("resource-up", "nobody wants to know")
        history.add("peer-silent", "node2 is silent", alert=True)
        history.add("takeover", "shop is taken over")
        # A failure of the notifications is never told by notification.
        history.add("notice-failed", "mail: no", alert=True)
        await until(lambda: sent)
        task.cancel()
        history.close()

    asyncio.run(main())
    [message] = sent
    assert [e["text"] for e in message.entries] == ["node2 is silent", "shop is taken over"]


def test_what_fails_is_tried_again_and_holds_up_no_other_channel(until: Any, soon: None) -> None:
    sent: list[str] = []
    told = Told()

    async def send(channel: Channel, message: Message) -> None:
        if channel.name == "dead":
            await asyncio.sleep(3600)
        sent.append(channel.name)
        if channel.name == "moody" and sent.count("moody") < 3:
            raise NotSent("busy")

    async def main() -> None:
        three = [CommandSettings(name, ("/x",)) for name in ("dead", "moody", "good")]
        post = Outbox("shop", "node1", three, told, send)
        post.retry_s = 0.01
        task = serving(post)
        post.take(entry("x"))
        await until(lambda: sent.count("moody") == 1)
        assert post.problems.get("moody") in (None, "busy")
        await until(lambda: sent.count("moody") == 3 and not post.problems)
        assert sent.count("good") == 1
        task.cancel()

    asyncio.run(main())
    assert told.texts == ["notification moody: busy"], "told once, not at each try"


def test_notify_test_says_what_became_of_each(web: Server) -> None:
    async def main() -> None:
        dead = CommandSettings("pager", ("/none",))
        post = Outbox("shop", "node1", [hook(web), dead], Told())
        both = await post.test()
        assert not both["ok"]
        assert both["text"] == "chat: delivered\npager: /none: /none: No such file or directory"
        assert await post.test("chat") == {"ok": True, "text": "chat: delivered"}
        unknown = await post.test("sms")
        assert unknown["text"] == "there is no notification sms; known: chat, pager"

    asyncio.run(main())
    assert "this is a test" in web.got[0][1]["text"]


MAIL = {"name": "mail", "method": "mail", "to": ["a@b.example"], "from": "c@d.example"}


@pytest.mark.parametrize(
    ("entries", "secrets", "sentence"),
    [
        ([{"name": "x", "method": "fax"}], {}, "notifications[0].method: must be one of"),
        ([{**MAIL, "to": []}], {}, "notifications[0].to: must hold at least one address"),
        ([{**MAIL, "to": ["ops"]}], {}, "notifications[0].to: 'ops' is not a mail address"),
        ([MAIL, MAIL], {}, "notifications[1].name: mail is used twice"),
        (
            [{**MAIL, "encryption": "none"}],
            {"mail": {"password": "hidden"}},
            "encryption: must not be none if a password is sent",
        ),
        ([{"name": "x", "method": "webhook"}], {}, "x.url: must be a non-empty text"),
        (
            [{"name": "x", "method": "webhook"}],
            {"x": {"url": "ftp://hidden"}},
            "x.url: does not begin with https:// or http://",
        ),
        (
            [{"name": "x", "method": "command", "command": ["tell"]}],
            {},
            "command: must be a list that begins with an absolute path",
        ),
        ([], {"x": {"url": "https://hidden"}}, "x: is not a notification of"),
    ],
)
def test_wrong_settings_are_refused_by_a_sentence_without_the_secret(
    cluster: dict[str, Any], texts: Any, entries: Any, secrets: Any, sentence: str
) -> None:
    cluster["notifications"] = entries
    with pytest.raises(ConfigError) as caught:
        parse({**texts(), "notifications.json": json.dumps(secrets)})
    assert sentence in str(caught.value)
    assert "hidden" not in str(caught.value)
