"""A service's HTTP application whose parts take long to load: its port is taken at once, and when it serves they are
loaded in a thread, because that takes a second which nobody else on the machine should wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Generic, Protocol, TypeVar

from routeiq.kit.asgi import ASGIApp, Receive, Scope, Send
from routeiq.kit.health import Readiness
from routeiq.kit.lifespan import live


class Loaded(Protocol):
    """What a service is made of."""

    @property
    def api(self) -> ASGIApp: ...


Parts = TypeVar("Parts", bound=Loaded)


class LateApp(Generic[Parts]):
    """Its lifespan is the service's life."""

    def __init__(
        self,
        load: Callable[[], Parts],
        serving: Callable[[Parts], AbstractAsyncContextManager[None]],
        readiness: Readiness,
    ) -> None:
        """Args: load: runs in a thread; its `api` is what answers.  serving: what is open while it does."""
        self._load, self._serving, self._readiness = load, serving, readiness
        self._api: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await live(self._running(), receive, send)
        else:
            assert self._api is not None, "no request comes before the lifespan has begun"
            await self._api(scope, receive, send)

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        parts = await asyncio.to_thread(self._load)
        self._api = parts.api
        async with self._serving(parts):
            self._readiness.serving = True
            try:
                yield
            finally:
                self._readiness.draining = True
