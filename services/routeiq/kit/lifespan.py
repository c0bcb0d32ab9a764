"""The lifespan part of ASGI for an application without a framework: what is open while it serves.

Source: the ASGI specification, Lifespan Protocol 2.0."""

from __future__ import annotations

import traceback
from contextlib import AbstractAsyncContextManager

from routeiq.kit.asgi import Receive, Send


async def live(inside: AbstractAsyncContextManager[object], receive: Receive, send: Send) -> None:
    """Serve one `lifespan` scope inside `inside`. What that raises is told to the server and raised again."""
    phase = "startup"
    try:
        await receive()
        async with inside:
            await send({"type": "lifespan.startup.complete"})
            phase = "shutdown"
            await receive()
    except BaseException:
        await send({"type": f"lifespan.{phase}.failed", "message": traceback.format_exc()})
        raise
    await send({"type": "lifespan.shutdown.complete"})
