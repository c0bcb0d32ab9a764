"""An upstream's own refusal (4xx, 5xx) in the OpenAI error shape.

A body that has the shape already is kept as it is, with its `code`, which SDKs and agents test. Others are
wrapped. A 401 speaks of the gateway's credential and not of the caller's key, so its text is replaced
(providers quote the key in it) and its code says whose refusal it is. Keys and configured hosts are cut out.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from routeiq.config.state import Deployment
from routeiq.gateway.upstream.beginning import error_line
from routeiq.gateway.upstream.provider import UpstreamResponse
from routeiq.gateway.upstream.responses import WholeResponse
from routeiq.gateway.upstream.secrets import scrub
from routeiq.kit.error_bodies import openai_error
from routeiq.kit.json_errors import UNREADABLE

CREDENTIAL_REFUSED = "The provider of `{}` refused the gateway's credential. Your own key is not the cause."
UPSTREAM_AUTH_CODE = "upstream_authentication_error"
_TYPES = {
    400: ("invalid_request_error", "invalid_request"),
    403: ("permission_error", "upstream_permission_denied"),
    404: ("not_found_error", "not_found"),
    408: ("timeout_error", "upstream_timeout"),
    413: ("invalid_request_error", "request_too_large"),
    422: ("invalid_request_error", "invalid_request"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
}
"""Type and code where the upstream gave none. Other 4xx are as 400; 5xx are `upstream_error`."""


class _OpenAIError(msgspec.Struct):
    message: str


class _OpenAIBody(msgspec.Struct):
    error: _OpenAIError


class _EventError(msgspec.Struct):
    message: str
    code: str | int | None = None


class _EventBody(msgspec.Struct):
    """Of both dialects: Anthropic's has a `type` beside it."""

    error: _EventError


class _LooseBody(msgspec.Struct):
    """The shapes of FastAPI, older vLLM and others."""

    error: str | None = None
    message: str | None = None
    detail: str | None = None
    type: str | None = None
    code: str | int | None = None


async def refuse(response: UpstreamResponse, deployment: Deployment) -> WholeResponse:
    """Read the refusal whole and give it back in the OpenAI shape, with its status and headers."""
    body = await response.read()
    return WholeResponse(
        response.status, openai_refusal(response.status, body, deployment), json_headers(response.headers)
    )


def first_event_refusal(first: bytes | bytearray, deployment: Deployment) -> tuple[int, bytes] | None:
    """Status and body of a stream that begins with an error: its 200 was said too early. None: it begins otherwise."""
    data = error_line(first)
    if data is None:
        return None
    try:
        error = msgspec.json.decode(data, type=_EventBody).error
    except UNREADABLE:
        return None
    code = error.code
    if isinstance(code, str) and code.isdecimal() and len(code) == 3:
        code = int(code)
    status = code if isinstance(code, int) and 400 <= code < 600 else 502
    if status == 401:
        return status, credential_refused(deployment)
    return status, cleaned(data, deployment, openai_error(error.message, *error_type(status)))


def json_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """`headers` for a body that is JSON now."""
    return {**headers, "content-type": "application/json"}


def openai_refusal(status: int, body: bytes, deployment: Deployment) -> bytes:
    """The OpenAI error body for an upstream's answer of `status` >= 400."""
    if status == 401:
        return credential_refused(deployment)
    body = _unlisted(body)
    message = _message(body)
    if message is None:
        return scrub(_wrap(status, body, deployment), deployment)
    return cleaned(body, deployment, openai_error(message, *error_type(status)))


def cleaned(body: bytes, deployment: Deployment, otherwise: bytes) -> bytes:
    """An error body of any dialect as it may be passed on: with the escapes that it needs and no others, for a key may
    hide behind them, and without secrets. Args: otherwise: instead of one of which only the error's message can be read
    (beside it stands a number that is too large)."""
    try:
        plain = msgspec.json.encode(msgspec.json.decode(body.decode(errors="replace")))
    except UNREADABLE:
        plain = otherwise
    return scrub(plain, deployment)


def credential_refused(deployment: Deployment) -> bytes:
    """The body of a 401 that is the provider's."""
    message = CREDENTIAL_REFUSED.format(deployment.group)
    return openai_error(message, "authentication_error", UPSTREAM_AUTH_CODE)


def error_type(status: int) -> tuple[str, str]:
    """(type, code) for a status."""
    if status >= 500:
        return "upstream_error", "upstream_error"
    return _TYPES.get(status, _TYPES[400])


def _unlisted(body: bytes) -> bytes:
    """Google's OpenAI endpoint puts its error into a list."""
    try:
        return bytes(msgspec.json.decode(body, type=tuple[msgspec.Raw])[0])
    except UNREADABLE:
        return body


def _message(body: bytes) -> str | None:
    """Of a body that has OpenAI's shape."""
    try:
        return msgspec.json.decode(body, type=_OpenAIBody).error.message
    except UNREADABLE:
        return None


def _wrap(status: int, body: bytes, deployment: Deployment) -> bytes:
    type_, code = error_type(status)
    try:
        loose = msgspec.json.decode(body, type=_LooseBody)
    except UNREADABLE:
        loose = _LooseBody()
    message = (
        loose.error
        or loose.message
        or loose.detail
        or f"The provider of `{deployment.group}` answered {status} without an explanation."
    )
    return openai_error(message, loose.type or type_, loose.code if isinstance(loose.code, str) else code)
