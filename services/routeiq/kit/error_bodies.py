"""The only place that renders an error for a caller.

Families (contract 1.0): the LLM and management routes answer in OpenAI's shape, `/messages` in Anthropic's, the LLM
Gateway API in FastAPI's. An error after the first streamed byte is a final SSE event.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from routeiq.kit.errors import InvalidFields, MethodNotAllowed, RateLimited, RouteIQError, Unavailable

_INTERNAL = RouteIQError("internal")
_ANTHROPIC_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
"""Source: docs.anthropic.com, "Errors". Other 4xx are `invalid_request_error`, other 5xx `api_error`."""


class Family(StrEnum):
    """Whose shape an error has."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    DETAIL = "detail"
    """FastAPI's own."""


def error_body(family: Family, error: RouteIQError, request_id: str | None = None) -> bytes:
    """The body in the family's shape. Anthropic's has the request id in it."""
    if family is Family.OPENAI:
        return openai_body(error)
    if family is Family.DETAIL:
        return detail_body(error)
    return anthropic_error(error.status, error.public_message, request_id)


def openai_body(error: RouteIQError) -> bytes:
    """`{"error": {message, type, param, code}}` as OpenAI's SDKs read it."""
    return openai_error(error.public_message, error.type, error.code, error.param)


def detail_body(error: RouteIQError) -> bytes:
    """`{"detail": "..."}`, or a list of what is wrong with which field."""
    return msgspec.json.encode({"detail": error.details if isinstance(error, InvalidFields) else error.public_message})


def openai_error(message: str, type_: str, code: str | None, param: str | None = None) -> bytes:
    """The same from its parts."""
    return msgspec.json.encode({"error": {"message": message, "type": type_, "param": param, "code": code}})


def anthropic_error(status: int, message: str, request_id: str | None = None) -> bytes:
    """`{"type": "error", "error": {type, message}, "request_id"}` as Anthropic's SDKs read it."""
    type_ = _ANTHROPIC_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return msgspec.json.encode(
        {"type": "error", "error": {"type": type_, "message": message}, "request_id": request_id}
    )


def internal_body() -> bytes:
    """For what nobody expected: no inner text."""
    return openai_body(_INTERNAL)


def stream_event(family: Family, error: RouteIQError, request_id: str | None = None) -> bytes:
    """The last event of a stream that fails after its first byte. Nothing that ends a whole answer follows it."""
    name = b"event: error\n" if family is Family.ANTHROPIC else b""
    return name + b"data: " + error_body(family, error, request_id) + b"\n\n"


def error_headers(error: RouteIQError) -> list[tuple[bytes, bytes]]:
    """`Retry-After` where it is known when to come back, `WWW-Authenticate` on a 401, `Allow` on a 405."""
    if isinstance(error, Unavailable | RateLimited):
        return [(b"retry-after", str(error.retry_after_s).encode())]
    if isinstance(error, MethodNotAllowed):
        return [(b"allow", ", ".join(error.allow).encode())]
    if error.status == 401:
        return [(b"www-authenticate", b"Bearer")]
    return []
