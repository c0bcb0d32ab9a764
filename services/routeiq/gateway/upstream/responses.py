"""Answers that a provider builds itself, and the checks on those that it passes on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress

import msgspec

from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamResponse
from routeiq.kit.json_errors import UNREADABLE

JSON_HEADERS: Mapping[str, str] = {"content-type": "application/json"}
SSE_HEADERS: Mapping[str, str] = {"content-type": "text/event-stream; charset=utf-8"}


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


class CheckedResponse:
    """A unary answer whose body must be a JSON object; `read` refuses anything else."""

    __slots__ = ("_label", "_source", "headers", "status")

    def __init__(self, source: UpstreamResponse, label: str) -> None:
        self.status = source.status
        self.headers = source.headers
        self._source = source
        self._label = label

    async def read(self) -> bytes:
        """Raises UpstreamFailed: not a JSON object, or as the source does."""
        body = await self._source.read()
        json_object(body, self._label)
        return body

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        yield await self.read()

    async def close(self) -> None:
        await self._source.close()


def json_object(body: bytes, label: str) -> dict[str, msgspec.Raw]:
    """`body` parsed one level deep. Raises UpstreamFailed: it is not a JSON object."""
    try:
        return msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except UNREADABLE:
        raise UpstreamFailed(f"The answer of `{label}` is not a JSON object.") from None


async def refuse_unusable(response: UpstreamResponse, *, stream: bool, label: str) -> None:
    """Close and raise UpstreamFailed for a head that cannot begin an answer.

    That is a redirect, or something else than an event stream where one was asked for.
    """
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    problem = ""
    if not 200 <= response.status < 300:
        problem = f"with status {response.status}, which is neither an answer nor an error"
    elif stream and content_type not in ("", "text/event-stream"):
        problem = "with a body that is not an event stream"
    if problem:
        await response.close()
        raise UpstreamFailed(f"`{label}` answered {problem}.")
