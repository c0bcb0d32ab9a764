"""Answers that a provider builds itself, and the checks on those that it passes on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress

from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamResponse

JSON_HEADERS: Mapping[str, str] = {"content-type": "application/json"}
SSE_HEADERS: Mapping[str, str] = {"content-type": "text/event-stream; charset=utf-8"}

_STREAMS = frozenset({"", "text/event-stream", "text/event-stream; charset=utf-8"})


class WholeResponse:
    """A body that is already here."""

    __slots__ = ("_body", "headers", "status")

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str] = JSON_HEADERS) -> None:
        self.status = status
        self.headers = headers
        self._body = body

    async def read(self) -> bytes:
        return self._body

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        yield self._body

    async def close(self) -> None:
        """Nothing is open."""


class StreamedResponse:
    """A stream made by a generator. `source` is the upstream's answer behind it, closed with it."""

    __slots__ = ("_generator", "_source", "headers", "status")

    def __init__(
        self,
        generator: AsyncGenerator[bytes, None],
        source: UpstreamResponse | None = None,
        headers: Mapping[str, str] = SSE_HEADERS,
    ) -> None:
        self.status = 200
        self.headers = headers
        self._generator = generator
        self._source = source

    async def read(self) -> bytes:
        return b"".join([chunk async for chunk in self._generator])

    def chunks(self) -> AsyncGenerator[bytes, None]:
        return self._generator

    async def close(self) -> None:
        """Closes the source first: a generator that is being read cannot be closed from outside."""
        if self._source is not None:
            await self._source.close()
        with suppress(RuntimeError):  # it is being read in another task, whose read now fails
            await self._generator.aclose()


def streams_events(headers: Mapping[str, str]) -> bool:
    """Whether the head is an event stream's, or does not say."""
    kind = headers.get("content-type", "")
    return kind in _STREAMS or kind.partition(";")[0].strip().lower() in _STREAMS


async def refuse_unusable(response: UpstreamResponse, *, stream: bool, label: str) -> None:
    """Close and raise UpstreamFailed for a head that cannot begin an answer.

    That is a redirect, or something else than an event stream where one was asked for.
    """
    if response.status == 200 and not stream:
        return
    problem = ""
    if not 200 <= response.status < 300:
        problem = f"with status {response.status}, which is neither an answer nor an error"
    elif stream and not streams_events(response.headers):
        problem = "with a body that is not an event stream"
    if problem:
        await response.close()
        raise UpstreamFailed(f"`{label}` answered {problem}.")
