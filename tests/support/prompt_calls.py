"""Calls of a script that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from enum import Enum

from routeiq.config.state import Deployment
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamResponse
from routeiq.gateway.upstream.requests import UpstreamRequest
from tests.support.executing import FINE, Calling, ScriptedProvider, ScriptedResponse


class Way(Enum):
    """What becomes of calls that nobody waits for."""

    ANSWERED = "answered"
    HANDED_OVER = "handed over"
    """As if every answer were packed."""
    STALE = "stale"
    """As if each met a connection that had gone."""


class ScriptedCall:
    """A call of the script that nobody waits for, which is its own exchange. A stream comes a frame a turn."""

    def __init__(self, provider: PromptProvider, request: UpstreamRequest, one: Deployment) -> None:
        self.stale = provider.way is Way.STALE
        self.head: Mapping[str, str] = {}
        self.dropped = False
        self._provider, self._request, self._one = provider, request, one
        self._said = FINE if self.stale else provider.called(request, one)
        self._loop = asyncio.get_running_loop()
        self._frames = list(self._said.frames)
        self._response: ScriptedResponse | None = None
        self._error: Exception | None = None
        self.pauses = False

    @property
    def exchange(self) -> ScriptedCall:
        return self

    def call(self, callback: Callable[[], None], *, early: bool = False) -> None:
        if not self._said.hangs or (early and self._frames):
            self._soon(callback)

    def _soon(self, callback: Callable[[], None]) -> None:
        self._loop.call_soon(lambda: None if self.dropped else callback())

    def call_off(self) -> None:
        """It does not call twice."""

    def drop(self) -> None:
        self.dropped = True
        if self._response is not None:
            self._response.closed = True

    def body(self) -> bytes | None:
        if not self._opened():
            return None
        self.drop()
        return self._said.body

    def first(self) -> bytes | None:
        return self._frames[0] if self._frames and self._opened() else None

    def _opened(self) -> bool:
        """Whether it needs no second look; from now on it has a response."""
        said = self._said
        fine = said.status == 200 and said.raises is None and said.seconds <= self._request.timeout_s
        if self._provider.way is not Way.ANSWERED or not fine:
            return False
        self._response = self._provider.response(said, self._request, self._one)
        self.head = self._response.headers
        return True

    def pour(self, sink: Callable[[bytes], bool], callback: Callable[[], None]) -> None:
        try:
            self.pauses = bool(self._frames) and not sink(self._frames.pop(0))
        except Exception as error:  # noqa: BLE001  # as an exchange has it
            self._error, self._frames = error, []
        if self.pauses:
            callback()
        elif self._frames:
            self._soon(lambda: self.pour(sink, callback))
        elif self._error is not None or not self._said.hangs:
            self.drop()
            callback()

    def failure(self) -> Exception | None:
        if self._error is None and self._said.breaks:
            return UpstreamFailed("the upstream ended early")
        return self._error

    async def response(self) -> UpstreamResponse:
        return self._provider.response(self._said, self._request, self._one)


class PromptProvider(ScriptedProvider):
    """One that can do without waiting."""

    way = Way.ANSWERED

    def begin(self, request: UpstreamRequest, one: Deployment) -> ScriptedCall:
        return ScriptedCall(self, request, one)


def prompt(calling: Calling, way: Way) -> None:
    """From now on its provider can do without waiting."""
    calling.provider = provider = PromptProvider(calling.clock, calling.script)
    provider.way = way
