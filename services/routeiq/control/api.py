"""Control's HTTP API: LiteLLM's management paths and the LLM Gateway API. It is reached through the gateway alone."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from routeiq.control.errors import Refused
from routeiq.kit.internal_api import internal_api


def create_api(routers: Iterable[APIRouter]) -> FastAPI:
    """With the errors of the published APIs in their own shapes."""
    api = internal_api("RouteIQ control", routers, crashed="management.crashed")
    api.add_exception_handler(Refused, _refused)
    api.add_exception_handler(HTTPException, _http)
    return api


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return JSONResponse(error.body(), error.status)


def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
