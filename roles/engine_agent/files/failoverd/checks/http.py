# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the answer of a web server: one request over a connection of its own."""

from __future__ import annotations

import asyncio
import re
import ssl
import urllib.parse
from dataclasses import dataclass
from typing import Any

from failoverd.formats.schema import Section
from failoverd.rules.forms import URL_PORTS, check_url_problem, pattern_problem, split_url

from .base import CheckFailed
from .endpoint import Endpoint, Streams, connect

MAX_HEAD = 32 * 1024
MAX_BODY = 256 * 1024
STATUS = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)(?: |\r?\n)")
SERVES_BELOW = 500


@dataclass(frozen=True)
class Options:
    """The request and the good answers."""

    endpoint: Endpoint
    host: str
    target: str
    tls: bool
    status: tuple[int, ...]
    """Empty: any status below 500, because a server that refuses a request works."""
    body: re.Pattern[bytes] | None


def parse(entry: Section) -> Options:
    """Read url, host, status and body."""
    url = entry.text("url")
    rule, parts = check_url_problem(url), split_url(url)
    if rule or parts is None or parts.hostname is None:
        raise entry.fail("url", rule)
    status = entry.raw("status") or []
    if not isinstance(status, list) or not all(map(_is_status, status)):
        raise entry.fail("status", "must be a list of HTTP status codes")
    pattern = entry.text("body", "")
    rule = pattern_problem(pattern)
    if rule:
        raise entry.fail("body", rule)
    body = re.compile(pattern.encode()) if pattern else None
    return Options(
        endpoint=Endpoint(parts.hostname, parts.port or URL_PORTS[parts.scheme]),
        host=entry.text("host", parts.netloc),
        target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
        tls=parts.scheme == "https",
        status=tuple(status),
        body=body,
    )


def _is_status(value: Any) -> bool:
    return isinstance(value, int) and 100 <= value < 600


def build(options: Options, resource: Any) -> Http:
    """Make the check."""
    del resource
    return Http(options)


class Http:
    """A small client of HTTP/1.1, without redirects and cookies."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._more: dict[str, Any] = {}
        if options.tls:
            # Whether it serves, not whether it is trusted: a certificate that has run out has run
            # out on the other node, too.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            name = urllib.parse.urlsplit(f"//{options.host}").hostname
            self._more = {"ssl": context, "server_hostname": name}

    async def check(self) -> None:
        """Raises CheckFailed with the error of the answer."""
        streams = await connect(self._options.endpoint, **self._more)
        try:
            await self._talk(streams)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise CheckFailed("the connection was closed before the answer ended") from None
        except (asyncio.LimitOverrunError, ValueError):
            raise CheckFailed("the answer is not HTTP") from None
        finally:
            streams[1].transport.abort()

    async def _talk(self, streams: Streams) -> None:
        reader, writer = streams
        options = self._options
        writer.write(
            f"GET {options.target} HTTP/1.1\r\nHost: {options.host}\r\n"
            "User-Agent: failoverd\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        head = await reader.readuntil(b"\n")
        match = STATUS.match(head)
        if match is None:
            raise ValueError(head)
        status = int(match[1])
        if status not in options.status and (options.status or status >= SERVES_BELOW):
            raise CheckFailed(f"{options.target} answered with status {status}")
        if options.body is not None:
            text = await _body(reader)
            if not options.body.search(text):
                pattern = options.body.pattern.decode()
                raise CheckFailed(f"{options.target} does not hold {pattern!r}")

    def close(self) -> None:
        """Nothing to close."""


async def _body(reader: asyncio.StreamReader) -> bytes:
    """The beginning of the body, up to MAX_BODY."""
    headers: dict[bytes, bytes] = {}
    read = 0
    while line := (await reader.readuntil(b"\n")).strip():
        read += len(line)
        if read > MAX_HEAD:
            raise ValueError("head")
        name, _colon, value = line.partition(b":")
        headers[name.strip().lower()] = value.strip().lower()
    if headers.get(b"transfer-encoding", b"").endswith(b"chunked"):
        return await _chunks(reader)
    if b"content-length" in headers:
        return await reader.readexactly(min(int(headers[b"content-length"]), MAX_BODY))
    result = b""
    while len(result) < MAX_BODY and (part := await reader.read(MAX_BODY)):
        result += part
    return result


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    result = b""
    while len(result) < MAX_BODY:
        size = int((await reader.readuntil(b"\n")).partition(b";")[0], 16)
        if not 0 < size <= MAX_BODY:
            break
        result += await reader.readexactly(size)
        await reader.readuntil(b"\n")
    return result
