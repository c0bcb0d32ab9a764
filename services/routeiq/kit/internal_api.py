"""The HTTP API of a service that is reached through the gateway alone: routers, and how their errors are answered."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from routeiq import __version__
from routeiq.kit.error_bodies import error_headers, internal_body, openai_body, openai_error
from routeiq.kit.errors import RouteIQError
from routeiq.kit.forms import FormsAsJSON

log = structlog.get_logger()

JSON = "application/json"


def internal_api(title: str, routers: Iterable[APIRouter], *, crashed: str) -> FastAPI:
    """Errors as OpenAI has them, but for what is not valid, which is FastAPI's. A service may add handlers of its own.

    Args: crashed: the event in the log of what nobody expected."""
    api = FastAPI(
        title=title, version=__version__, docs_url=None, redoc_url=None, redirect_slashes=False,
        strict_content_type=False,
    )  # fmt: skip
    api.add_middleware(FormsAsJSON)
    for router in routers:
        api.include_router(router)

    def unexpected(request: Request, error: Exception) -> Response:
        log.error(crashed, path=request.url.path, exc_info=error)
        return Response(internal_body(), 500, None, JSON)

    api.add_exception_handler(RouteIQError, _expected)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(Exception, unexpected)
    return api


def _expected(_: Request, error: Exception) -> Response:
    assert isinstance(error, RouteIQError)
    headers = {name.decode(): value.decode() for name, value in error_headers(error)}
    return Response(openai_body(error), error.status, headers, JSON)


def _invalid(_: Request, error: Exception) -> Response:
    """FastAPI's own 422, without the values that were sent: a key may be among them."""
    assert isinstance(error, RequestValidationError)
    problems = [{name: one[name] for name in ("type", "loc", "msg")} for one in error.errors()]
    return JSONResponse({"detail": problems}, 422)


def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = "not_found_error" if error.status_code == 404 else "invalid_request_error"
    body = openai_error(str(error.detail), kind, "not_found" if error.status_code == 404 else "invalid_request")
    return Response(body, error.status_code, error.headers, JSON)
