"""An application in a thread of its own, for clients that wait for their answers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager

from starlette.types import ASGIApp

from routeiq.kit.server import HTTPServer, bind


@contextmanager
def served(opened: Callable[[], AbstractAsyncContextManager[ASGIApp]]) -> Iterator[str]:
    """Args: opened: the application, while it is open in the thread's loop.  Yields: its URL."""
    sock = bind("127.0.0.1", 0)
    stopped = threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with opened() as app:
            server = HTTPServer(app, sock)
            loop.call_soon(_watch, loop, stopped, server)
            await server.serve()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()])
    thread.start()
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        stopped.set()
        thread.join()
        sock.close()
        loop.close()


def _watch(loop: asyncio.AbstractEventLoop, stopped: threading.Event, server: HTTPServer) -> None:
    if stopped.is_set():
        server.stop()
    else:
        loop.call_later(0.05, _watch, loop, stopped, server)
