"""Plain ASGI: header look-up, whole responses, bounded bodies. For endpoints that take no framework."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from routeiq.kit.errors import BodyTooLarge, RouteIQError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
RawHeaders = Iterable[tuple[bytes, bytes]]

JSON = (b"content-type", b"application/json")


class ClientDisconnected(RouteIQError):
    """The caller left. 499 is nginx's name for it; nobody is there to read it."""

    status, type, code = 499, "client_disconnected", "client_disconnected"


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first value of a header; `name` in lower case."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value)
    return None


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body. Raises: BodyTooLarge: as soon as that is known.  ClientDisconnected: it never ends."""
    declared = header(scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected("client left while sending its body")
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body`, which was read from `receive`, and then what still comes: a disconnect."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The request body is larger than the limit of {limit} bytes.")


async def respond(send: Send, status: int, body: bytes, headers: RawHeaders = (JSON,)) -> None:
    """Send a whole response; `content-length` is added."""
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", str(len(body)).encode())],
        }
    )
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def cancel_on_disconnect(receive: Receive) -> AsyncIterator[None]:
    """Cancel the body of the `async with` when the client leaves. Raises ClientDisconnected in that case.

    The request's body must have been read: from then on `receive` only ever reports a disconnect.
    """
    work = asyncio.current_task()
    assert work is not None, "called outside a task"
    inside, left = True, False

    def client_left(watcher: asyncio.Task[None]) -> None:
        nonlocal left
        if inside and not watcher.cancelled():
            left = True
            work.cancel()

    watcher = asyncio.create_task(_disconnected(receive))
    watcher.add_done_callback(client_left)
    try:
        yield
    except asyncio.CancelledError:
        if left and work.uncancel() <= 0:
            raise ClientDisconnected("client left before the answer was complete") from None
        raise
    finally:
        inside = False
        watcher.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
