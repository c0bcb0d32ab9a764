"""An application in a thread of its own, for clients that wait for their answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

from anyio.from_thread import start_blocking_portal
from starlette.types import ASGIApp

from routeiq.kit.server import HTTPServer, bind
from tests.support.http_server import answering

Opened = Callable[[], AbstractAsyncContextManager[ASGIApp]]


@contextmanager
def served(opened: Opened) -> Iterator[str]:
    """From when it answers: FastAPI, while it is made, changes the filters of warnings for the whole process, and a
    test that imports at that time would have it fail of a warning.

    Args: opened: the application, while it is open in the thread's loop.  Yields: its URL."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_answering(opened)) as url:
        yield url


@asynccontextmanager
async def _answering(opened: Opened) -> AsyncIterator[str]:
    async with opened() as app, answering(HTTPServer(app, bind("127.0.0.1", 0))) as server:
        yield f"http://{server.address}"
