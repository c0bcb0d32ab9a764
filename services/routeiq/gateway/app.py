"""The edge: one ASGI callable in front of everything.

It gives the request its id, looks its path up in the access table, verifies the key, and hands over to a
hot endpoint or to FastAPI. Whatever they raise before the first byte becomes an error body here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from socket import socket

import structlog
from fastapi import FastAPI

from routeiq import __version__
from routeiq.config.environment import LaunchSettings, find_config, read_environment
from routeiq.config.start import starting_state
from routeiq.gateway.access import AccessTable, Level
from routeiq.gateway.plan import Endpoint
from routeiq.gateway.routes.errors import install_errors
from routeiq.gateway.routes.health import health_router
from routeiq.gateway.routes.hot import HOT_PATHS
from routeiq.gateway.routes.index import index_router
from routeiq.gateway.routes.models import models_router
from routeiq.gateway.routes.openapi import install_openapi
from routeiq.gateway.routes.router import router_router
from routeiq.gateway.settings import Settings, read_settings
from routeiq.gateway.upstream.guarded import guarded
from routeiq.gateway.wiring import Gateway, build_gateway
from routeiq.kit.asgi import JSON, ClientDisconnected, Message, Receive, Scope, Send, header, respond
from routeiq.kit.error_bodies import internal_body, openai_body, retry_headers
from routeiq.kit.errors import NotFound, PermissionDenied, RouteIQError
from routeiq.kit.ids import request_id
from routeiq.kit.ops import add_ops_routes, ops_app
from routeiq.kit.outbound import OutboundPolicy
from routeiq.kit.principal import Principal
from routeiq.kit.server import HTTPServer, bind
from routeiq.kit.service import Service

log = structlog.get_logger()

REQUEST_ID = "routeiq.request_id"
INTERNAL_PREFIX = b"x-routeiq-internal-"
DESCRIPTION = "An AI gateway that learns which model to use. OpenAI's API, with the model `auto`."


class Edge:
    """The gateway as an ASGI application."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._access = AccessTable()
        self._api = create_api(gateway)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._api(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}  # a copy: the server leaves the body out by the scope that it made
        rid = request_id(header(scope, b"x-request-id"))
        answer = _Answer(send, rid)
        scope[REQUEST_ID] = rid
        scope["headers"] = [(k, v) for k, v in scope["headers"] if not k.startswith(INTERNAL_PREFIX)]
        try:
            await self._dispatch(scope, receive, answer, rid)
        except ClientDisconnected:
            return
        except RouteIQError as error:
            await self._refuse(scope, answer, error)
        except Exception:
            log.exception("request.crashed", request_id=rid, path=scope["path"])
            await answer.error(500, internal_body())

    async def _dispatch(self, scope: Scope, receive: Receive, answer: _Answer, rid: str) -> None:
        path, method = scope["path"], scope["method"]
        principal = self._authorised(scope, method, path)
        endpoint = HOT_PATHS.get(path) if method == "POST" else None
        if endpoint is None or principal is None:
            await self._api(scope, receive, answer.send)
            return
        await self._gateway.pipeline.run(
            scope,
            receive,
            answer.send,
            state=self._gateway.holder.current,
            principal=principal,
            request_id=rid,
            endpoint=endpoint,
        )

    def _authorised(self, scope: Scope, method: str, path: str) -> Principal | None:
        """None: open to all. Raises: AuthenticationError.  PermissionDenied.  NotFound: no line in the table."""
        level = self._access.level(method, path)
        if level is Level.NONE:
            return None
        principal = self._gateway.authenticator.principal(scope)
        if level is None:
            raise NotFound(f"There is no {method} {path}.")
        if level is not Level.USER and not principal.is_admin:
            raise PermissionDenied("This needs an admin key.")
        return principal

    async def _refuse(self, scope: Scope, answer: _Answer, error: RouteIQError) -> None:
        endpoint = HOT_PATHS.get(scope["path"], Endpoint.CHAT).value if scope["path"] in HOT_PATHS else "other"
        self._gateway.pipeline.meter.refused(endpoint, error.status)
        log.info("request.refused", request_id=scope[REQUEST_ID], status=error.status, code=error.code)
        await answer.error(error.status, openai_body(error), retry_headers(error))


class _Answer:
    """Remembers whether an answer has begun, and puts the request id on it."""

    def __init__(self, send: Send, rid: str) -> None:
        self._send = send
        self._request_id = (b"x-request-id", rid.encode())
        self._begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            message["headers"] = [*message["headers"], self._request_id]
        await self._send(message)

    async def error(self, status: int, body: bytes, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        """Nothing can be said once an answer has begun: the connection ends without its last byte."""
        if not self._begun:
            await respond(self.send, status, body, [JSON, *(headers or [])])


def create_app(gateway: Gateway) -> Edge:
    """The gateway's application. Its lifespan opens and closes what `gateway` holds."""
    return Edge(gateway)


def create_api(gateway: Gateway) -> FastAPI:
    """Everything that is not hot, and the OpenAPI document of all of it."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with gateway.running():
            yield

    api = FastAPI(
        title="RouteIQ",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    install_errors(api)
    api.include_router(index_router(__version__))
    api.include_router(models_router(gateway.holder))
    api.include_router(
        health_router(gateway.holder, gateway.figures, gateway.readiness, gateway.authenticator, __version__)
    )
    api.include_router(router_router(gateway.holder, gateway.learned, gateway.routing))
    add_ops_routes(api, gateway.readiness, gateway.registry)
    install_openapi(api, HOT_PATHS)
    return api


def create_service(gateway: Gateway, settings: Settings, sock: socket) -> Service:
    """The gateway on a socket that is bound already, and on its other ports."""
    app, ops = create_app(gateway), ops_app(gateway.readiness, gateway.registry)
    more = [bind(settings.host, settings.api_port)] if settings.api_port else []
    return Service("gateway", HTTPServer(app, sock, *more), HTTPServer(ops, bind(settings.ops_host, settings.ops_port)))


async def launch(config: Path | None) -> Service:
    """The gateway as the environment says: `ROUTEIQ_GATEWAY_*`, the LITELLM_* names, and a configuration document.

    Raises: ConfigurationError: every problem of the environment or of the document.
    """
    environ = read_environment(Path.cwd())
    launched = LaunchSettings.from_environ(environ)
    state = await asyncio.to_thread(starting_state, find_config(config, launched), environ)
    settings = read_settings(launched, state)
    sock = bind(settings.host, settings.port)
    gateway = build_gateway(
        settings, state, outbound=guarded(OutboundPolicy.from_environ(environ), settings.own_services())
    )
    return create_service(gateway, settings, sock)
