"""What FastAPI's routes answer when something goes wrong: OpenAI's shape, also for its own 404, 405 and 422."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from routeiq.kit.error_bodies import error_headers, internal_body, openai_body, openai_error
from routeiq.kit.errors import RouteIQError

_TYPES = {404: ("not_found_error", "not_found"), 405: ("invalid_request_error", "method_not_allowed")}


def install_errors(app: FastAPI) -> None:
    """Register the renderers."""
    app.add_exception_handler(RouteIQError, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _expected(request: Request, error: Exception) -> Response:
    assert isinstance(error, RouteIQError)
    headers = {name.decode(): value.decode() for name, value in error_headers(error)}
    return Response(openai_body(error), error.status, headers, "application/json")


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return Response(
            openai_error("The request body is not valid JSON.", "invalid_request_error", "invalid_json"),
            400, None, "application/json",
        )  # fmt: skip
    field = ".".join(str(part) for part in first["loc"] if part != "body") or None
    message = f"{field or 'body'}: {first['msg']}"
    return Response(
        openai_error(message, "invalid_request_error", "invalid_request", field), 422, None, "application/json"
    )


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    type_, code = _TYPES.get(error.status_code, ("invalid_request_error", "invalid_request"))
    message = f"There is no {request.method} {request.url.path}." if error.status_code in _TYPES else str(error.detail)
    return Response(openai_error(message, type_, code), error.status_code, error.headers, "application/json")


def _unexpected(request: Request, error: Exception) -> Response:
    """The edge logs it; the caller learns nothing of it."""
    return Response(internal_body(), 500, None, "application/json")
