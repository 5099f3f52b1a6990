# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page that others can reach starts with TLS and a token, or not at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import failover_page
from failover_page.settings import SettingsError, load

from .conftest import written

TOKEN = "0123456789abcdef"


def credentials(path: Path, **files: str) -> str:
    place = path / "credentials"
    place.mkdir()
    for name, text in files.items():
        (place / name).write_text(text)
    return str(place)


def refusal(path: Path, files: dict[str, str], **data: Any) -> str:
    with pytest.raises(SettingsError) as error:
        load(written(path, **data), credentials(path, **files))
    return str(error.value)


@pytest.mark.parametrize("listen", ["0.0.0.0", "::", "192.0.2.1", "2001:db8::1"])
@pytest.mark.parametrize(
    ("files", "missing"),
    [
        ({}, "give a certificate and a token"),
        ({"certificate": "c", "key": "k"}, "give a token"),
        ({"token": TOKEN}, "give a certificate"),
    ],
)
def test_an_address_that_others_reach_needs_tls_and_a_token(
    tmp_path: Path, listen: str, files: dict[str, str], missing: str
) -> None:
    said = refusal(tmp_path, files, listen=listen)
    assert said.startswith(f"listen: {listen} can be reached by other hosts")
    assert missing in said


@pytest.mark.parametrize("listen", ["127.0.0.1", "127.0.0.9", "::1"])
def test_loopback_needs_neither(tmp_path: Path, listen: str) -> None:
    settings = load(written(tmp_path, listen=listen))
    assert (settings.exposed, settings.token, settings.context()) == (False, "", None)


def test_localhost_is_the_default(tmp_path: Path) -> None:
    assert load(written(tmp_path)).listen == "127.0.0.1"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"certificate": "c"}, "certificate and key belong together"),
        ({"key": "k"}, "certificate and key belong together"),
        ({"token": "short"}, "token: is shorter than 16 characters"),
    ],
)
def test_half_a_protection_is_refused(tmp_path: Path, files: dict[str, str], said: str) -> None:
    assert said in refusal(tmp_path, files)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"listen": "node1"}, "listen: is not an IP address"),
        ({"port": "80"}, "port: is not a number"),
        ({"port": True}, "port: is not a number"),
        ({"port": 70000}, "port: is not a number"),
        ({"socket": "status.sock"}, "socket: is not an absolute path"),
    ],
)
def test_wrong_values_are_named(tmp_path: Path, data: dict[str, Any], said: str) -> None:
    assert said in refusal(tmp_path, {}, **data)


def test_a_certificate_that_is_none_is_refused_without_its_text(tmp_path: Path) -> None:
    place = credentials(tmp_path, certificate="SECRET", key="SECRET", token=TOKEN)
    settings = load(written(tmp_path, listen="0.0.0.0"), place)
    with pytest.raises(SettingsError) as error:
        settings.context()
    assert "certificate and key cannot be used" in str(error.value)
    assert "SECRET" not in str(error.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "null"])
def test_a_broken_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "page.json").write_text(text)
    with pytest.raises(SettingsError):
        load(str(tmp_path / "page.json"))


def test_the_program_refuses_and_says_what_to_do(tmp_path: Path) -> None:
    files = Path(failover_page.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-m", "failover_page", written(tmp_path, listen="0.0.0.0")],
        env={"PYTHONPATH": str(files), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "or listen on 127.0.0.1" in done.stderr
    assert "Traceback" not in done.stderr
