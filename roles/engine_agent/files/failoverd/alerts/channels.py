# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends messages by webhook, mail or program. Each raises NotSent, which shows no secret."""

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

from .compose import Message, fill
from .exchange import Exchange, Smtp
from .settings import SENDMAIL, Channel, CommandSettings, MailSettings, WebhookSettings

SOCKET_S = 20.0
WHOLE_S = 60.0
CUT_S = 5.0
"""Longest time that a thread takes to end after its connection was cut."""


class NotSent(Exception):
    """The message was not delivered; str() says why."""


async def send(channel: Channel, message: Message) -> None:
    """Deliver it, or raise NotSent within WHOLE_S."""
    if isinstance(channel, CommandSettings):
        await _program(channel.argv, json.dumps(message.as_json()) + "\n")
    elif isinstance(channel, WebhookSettings):
        await _thread(_post, channel, message)
    elif channel.server:
        await _thread(_smtp, channel, message)
    else:
        await _program((SENDMAIL, "-i", "--", *channel.to), _mail(channel, message).as_string())


async def _thread(
    work: Callable[[Any, Message, Exchange], None], channel: Channel, message: Message
) -> None:
    exchange = Exchange(WHOLE_S, SOCKET_S)

    def talk() -> None:
        try:
            work(channel, message, exchange)
        finally:
            exchange.close()

    future = aside(talk)
    # If nobody waits for it any more, the event loop must not complain about its error.
    future.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    await asyncio.wait([future], timeout=WHOLE_S)
    if not future.done():
        exchange.cut()
        await asyncio.wait([future], timeout=CUT_S)
        raise NotSent(f"no end after {WHOLE_S:g} s")
    error = future.exception()
    if isinstance(error, NotSent):
        raise error
    if error is not None:
        # Only the reason of the system: the rest may contain a secret address.
        reason = error.strerror if isinstance(error, OSError) else None
        if isinstance(error, TimeoutError):
            reason = "no answer in time"
        raise NotSent(reason or type(error).__name__)


async def _program(argv: tuple[str, ...], text: str) -> None:
    done = await run(*argv, stdin=text, timeout_s=WHOLE_S)
    if done.code != 0:
        code = "" if done.code is None else f"exit status {done.code}: "
        raise NotSent(f"{argv[0]}: {code}{done.last_line}")


def _post(channel: WebhookSettings, message: Message, exchange: Exchange) -> None:
    url = urlsplit(channel.url)
    value = message.as_json() if channel.body is None else fill(channel.body, message)
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
        # Do not follow a redirection: it would pass on the secret address.
        raise NotSent(f"{url.hostname} answered HTTP {status}")


def _smtp(channel: MailSettings, message: Message, exchange: Exchange) -> None:
    context = ssl.create_default_context()
    tls = context if channel.encryption == "tls" else None
    try:
        with Smtp(exchange, channel.server, channel.port, message.node, tls) as server:
            if channel.encryption == "starttls":
                server.starttls(context=context)
            if channel.username:
                server.login(channel.username, channel.password)
            server.send_message(_mail(channel, message))
    except smtplib.SMTPResponseException as error:
        raise NotSent(f"{channel.server} answered SMTP {error.smtp_code}") from None
    except smtplib.SMTPException as error:
        raise NotSent(f"{channel.server}: {type(error).__name__}") from None


def _mail(channel: MailSettings, message: Message) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = channel.sender
    mail["To"] = ", ".join(channel.to)
    mail["Date"] = formatdate(localtime=True)
    mail["Message-ID"] = make_msgid(domain=channel.sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text + "\n")
    return mail
