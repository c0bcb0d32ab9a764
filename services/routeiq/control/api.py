"""Control's HTTP API: LiteLLM's management paths and the LLM Gateway API. It is reached through the gateway alone."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from routeiq import __version__
from routeiq.control.errors import Refused
from routeiq.kit.error_bodies import error_headers, internal_body, openai_body
from routeiq.kit.errors import RouteIQError

log = structlog.get_logger()

FORM = b"application/x-www-form-urlencoded"


def create_api(routers: Iterable[APIRouter]) -> FastAPI:
    api = FastAPI(
        title="RouteIQ control", version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False,
        strict_content_type=False,
    )  # fmt: skip
    api.add_middleware(FormsAsJSON)
    for router in routers:
        api.include_router(router)
    api.add_exception_handler(Refused, _refused)
    api.add_exception_handler(RouteIQError, _expected)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(Exception, _unexpected)
    return api


class FormsAsJSON:
    """Nothing here takes a form, and `curl -d` says that it sends one. Models' paths do not look either."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and any(_is_form(header) for header in scope["headers"]):
            scope = {**scope, "headers": [header for header in scope["headers"] if not _is_form(header)]}
        await self._app(scope, receive, send)


def _is_form(header: tuple[bytes, bytes]) -> bool:
    name, value = header
    return name == b"content-type" and value.lower().startswith(FORM)


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return JSONResponse(error.body(), error.status)


def _expected(_: Request, error: Exception) -> Response:
    assert isinstance(error, RouteIQError)
    headers = {name.decode(): value.decode() for name, value in error_headers(error)}
    return Response(openai_body(error), error.status, headers, "application/json")


def _invalid(_: Request, error: Exception) -> Response:
    """FastAPI's own 422, without the values that were sent: a key may be among them."""
    assert isinstance(error, RequestValidationError)
    problems = [{name: one[name] for name in ("type", "loc", "msg")} for one in error.errors()]
    return JSONResponse({"detail": problems}, 422)


def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)


def _unexpected(request: Request, error: Exception) -> Response:
    log.error("management.crashed", path=request.url.path, exc_info=error)
    return Response(internal_body(), 500, None, "application/json")
