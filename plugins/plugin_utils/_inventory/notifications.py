# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""failover_notifications: who is told of alerts, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .._daemon import forms
from .._problems import Problem
from .checks import Command, Judged
from .kinds import Key, Kind, Name, Secret, Text, Whole
from .nested import Choice, ListOf
from .reading import Scope, same

ENCRYPTIONS = ("starttls", "tls", "none")


class HookUrl(Secret):
    """A URL is a secret: who knows it may write."""

    def read(self, where: str, value: Any, scope: Scope) -> str:
        url = super().read(where, value, scope)
        rule = forms.hook_url_problem(url)
        if rule:
            raise Problem(f"{where}: {rule}.")
        return url

    def says(self) -> str:
        return "secret URL of http or https"


class Body(Kind):
    """Any value that JSON knows."""

    type = "raw"

    def read(self, where: str, value: Any, scope: Scope) -> Any:
        same(where, value)
        try:
            return json.loads(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError, RecursionError):
            raise Problem(f"{where}: cannot be written as JSON.") from None

    def says(self) -> str:
        return "anything that JSON knows"


MAIL_ADDRESS = Judged(forms.mail_problem, "mail address")
METHODS: Mapping[str, Mapping[str, Key]] = {
    "mail": {
        "name": Key(Name(), "Name of the notification.", otherwise="the method"),
        "to": Key(
            ListOf(MAIL_ADDRESS, empty="a mail needs somebody to go to."),
            "Addresses that it goes to.",
            required=True,
        ),
        "from": Key(MAIL_ADDRESS, "Address that it comes from.", required=True),
        "server": Key(Text(), "Mail server.", otherwise="sendmail of the host"),
        "port": Key(
            Whole(*forms.PORTS), "Port of the server.", otherwise="587, 465 with tls, 25 with none"
        ),
        "encryption": Key(
            Text(ENCRYPTIONS), "How the connection is encrypted.", otherwise="`starttls`"
        ),
        "username": Key(Text(), "User of the server."),
        "password": Key(Secret(), "Password of the user."),
    },
    "webhook": {
        "name": Key(Name(), "Name of the notification.", otherwise="the method"),
        "url": Key(HookUrl(), "Where the alert is posted to as JSON.", required=True),
        "body": Key(
            Body(),
            "Template of the body; {subject}, {text} and others are filled in.",
            otherwise="all that is known of the alert",
        ),
    },
    "command": {
        "name": Key(Name(), "Name of the notification.", otherwise="the method"),
        "command": Key(Command(), "Program that gets the alert as JSON on its input.", True),
    },
}
NOTIFICATIONS = ListOf(Choice("method", METHODS, "How somebody is told.", placed=True))
