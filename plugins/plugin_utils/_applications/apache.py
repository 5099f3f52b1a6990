# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""apache: the web server of the distribution, with its pages on the storage of the service."""

from __future__ import annotations

from .._daemon import forms
from .._inventory.kinds import Flag, Key, Whole
from ._base import LOCALHOST, Application

KIND = Application(
    name="apache",
    keys={
        "port": Key(Whole(*forms.PORTS), "Port of the server.", default=80),
        "localhost": LOCALHOST,
        "sample": Key(
            Flag(), "Whether the sample application is put into its place.", default=False
        ),
    },
    on_storage=True,
    role="apache",
    reserved=("apache", "apache2"),
    needs=("apache2", "libapache2-mod-wsgi-py3", "python3-psycopg2"),
    stock={"apache2.service": "apache2"},
    accounts={"www-data": {"default": 33, "home": "/var/www"}},
    files=("apache.conf", "database.ini"),
    monitor=({"type": "http"},),
)
