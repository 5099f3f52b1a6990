# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files in /etc/failoverd, as a person or a failed transfer may leave them."""

from __future__ import annotations

import json

from failoverd.config import parse
from failoverd.core import step as core
from failoverd.formats.schema import ConfigError
from tests.fuzz.samples import KEY, cluster_json
from tests.fuzz.target import Target

SECRET = "hidden-word"
FILES = ("cluster.json", "fencing.json", "notifications.json", "key")
SOUND = {
    "cluster.json": json.dumps(cluster_json()),
    "fencing.json": json.dumps({"bmc": {"password": SECRET, "port": 7}}),
    "notifications.json": json.dumps({"hook": {"url": f"https://example.org/{SECRET}"}}),
    "key": KEY.hex() + "\n",
}


def run(data: bytes) -> bool:
    """Each line in the place of one file. What is accepted is good for the core."""
    texts = dict(SOUND)
    for name, line in zip(FILES, data.split(b"\n"), strict=False):
        if line:
            texts[name] = line.decode(errors="replace")
    try:
        config = parse(texts)
    except ConfigError as error:
        said = str(error)
        assert len(said) < 1010 and said.isprintable(), "no sentence"
        assert SECRET not in said or SECRET in texts["cluster.json"], "a secret in a message"
        return False
    core.begin(config.core(), 1 << 32, 100.0)
    config.takeover_costs()
    repr(config)
    return True


TARGET = Target("config", ["\n".join(SOUND[name].strip() for name in FILES).encode()], run)
