"""Test a provider by one small call, under the outbound policy: resolved and pinned, no redirect, ten seconds in all.

What the provider answers is another program's word: of a refusal the status is told, and its message without anything
that looks like a key."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import structlog

from routeiq.control.providers.addresses import Call, models_call
from routeiq.kit.errors import RouteIQError
from routeiq.kit.outbound import OutboundGuard

if TYPE_CHECKING:
    import aiohttp

log = structlog.get_logger()

TIMEOUT_S = 10.0
MAX_BYTES = 64 * 1024
MOST_CHARACTERS = 200
SIMULATED = frozenset({"simulated"})
_LOOKS_SECRET = re.compile(r"(?i)\b(?:(?:sk|pk|gsk|xai|key)[-_]|bearer +)[^\s\"',;]+|[A-Za-z0-9_\-*.]{20,}")


async def probe(
    name: str, base_url: str | None, key: str | None, guard: OutboundGuard, *, timeout_s: float = TIMEOUT_S
) -> str | None:
    """Why it does not work; None: it works. Never raises for what the other side does."""
    if name in SIMULATED:
        return None
    call = models_call(name, base_url, key)
    if call is None:
        return "There is no test for this provider without a base_url."
    try:
        async with asyncio.timeout(timeout_s):
            return await _ask(call, key, guard)
    except TimeoutError:
        return f"The provider did not answer within {timeout_s:g} seconds."
    except RouteIQError as refused:
        return refused.message


def scrubbed(text: str, key: str | None) -> str:
    """One short line without keys."""
    plain = text.replace(key, "***") if key else text
    line = "".join(one if one.isprintable() else " " for one in _LOOKS_SECRET.sub("***", plain))
    return line[:MOST_CHARACTERS]


async def _ask(call: Call, key: str | None, guard: OutboundGuard) -> str | None:
    import aiohttp  # noqa: PLC0415  # 8 MB, for a call that few ever make

    from routeiq.kit.outbound.aiohttp_transport import GuardMiddleware, connector  # noqa: PLC0415  # the same

    guard.check_url(call.url)
    pinned, checked = connector(guard, limit=1), (GuardMiddleware(guard),)
    try:
        async with (
            aiohttp.ClientSession(
                connector=pinned, middlewares=checked, cookie_jar=aiohttp.DummyCookieJar()
            ) as session,
            session.get(call.url, headers=call.headers, allow_redirects=False) as answer,
        ):
            return await _verdict(answer, key)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if isinstance(error, TimeoutError):
            raise
        log.info("provider.unreachable", error=type(error).__name__)
        return _why(error)


async def _verdict(answer: aiohttp.ClientResponse, key: str | None) -> str | None:
    if answer.status < 300:
        return None
    message = scrubbed(_message(await answer.content.read(MAX_BYTES)), key)
    return f"The provider answered {answer.status}{': ' if message else '.'}{message}"


def _message(body: bytes) -> str:
    """Of an error in any of the usual forms."""
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    error = data.get("error", data) if isinstance(data, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return message if isinstance(message, str) else ""


def _why(error: Exception) -> str:
    """Without addresses: aiohttp's texts have them."""
    cause = error.__cause__
    while cause is not None:
        if isinstance(cause, RouteIQError):
            return cause.message
        cause = cause.__cause__
    return "The provider cannot be reached."
