"""How the fake provider fails: the answers of behaviours that give none, or an error."""

from __future__ import annotations

import asyncio
import re
from typing import cast

from aiohttp import web
from fake_answers import JSON, Call  # its neighbour: the provider runs as a script

RETRY_AFTER = {429, 503}
HEADERS = {"set-cookie": "fake=1; Path=/", "x-fake": "yes", "openai-processing-ms": "5"}
TYPES = {400: "invalid_request_error", 401: "authentication_error", 429: "rate_limit_error", 529: "overloaded_error"}


def abort(request: web.Request) -> None:
    """Reset the connection."""
    if request.transport is not None:
        request.transport.abort()


async def refusal(call: Call) -> web.StreamResponse | None:
    """The answer of behaviours that give none or an error, else None."""
    if call.is_("die-before"):
        abort(call.request)
        return web.Response()
    if call.is_("not-http"):
        if call.request.transport is not None:
            cast("asyncio.Transport", call.request.transport).write(b"EHLO this is not http\r\n\r\n")
        abort_after_flush(call.request)
        return web.Response()
    if call.is_("slow-head"):
        await asyncio.sleep(300)
    if call.is_("html-error"):
        return web.Response(
            status=502, text="<html>Bad gateway at 10.0.0.1</html>", content_type="text/html", headers=HEADERS
        )
    if call.is_("list-error"):
        return web.json_response(
            [{"error": {"code": 400, "message": "API key not valid", "status": "INVALID_ARGUMENT"}}], status=400
        )
    if call.is_("detail-error"):
        return web.json_response({"detail": "The field is wrong."}, status=422)
    if call.is_("redirect"):
        return web.Response(status=302, headers={"location": "/v1/models"})
    status = re.fullmatch(r"status-(\d{3})", call.behaviour)
    return error(call, int(status[1])) if status else None


def abort_after_flush(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


def error(call: Call, status: int) -> web.Response:
    """An error in the shape of the API that was called."""
    key = call.request.headers.get("authorization", call.request.headers.get("x-api-key", "")).removeprefix("Bearer ")
    message = f"Incorrect API key provided: {key}" if status == 401 else f"Status {status} was asked for."
    kind = TYPES.get(status, "server_error")
    body: JSON = {"error": {"message": message, "type": kind, "param": None, "code": f"fake_{status}"}}
    if call.request.path.endswith("/messages"):
        body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_fake"}
    headers = {**HEADERS, **({"retry-after": "7"} if status in RETRY_AFTER else {})}
    return web.json_response(body, status=status, headers=headers)
