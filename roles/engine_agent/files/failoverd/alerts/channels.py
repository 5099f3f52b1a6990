# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways on which a notice leaves this host. Each raises NoticeError, which shows no secret."""

from __future__ import annotations

import asyncio
import http.client
import json
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any
from urllib.parse import urlsplit

from failoverd.system.aside import aside
from failoverd.system.process import run

from .compose import Notice, fill
from .exchange import Exchange, Smtp
from .settings import SENDMAIL, Channel, CommandSettings, MailSettings, WebhookSettings

SOCKET_S = 20.0
WHOLE_S = 60.0
CUT_S = 5.0
"""How long the thread of a conversation that was cut may take to end."""


class NoticeError(Exception):
    """It was not delivered; str() says why."""


async def send(channel: Channel, notice: Notice) -> None:
    """Deliver it, or raise NoticeError within WHOLE_S."""
    if isinstance(channel, CommandSettings):
        await _program(channel.argv, json.dumps(notice.as_json()) + "\n")
    elif isinstance(channel, WebhookSettings):
        await _thread(_post, channel, notice)
    elif channel.server:
        await _thread(_smtp, channel, notice)
    else:
        await _program((SENDMAIL, "-i", "--", *channel.to), _mail(channel, notice).as_string())


async def _thread(
    work: Callable[[Any, Notice, Exchange], None], channel: Channel, notice: Notice
) -> None:
    exchange = Exchange(WHOLE_S, SOCKET_S)

    def talk() -> None:
        try:
            work(channel, notice, exchange)
        finally:
            exchange.close()

    future = aside(talk)
    # Also when nobody waits for it any more, the loop must not complain of what came of it.
    future.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    await asyncio.wait([future], timeout=WHOLE_S)
    if not future.done():
        exchange.cut()
        await asyncio.wait([future], timeout=CUT_S)
        raise NoticeError(f"no end after {WHOLE_S:g} s")
    error = future.exception()
    if isinstance(error, NoticeError):
        raise error
    if error is not None:
        # Only what the system says of it: the rest may hold an address that is a secret.
        reason = error.strerror if isinstance(error, OSError) else None
        if isinstance(error, TimeoutError):
            reason = "no answer in time"
        raise NoticeError(reason or type(error).__name__)


async def _program(argv: tuple[str, ...], text: str) -> None:
    done = await run(*argv, stdin=text, timeout_s=WHOLE_S)
    if done.code != 0:
        code = "" if done.code is None else f"exit status {done.code}: "
        raise NoticeError(f"{argv[0]}: {code}{done.last_line}")


def _post(channel: WebhookSettings, notice: Notice, exchange: Exchange) -> None:
    url = urlsplit(channel.url)
    value = notice.as_json() if channel.body is None else fill(channel.body, notice)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.hostname or "", url.port)
    vars(connection)["_create_connection"] = exchange.connect
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    headers = {"Content-Type": "application/json", "User-Agent": "failoverd"}
    try:
        connection.request("POST", path, json.dumps(value).encode(), headers)
        status = connection.getresponse().status
    finally:
        connection.close()
    if not 200 <= status < 300:
        # A redirection is not followed: it would hand the secret address on.
        raise NoticeError(f"{url.hostname} answered HTTP {status}")


def _smtp(channel: MailSettings, notice: Notice, exchange: Exchange) -> None:
    context = ssl.create_default_context()
    tls = context if channel.encryption == "tls" else None
    try:
        with Smtp(exchange, channel.server, channel.port, notice.node, tls) as server:
            if channel.encryption == "starttls":
                server.starttls(context=context)
            if channel.username:
                server.login(channel.username, channel.password)
            server.send_message(_mail(channel, notice))
    except smtplib.SMTPResponseException as error:
        raise NoticeError(f"{channel.server} answered SMTP {error.smtp_code}") from None
    except smtplib.SMTPException as error:
        raise NoticeError(f"{channel.server}: {type(error).__name__}") from None


def _mail(channel: MailSettings, notice: Notice) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = notice.subject
    message["From"] = channel.sender
    message["To"] = ", ".join(channel.to)
    message["Date"] = formatdate(localtime=True)
    message["Message-ID"] = make_msgid(domain=channel.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notice.text + "\n")
    return message
