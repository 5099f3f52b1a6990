# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The question to a BMC whether it accepts a password, against a small BMC on loopback."""

from __future__ import annotations

import hashlib
import hmac
import socket
import struct
import threading

import pytest
from ansible_collections.failover.cluster.plugins.module_utils import _ipmi
from ansible_collections.failover.cluster.plugins.modules import fence_check

from tests.unit.collection.modules import run

NAME, PASSWORD, IDENTITY = b"admin", b"right-one", bytes(range(16))


class Bmc(threading.Thread):
    """Answers the first half of a RAKP handshake as the specification says."""

    def __init__(self, algorithms=(1,), names=(NAME,), silent=False, drop=0):
        super().__init__(daemon=True)
        self.algorithms, self.names, self.silent, self.drop = algorithms, names, silent, drop
        self.link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.link.bind(("127.0.0.1", 0))
        self.port = self.link.getsockname()[1]
        self.console = b""
        self.digest = hashlib.sha1

    def run(self):
        while True:
            data, sender = self.link.recvfrom(1024)
            if not data:
                return
            if self.silent:
                continue
            self.drop -= 1
            if self.drop >= 0:
                continue
            body = self.answer(data[5], data[16:])
            head = bytes([6, 0, 255, 7, 6, data[5] + 1]) + bytes(8)
            self.link.sendto(head + struct.pack("<H", len(body)) + body, sender)

    def answer(self, kind, body):
        if kind == 0x10:
            if body[12] not in self.algorithms:
                return bytes([0, 4, 0, 0])
            self.console = body[4:8]
            self.digest = {1: hashlib.sha1, 3: hashlib.sha256}[body[12]]
            return bytes([0, 0, 4, 0]) + self.console + b"BMC1" + body[8:32]
        name = body[28 : 28 + body[27]]
        if name not in self.names:
            return bytes([0, 0x0D, 0, 0])
        mine = bytes(16)
        told = self.console + b"BMC1" + body[8:24] + mine + IDENTITY
        told += bytes([body[24], len(name)]) + name
        proof = hmac.new(PASSWORD, told, self.digest).digest()
        return bytes([0, 0, 0, 0]) + self.console + mine + IDENTITY + proof

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.sendto(b"", ("127.0.0.1", self.port))
        self.join(60)
        self.link.close()


@pytest.fixture
def ask(monkeypatch):
    started = []

    def made(user="admin", password="right-one", timeout_s=20.0, **how):
        monkeypatch.setattr(_ipmi, "TIMEOUT_S", timeout_s)
        bmc = Bmc(**how)
        bmc.start()
        started.append(bmc)
        return _ipmi.check("127.0.0.1", user, password, bmc.port)

    yield made
    for bmc in started:
        bmc.stop()


def test_the_right_password_is_accepted_with_either_cipher_suite(ask):
    assert ask() == ""
    assert ask(algorithms=(3,)) == ""


def test_a_wrong_password_a_wrong_name_and_silence_are_told_apart(ask):
    assert ask(password="wrong-one") == "refuses the password."
    assert ask(user="root") == "refuses the user name."
    assert ask(silent=True, timeout_s=0.1) == "does not answer."
    assert ask(algorithms=()) == ("offers no known way to log in (neither cipher suite 3 nor 17).")


def test_a_lost_answer_does_not_make_a_right_password_wrong(ask):
    assert ask(drop=1, timeout_s=1.0) == ""
    assert ask(drop=1, timeout_s=1.0, password="wrong-one") == "refuses the password."


@pytest.mark.parametrize(
    ("password", "failures", "problem", "asked"),
    [
        ("right-one", 2, "", 3),
        ("right-one", 3, "does not tell the power state", 3),
        ("wrong-one", 9, "refuses the password", 1),
        ("wrong-one", 0, "", 1),
    ],
    ids=["answers late", "fails", "refuses", "lets the agent in"],
)
def test_an_agent_asks_again_only_where_the_password_is_accepted(
    tmp_path, monkeypatch, password, failures, problem, asked
):
    """A late answer of a busy BMC is no wrong device, and no wrong password may lock an account."""
    count = tmp_path / "count"
    agent = tmp_path / "fence_ipmilan"
    agent.write_text(
        f"#!/bin/sh\ncat >/dev/null\necho >>{count}\ntest $(wc -l <{count}) -gt {failures}\n"
    )
    agent.chmod(0o755)
    monkeypatch.setattr(fence_check, "AGENTS", str(tmp_path))
    bmc = Bmc()
    bmc.start()
    given = {"ip": "127.0.0.1", "ipport": str(bmc.port), "username": "admin", "password": password}
    device = {
        "where": "failover_fencing[0]",
        "agent": "fence_ipmilan",
        "node": "node2",
        "timeout_s": 10,
        "parameters": {**given, "lanplus": "1"},
    }
    try:
        told = run("fence_check", devices=[device])["problems"]
    finally:
        bmc.stop()
    assert [problem in sentence for sentence in told] == ([True] if problem else [])
    assert (count.read_text().count("\n") if count.exists() else 0) == asked
