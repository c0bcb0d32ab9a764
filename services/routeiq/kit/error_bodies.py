"""The only place that renders an error for a caller.

Families (contract 1.0): the LLM and management routes answer in OpenAI's shape. An error after the
first streamed byte is a final SSE event.
"""

from __future__ import annotations

import msgspec

from routeiq.kit.errors import RouteIQError, Unavailable

_INTERNAL = RouteIQError("internal")


def openai_body(error: RouteIQError) -> bytes:
    """`{"error": {message, type, param, code}}` as OpenAI's SDKs read it."""
    return openai_error(error.public_message, error.type, error.code, error.param)


def openai_error(message: str, type_: str, code: str | None, param: str | None = None) -> bytes:
    """The same from its parts."""
    return msgspec.json.encode({"error": {"message": message, "type": type_, "param": param, "code": code}})


def internal_body() -> bytes:
    """For what nobody expected: no inner text."""
    return openai_body(_INTERNAL)


def stream_event(error: RouteIQError) -> bytes:
    """The last event of a stream that fails after its first byte. No `[DONE]` follows it."""
    return b"data: " + openai_body(error) + b"\n\n"


def retry_headers(error: RouteIQError) -> list[tuple[bytes, bytes]]:
    """`Retry-After` on every 503 that knows when to come back; `WWW-Authenticate` on every 401."""
    if isinstance(error, Unavailable):
        return [(b"retry-after", str(error.retry_after_s).encode())]
    if error.status == 401:
        return [(b"www-authenticate", b"Bearer")]
    return []
