# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of notifications; their secrets come from a file of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from failoverd.formats.schema import ConfigError, Section
from failoverd.rules.forms import hook_url_problem, mail_problem

ENCRYPTIONS = ("starttls", "tls", "none")
PORTS = {"starttls": 587, "tls": 465, "none": 25}
SENDMAIL = "/usr/sbin/sendmail"
METHODS = ("mail", "webhook", "command")


@dataclass(frozen=True)
class MailSettings:
    """By SMTP if a server is named, else by the sendmail of the host."""

    name: str
    to: tuple[str, ...]
    sender: str
    server: str = ""
    port: int = 587
    encryption: str = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class WebhookSettings:
    """A POST of JSON. The URL is a secret: everybody who knows it may write."""

    name: str
    url: str = field(repr=False)
    body: Any = None
    """Template, in whose texts {subject}, {text} and so on are filled in. None: all fields."""


@dataclass(frozen=True)
class CommandSettings:
    """A program that gets JSON on its standard input."""

    name: str
    argv: tuple[str, ...]


Channel = MailSettings | WebhookSettings | CommandSettings


def parse_channels(
    top: Section, secrets: Mapping[str, Mapping[str, str]], file: str
) -> tuple[Channel, ...]:
    """Read notifications of the whole document; file holds the secrets. Raises ConfigError."""
    result: list[Channel] = []
    for entry in top.sections("notifications"):
        name = entry.name("name")
        if name in {channel.name for channel in result}:
            raise entry.fail("name", f"{name} is used twice")
        result.append(_channel(entry, name, Section(dict(secrets.get(name, {})), file, name)))
        entry.done()
    for name in secrets:
        if name not in {channel.name for channel in result}:
            raise ConfigError(f"{file}: {name}: is not a notification of {top.file}.")
    return tuple(result)


def _channel(entry: Section, name: str, secret: Section) -> Channel:
    method = entry.text("method")
    result: Channel
    if method == "mail":
        encryption = entry.choice("encryption", ENCRYPTIONS)
        result = MailSettings(
            name=name,
            to=entry.texts("to"),
            sender=entry.text("from"),
            server=entry.text("server", ""),
            port=entry.integer("port", PORTS[encryption], 1, 65535),
            encryption=encryption,
            username=entry.text("username", ""),
            password=secret.text("password", ""),
        )
        if not result.to:
            raise entry.fail("to", "must hold at least one address")
        for text in (*result.to, result.sender):
            rule = mail_problem(text)
            if rule:
                raise entry.fail("to", f"{text!r} {rule}")
        if result.password and encryption == "none":
            raise entry.fail("encryption", "must not be none if a password is sent")
    elif method == "webhook":
        result = WebhookSettings(name, secret.text("url"), entry.raw("body"))
        rule = hook_url_problem(result.url)
        if rule:
            raise secret.fail("url", rule)
    elif method == "command":
        result = CommandSettings(name, entry.texts("command"))
        if not result.argv or not result.argv[0].startswith("/"):
            raise entry.fail("command", "must be a list that begins with an absolute path")
    else:
        raise entry.fail("method", f"must be one of {', '.join(METHODS)}, not {method}")
    secret.done()
    return result
