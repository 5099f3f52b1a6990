# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the page. Who exposes it to a network has to protect it."""

from __future__ import annotations

import ipaddress
import json
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHORTEST_TOKEN = 16
CREDENTIALS = ("certificate", "key", "token")
"""systemd reads these files as root and hands them over; the page cannot read their originals."""


class SettingsError(Exception):
    """The page must not start; str() says what is wrong and what to do."""


@dataclass(frozen=True)
class Settings:
    """Where the page listens, and who may see it."""

    listen: str
    port: int
    socket: Path
    certificate: Path | None = None
    key: Path | None = None
    token: str = ""

    @property
    def exposed(self) -> bool:
        """Other hosts can reach it."""
        return not ipaddress.ip_address(self.listen).is_loopback

    def context(self) -> ssl.SSLContext | None:
        """The side of the server of TLS, None without a certificate; raises SettingsError."""
        if self.certificate is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"certificate and key cannot be used ({error.strerror or type(error).__name__});"
                " give a certificate in PEM and its key without a passphrase."
            ) from None
        return context


def load(path: str, credentials: str | None = None) -> Settings:
    """Read the file and the credentials; raises SettingsError.

    credentials: their directory; systemd names it in CREDENTIALS_DIRECTORY.
    """
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}.") from None
    except ValueError:
        raise SettingsError(f"{path}: is not JSON.") from None
    if not isinstance(data, dict):
        raise SettingsError(f"{path}: is not a mapping.")
    place = Path(credentials or os.environ.get("CREDENTIALS_DIRECTORY", "/nonexistent"))
    given = {name: place / name for name in CREDENTIALS if (place / name).is_file()}
    token = given["token"].read_text(encoding="utf-8").strip() if "token" in given else ""
    settings = Settings(
        listen=_address(data.get("listen", "127.0.0.1")),
        port=_port(data.get("port")),
        socket=_path(data.get("socket")),
        certificate=given.get("certificate"),
        key=given.get("key"),
        token=token,
    )
    _protected(settings)
    return settings


def _address(value: Any) -> str:
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        raise SettingsError("listen: is not an IP address.") from None


def _port(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 65535:
        raise SettingsError("port: is not a number from 0 to 65535.")
    return value


def _path(value: Any) -> Path:
    if not isinstance(value, str) or not value.startswith("/"):
        raise SettingsError("socket: is not an absolute path.")
    return Path(value)


def _protected(settings: Settings) -> None:
    if (settings.certificate is None) != (settings.key is None):
        raise SettingsError("certificate and key belong together; give both of them or none.")
    if settings.token and len(settings.token) < SHORTEST_TOKEN:
        raise SettingsError(f"token: is shorter than {SHORTEST_TOKEN} characters.")
    if not settings.exposed:
        return
    missing = [
        name
        for name, value in (("a certificate", settings.certificate), ("a token", settings.token))
        if not value
    ]
    if missing:
        raise SettingsError(
            f"listen: {settings.listen} can be reached by other hosts, which needs TLS and a token;"
            f" give {' and '.join(missing)}, or listen on 127.0.0.1."
        )
