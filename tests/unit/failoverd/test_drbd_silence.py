# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a peer's kernel is silent, read from real connections of this host's kernel."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from failoverd.resources import drbd_silence
from failoverd.system import sockdiag

RESOURCE = """
resource "shop" {{
  on "node1" {{
    address {family}{here}:{port};
  }}
  on "node2" {{
    address {family}{there}:{port};
  }}
}}
"""


class Kernels:
    """Two connections as DRBD has them: to the port of the one side, and to that of the other."""

    def __init__(self, version: int) -> None:
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        self.hosts = ("127.0.0.1", "127.0.0.2") if version == 4 else ("::1", "::1")
        self.open: list[socket.socket] = []
        with socket.create_server((self.hosts[1], 0), family=family) as server:
            self.port = int(server.getsockname()[1])
            for _each in range(2):
                near = socket.socket(family)
                near.bind((self.hosts[0], 0))
                near.connect((self.hosts[1], self.port))
                self.open += [near, server.accept()[0]]

    def talk(self) -> None:
        """Data pass, both ways, on the first connection alone."""
        for one, other in ((0, 1), (1, 0)):
            self.open[one].sendall(b"ping")
            self.open[other].recv(4)

    def close(self) -> None:
        for each in self.open:
            each.close()


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernels]:
    monkeypatch.setattr(drbd_silence, "FILES", tmp_path)
    made = Kernels(4)
    here, there = made.hosts
    text = RESOURCE.format(family="", here=here, there=there, port=made.port)
    (tmp_path / "shop.res").write_text(text)
    yield made
    made.close()


def test_the_youngest_word_on_any_connection_counts(kernels: Kernels) -> None:
    time.sleep(0.3)
    before = drbd_silence.silent_s("shop")
    assert before > 0.2
    began = time.monotonic()
    kernels.talk()
    silent = drbd_silence.silent_s("shop")
    assert silent < before or silent <= time.monotonic() - began


def test_one_connection_alone_says_nothing(
    kernels: Kernels, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = sockdiag.Connection((kernels.hosts[0], 40000), (kernels.hosts[1], kernels.port), 9.0)
    for found, silent_s in (([only], 0.0), ([only, only], 9.0)):
        monkeypatch.setattr(sockdiag, "established", lambda version, found=found: iter(found))
        assert drbd_silence.silent_s("shop") == silent_s


def test_connections_of_others_say_nothing(kernels: Kernels, tmp_path: Path) -> None:
    time.sleep(0.05)
    text = (tmp_path / "shop.res").read_text()
    (tmp_path / "shop.res").write_text(text.replace("127.0.0.2", "127.0.0.3"))
    assert drbd_silence.silent_s("shop") == 0.0
    (tmp_path / "shop.res").write_text(text.replace(str(kernels.port), "1"))
    assert drbd_silence.silent_s("shop") == 0.0


def test_a_resource_of_an_unknown_form_says_nothing(kernels: Kernels, tmp_path: Path) -> None:
    (tmp_path / "shop.res").write_text("resource shop { }")
    assert drbd_silence.silent_s("shop") == 0.0


def test_addresses_of_both_versions_are_read() -> None:
    text = RESOURCE.format(family="ipv6 ", here="[fd00::1]", there="[fd00:0::2]", port=7789)
    assert drbd_silence._ends(text) == {("fd00::1", 7789), ("fd00::2", 7789)}
    text = RESOURCE.format(family="ipv4 ", here="10.0.0.1", there="10.0.0.2", port=7789)
    assert drbd_silence._ends(text) == {("10.0.0.1", 7789), ("10.0.0.2", 7789)}
