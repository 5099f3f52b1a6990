# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of the state directory, as a full disk, a loss of power or a person may leave them."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
import zlib
from pathlib import Path

from failoverd.control import log
from failoverd.core.modes import Modes
from failoverd.fencing.selffence import last_reset
from failoverd.formats.schema import ConfigError
from failoverd.persistence.former import Former
from failoverd.persistence.lastgood import LastGood
from failoverd.persistence.lives import Lives
from failoverd.persistence.store import Store
from tests.fuzz.samples import KEY, cluster_json
from tests.fuzz.target import Target

FILES = (
    *("state.json", "modes.json", "incarnation", "last-good.json", "former.json", "self-reset"),
    "history.jsonl",
)
SOUND = {
    "cluster.json": json.dumps(cluster_json()),
    "key": KEY.hex(),
    "notifications.json": json.dumps({"hook": {"url": "https://example.org/"}}),
}


def run(data: bytes) -> None:
    """The data is in every file. A daemon that begins with it can remember what it does next."""
    base = "/dev/shm" if Path("/dev/shm").is_dir() else None
    place = Path(tempfile.mkdtemp(dir=base))
    try:
        _run(place, data)
    finally:
        shutil.rmtree(place)


def _run(place: Path, data: bytes) -> None:
    for name in FILES:
        (place / name).write_bytes(data)
    boot = place / "boot"
    boot.write_text("first")
    lives = Lives(place)
    assert 0 < lives.begin() < 2**64 and not lives.problem
    last_reset(place / "self-reset")
    for line in log.entries(place, 50):
        assert line.isprintable()
    store = Store(place, boot)
    for service in ("shop", "mail"):
        assert 0 <= store.generation(service) < 2**64 and store.since(service) >= 0
        store.own(service, True, store.generation(service) + 1)
    modes = store.modes
    store.keep(Modes(modes.maintenance + 1, modes.standby, modes.peer_standby))
    for service in ("shop", "mail"):
        store.keep_split(service, split=service == "shop")
    assert not store.problem
    store.close(10.0)
    again = Store(place, boot)
    again.close()
    assert again.held("shop") and again.modes == store.modes
    assert "shop" in again.memory.split and "mail" not in again.memory.split
    if zlib.crc32(data) % 8 == 0:
        # Much slower than all else: configurations are read.
        _configured(place)


def _configured(place: Path) -> None:
    former = Former(place / "former.json", lambda service: True)
    with contextlib.suppress(ConfigError):
        LastGood(place / "last-good.json", former.merge).load(str(place / "none"))
    sound = place / "sound"
    sound.mkdir()
    for name, text in SOUND.items():
        (sound / name).write_text(text)
    config, _warnings = LastGood(place / "last-good.json", former.merge).load(str(sound))
    assert config.node == "node1"


SAMPLES = [
    b'{"format":1,"boot":"first","services":{"shop":{"held":true,"generation":4,"since":17e8}},'
    b'"modes":{"maintenance":2},"splits":{"shop":3,"mail":2}}',
    b'{"maintenance":3,"standby":1,"splits":{"mail":1}}',
    b"1700000000000\n",
    json.dumps(SOUND).encode(),
    json.dumps([{**cluster_json()["services"][0], "name": "old"}]).encode(),
    b'{"time":1700000000.5,"mono":5,"node":"node1","level":"alert","code":"fence","text":"off",'
    b'"service":"shop","data":{}}\n',
]
TARGET = Target("state", SAMPLES, run)
