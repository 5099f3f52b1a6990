# SPDX-FileCopyrightText: failover.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server. It answers GET alone, and it bounds what each client and all of them may use."""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import hmac
import json
import socket
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any

from aiohttp import web

from . import metrics, view
from .downtime import Downtime
from .settings import Settings
from .source import Seen, Source
from .words import LANGUAGES, Speech, chosen

MOST_CONNECTIONS = 400
"""A further connection is closed at once."""
MOST_MUTE = 100
"""The same of connections that have not brought a request yet."""
MUTE_S = 10.0
"""A connection has to bring its first request within this time."""
LOOK_S = 1.0
MOST_LIVE = 300
"""Pages that follow the cluster live. One more has to load itself again."""
SEND_S = 5.0
"""A live page has to take an event within this time."""
ALIVE_S = 15.0
"""After so long without news, a live page is told that there are none."""
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none';"
    " form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STATIC = {
    "page.css": "text/css",
    "picture.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Page:
    """One page of one node."""

    def __init__(self, settings: Settings, source: Source | None = None) -> None:
        self._settings = settings
        self.source = source or Source(settings.socket)
        self._downtime = Downtime()
        self.source.listeners.append(self._downtime.take)
        self._mute: set[Any] = set()
        """Connections that have not brought a request yet."""
        self._exposition: tuple[Seen, bytes] | None = None
        self._files = {name: _file(name) for name in STATIC}
        self._speech = {language: Speech(language) for language in LANGUAGES}
        self._views: dict[str, tuple[Seen, dict[str, str]]] = {}
        """By language, the sections of the last answer."""
        self._live = 0
        self._news = asyncio.Event()
        self._closing = False
        self._server: asyncio.AbstractServer | None = None
        self._runner: web.AppRunner | None = None
        self._looking: asyncio.Task[None] | None = None

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application(middlewares=[self._guard], client_max_size=1024)
        add = application.router.add_get
        add("/", self._page)
        add("/events", self._events)
        add("/static/{name}", self._static)
        add("/metrics", self._metrics)
        add("/api/status", self._status)
        add("/healthz", self._health)
        return application

    async def open(self) -> int:
        """Listen; returns the port. Raises OSError, SettingsError."""
        settings = self._settings
        context = settings.context()
        self._runner = web.AppRunner(
            self.application(), access_log=None, keepalive_timeout=30.0, handle_signals=False
        )
        await self._runner.setup()
        family = socket.AF_INET6 if ":" in settings.listen else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((settings.listen, settings.port))
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(
                self._connection,
                sock=listening,
                ssl=context,
                backlog=64,
                ssl_handshake_timeout=None if context is None else MUTE_S,
            )
        except BaseException:
            listening.close()
            raise
        self._looking = loop.create_task(self._look())
        return int(listening.getsockname()[1])

    async def close(self) -> None:
        """End all connections."""
        self._closing = True
        self._tell()
        if self._looking is not None:
            self._looking.cancel()
        if self._server is not None:
            self._server.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _look(self) -> None:
        """Watch the cluster even if nobody asks: the downtime is counted here."""
        while True:
            await self.source.look()
            self._tell()
            await asyncio.sleep(LOOK_S)

    def _tell(self) -> None:
        """Wake the live pages."""
        self._news.set()
        self._news = asyncio.Event()

    def _connection(self) -> asyncio.Protocol:
        assert self._runner is not None and self._runner.server is not None
        server = self._runner.server
        if len(server.connections) >= MOST_CONNECTIONS or len(self._mute) >= MOST_MUTE:
            return _Refused()
        protocol = server()
        self._mute.add(protocol)
        asyncio.get_running_loop().call_later(MUTE_S, self._end_mute, protocol)
        return protocol

    def _end_mute(self, protocol: Any) -> None:
        """Close a connection without a request: it only takes the place of others."""
        if protocol in self._mute:
            self._mute.discard(protocol)
            if protocol.transport is not None:
                protocol.transport.abort()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._mute.discard(request.protocol)
        if not self._known(request.headers.get("Authorization", "")):
            challenge = {"WWW-Authenticate": 'Basic realm="failover.cluster", charset="UTF-8"'}
            return _plain(401, "The token is missing or wrong.", challenge)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            return _plain(error.status, error.reason)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def _known(self, header: str) -> bool:
        """The token is given as a bearer, or as the password of any user."""
        if not self._settings.token:
            return True
        kind, _space, given = header.partition(" ")
        if kind.lower() == "basic":
            try:
                given = base64.b64decode(given, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return False
        elif kind.lower() != "bearer":
            return False
        return hmac.compare_digest(given.strip().encode(), self._settings.token.encode())

    async def _page(self, request: web.Request) -> web.Response:
        seen = await self.source.look()
        said = view.page(seen, self._speaks(request))
        headers = {"Vary": "Accept-Language"}
        return web.Response(text=said, content_type="text/html", headers=headers)

    def _speaks(self, request: web.Request) -> Speech:
        asked, accepted = request.query.get("lang"), request.headers.get("Accept-Language", "")
        return self._speech[chosen(asked, accepted)]

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-Sent Events: whole at first, then each section that has changed."""
        if self._live >= MOST_LIVE:
            return _plain(
                503, "Too many pages are live; load the page again.", {"Retry-After": "30"}
            )
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        self._live += 1
        try:
            await self.source.look()
            await response.prepare(request)
            # A client that went away, or takes nothing, is no error.
            with contextlib.suppress(ConnectionError, TimeoutError):
                await self._follow(request, response)
        finally:
            self._live -= 1
        if request.transport is not None:
            request.transport.abort()
        return response

    async def _follow(self, request: web.Request, response: web.StreamResponse) -> None:
        say = self._speaks(request)
        sent: dict[str, str] = {}
        while not self._closing:
            news = self._news
            sections = self._sections(say)
            changed = {name: text for name, text in sections.items() if sent.get(name) != text}
            line = ": none\n\n"
            if changed:
                title = view.title_of(self.source.seen, say)
                line = f"data: {json.dumps({'title': title, 'sections': changed})}\n\n"
            async with asyncio.timeout(SEND_S):
                await response.write(line.encode())
            sent = sections
            await self._changed(request, news, sent)

    async def _changed(
        self, request: web.Request, news: asyncio.Event, sent: dict[str, str]
    ) -> None:
        """Wait until there is something new to tell, or it is time to say that there is not.

        Raises ConnectionResetError when the client has gone away.
        """
        say = self._speaks(request)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ALIVE_S):
                while not self._closing:
                    await news.wait()
                    news = self._news
                    if request.transport is None or request.transport.is_closing():
                        raise ConnectionResetError
                    if self._sections(say) != sent:
                        return

    def _sections(self, say: Speech) -> dict[str, str]:
        """Made once for all pages of a language."""
        seen = self.source.seen
        made = self._views.get(say.language)
        if made is None or made[0] is not seen:
            made = self._views[say.language] = (seen, view.sections(seen, say))
        return made[1]

    async def _static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in STATIC:
            raise web.HTTPNotFound
        return web.Response(body=self._files[name], content_type=STATIC[name], charset="utf-8")

    async def _metrics(self, request: web.Request) -> web.Response:
        seen = await self.source.look()
        if self._exposition is None or self._exposition[0] is not seen:
            self._exposition = (seen, metrics.exposition(seen, self._downtime))
        # A content type with a charset must not be given as content_type=.
        headers = {"Content-Type": metrics.CONTENT_TYPE}
        return web.Response(body=self._exposition[1], headers=headers)

    async def _status(self, request: web.Request) -> web.Response:
        seen = await self.source.look()
        told = {
            "format": 1,
            "up": seen.up,
            "problem": seen.problem,
            "at": seen.at,
            "status": seen.status,
            "history": seen.history,
        }
        return web.json_response(told, dumps=json.dumps)

    async def _health(self, request: web.Request) -> web.Response:
        """Whether the daemon answers, for simple monitors."""
        seen = await self.source.look()
        return _plain(200 if seen.up else 503, "ok" if seen.up else seen.problem)


class _Refused(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def _plain(status: int, said: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=f"{said}\n", headers={**HEADERS, **(headers or {})})


def _file(name: str) -> bytes:
    return resources.files(__package__).joinpath("static", name).read_bytes()
