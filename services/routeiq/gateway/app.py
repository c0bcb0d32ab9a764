"""The edge: one ASGI callable in front of everything.

It gives the request its id, looks its path up in the access table, verifies the key, and hands over to a
hot endpoint or to FastAPI. Whatever they raise before the first byte becomes an error body here.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from socket import socket

import structlog

from routeiq import __version__
from routeiq.config.environment import LaunchSettings, find_config, read_environment
from routeiq.gateway.access import AccessTable, Level, Line, Owner
from routeiq.gateway.callers.caller import CALLER, Caller
from routeiq.gateway.callers.refusals import as_litellm
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.gateway import Gateway
from routeiq.gateway.pipeline.authenticate import UnknownServiceKey, presented_key
from routeiq.gateway.pipeline.context import Arrival
from routeiq.gateway.release.beginning import begin
from routeiq.gateway.routes.api_port import APIPort
from routeiq.gateway.routes.delegate import Delegated
from routeiq.gateway.routes.generate.endpoint import PATH as GENERATE
from routeiq.gateway.routes.health import health_pages
from routeiq.gateway.routes.hot import hot_path
from routeiq.gateway.routes.hot_edge import HotEdge
from routeiq.gateway.settings import Settings, read_settings
from routeiq.gateway.upstream.guarded import guarded
from routeiq.gateway.wiring import build_gateway
from routeiq.kit.asgi import (
    Answer,
    ASGIApp,
    Receive,
    Scope,
    Send,
    first_values,
    header,
    read_body,
    replayed,
)
from routeiq.kit.build import COMPILED
from routeiq.kit.cors import CORS
from routeiq.kit.errors import AuthenticationError, MethodNotAllowed, NotFound, RouteIQError
from routeiq.kit.exchange import AtOnce, exchange_of
from routeiq.kit.ids import request_id
from routeiq.kit.lifespan import live
from routeiq.kit.ops import OpsApp, Pages, ops_pages
from routeiq.kit.outbound import OutboundPolicy
from routeiq.kit.server import HTTPServer, address_of, bind
from routeiq.kit.service import Service
from routeiq.kit.shared import Shared

log = structlog.get_logger()

REQUEST_ID = "routeiq.request_id"
LAST_WORDS_S = 5  # for streams that are cut short to say so
INTERNAL_PREFIX = b"x-routeiq-internal-"

CreateAPI = Callable[[Gateway, Pages], ASGIApp]


class Edge:
    """The gateway as an ASGI application."""

    def __init__(self, gateway: Gateway, cors: CORS | None = None, *, create: CreateAPI | None = None) -> None:
        """Args: create: makes what FastAPI serves, in a thread; given by tests."""
        self._create = create or _create_api
        self._gateway = gateway
        self._cors = cors
        self._access = AccessTable()
        self._pages = edge_pages(gateway)
        self._api: ASGIApp | None = None
        self._loading = Shared(self._load_api)
        self._hot = HotEdge(gateway.authenticator, gateway.holder, gateway.pipeline, cors)
        self.at_once: AtOnce = self._hot.at_once
        """A hot endpoint under our own server, whose body is there."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            hot = hot_path(scope["path"]) if scope["method"] == "POST" else None
            await (self._http(scope, receive, send) if hot is None else self._hot.run(hot, scope, receive, send))
        elif scope["type"] == "lifespan":
            await live(self._gateway.running(), receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Everything else."""
        rid = request_id(header(scope, b"x-request-id"))
        answer = self._hot.answer(send, rid, header(scope, b"origin"), exchange_of(scope))
        try:
            await self._slow(scope, receive, answer, rid)
        except Exception as error:  # noqa: BLE001  # as above
            await self._hot.refuse(hot_path(scope["path"]), rid, answer, error, scope["path"])

    async def _slow(self, scope: Scope, receive: Receive, answer: Answer, rid: str) -> None:
        """Pages, and everything that FastAPI serves. HEAD is GET without a body, which the server leaves out by its own
        scope."""
        asked = self._cors.preflight(scope["method"], first_values(scope)) if self._cors is not None else None
        if asked is not None:
            await answer.whole(204, b"", asked)
            return
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        line, caller = await self._authorised(scope, method)
        if scope["path"] == GENERATE and caller is not None:
            arrival = Arrival(rid, caller, self._gateway.holder.current, Endpoint.CHAT, first_values(scope))
            await self._gateway.generation.run(arrival, scope, receive, answer)
            return
        if line.owner is not Owner.GATEWAY:
            call = Delegated(line, method, caller.principal if caller is not None else None, rid)
            await self._gateway.link.delegates[line.owner].pass_on(call, scope, receive, answer)
            return
        headers = [(name, value) for name, value in scope["headers"] if not name.startswith(INTERNAL_PREFIX)]
        inner = {**scope, "method": method, "headers": headers, REQUEST_ID: rid, CALLER: caller}
        limit = self._gateway.holder.current.body_limit_bytes
        body = await read_body(scope, receive, limit) if caller is not None else b""  # nothing is kept for strangers
        page = self._pages.get(scope["path"]) if method == "GET" else None
        if page is not None:
            await page(inner).send(answer)
            return
        api = self._api or await self._loading.get()
        await api(inner, replayed(body, receive), answer.passed)

    async def _load_api(self) -> ASGIApp:
        """In a thread, because FastAPI takes a while to import. One that failed is made anew by who comes next."""
        self._api = await asyncio.to_thread(self._create, self._gateway, self._pages)
        return self._api

    async def _authorised(self, scope: Scope, method: str) -> tuple[Line, Caller | None]:
        """The table's line, and None where that is open to all. Raises: AuthenticationError.  KeyUnverified.
        PermissionDenied.  MethodNotAllowed, NotFound: no line in the table.
        """
        headers, query, path = first_values(scope), scope.get("query_string", b""), scope["path"]
        line = self._access.line(method, path)
        if line is not None and line.level is Level.NONE:
            return line, None
        try:
            caller = await self._gateway.authenticator.caller(headers, query, path)
        except AuthenticationError as error:
            if line is not None and line.level is Level.SERVICE:
                raise UnknownServiceKey("invalid key") from None
            if line is not None and line.litellm:
                raise as_litellm(error, presented_key(headers, query)) from None
            raise
        if line is None:
            raise self._without_line(scope["method"], path)
        refusal = line.refusal(caller.principal, path)
        if refusal is not None:
            raise refusal
        if caller.routes is not None:
            caller.routes.check(path)
        return line, caller

    def _without_line(self, method: str, path: str) -> RouteIQError:
        message, allow = f"There is no {method} {path}.", self._access.methods(path)
        return MethodNotAllowed(message, allow=allow) if allow else NotFound(message)


def edge_pages(gateway: Gateway) -> Pages:
    """What is answered without FastAPI, so that probes wait for nothing."""
    return {
        **health_pages(gateway.holder, gateway.figures, gateway.readiness, gateway.authenticator, __version__),
        **ops_pages(gateway.readiness, gateway.registry),
    }


def _create_api(gateway: Gateway, pages: Pages) -> ASGIApp:
    from routeiq.gateway.api import create_api  # noqa: PLC0415  # FastAPI: 10 MB, for who asks more than models

    return create_api(gateway, pages)


def create_app(gateway: Gateway, cors: CORS | None = None) -> Edge:
    """The gateway's application. Its lifespan opens and closes what `gateway` holds. No `cors`: no page may call."""
    return Edge(gateway, cors)


def create_service(gateway: Gateway, settings: Settings, sock: socket) -> Service:
    """The gateway on a socket that is bound already, and on its other ports."""
    log.info("gateway.listening", address=address_of(sock), version=__version__, compiled=COMPILED)
    app, ops = create_app(gateway, settings.cors()), OpsApp(gateway.readiness, gateway.registry)
    limit_s = settings.drain_delay_s + settings.drain_s
    server = partial(
        HTTPServer, drain_s=math.ceil(settings.drain_s) + LAST_WORDS_S, refused=gateway.pipeline.meter.unread
    )
    also = [server(APIPort(app), bind(settings.host, settings.api_port))] if settings.api_port else []
    return Service(
        "gateway",
        server(app, sock),
        HTTPServer(ops, bind(settings.ops_host, settings.ops_port)),
        also=also,
        on_stop=lambda: gateway.drain(limit_s),
        linger_s=settings.drain_delay_s,
    )


async def launch(config: Path | None) -> Service:
    """The gateway as the environment says: `ROUTEIQ_GATEWAY_*`, the LITELLM_* names, and a configuration document.

    Raises: ConfigurationError: every problem of the environment or of the document.
    """
    environ = read_environment(Path.cwd())
    launched = LaunchSettings.from_environ(environ)
    begun = await asyncio.to_thread(begin, find_config(config, launched), environ)
    settings = read_settings(launched, begun.start.state, environ)
    sock = bind(settings.host, settings.port)
    outbound = guarded(OutboundPolicy.from_environ(environ), settings.own_services())
    gateway = build_gateway(settings, begun.start, outbound=outbound, empty=begun.empty)
    return create_service(gateway, settings, sock)
