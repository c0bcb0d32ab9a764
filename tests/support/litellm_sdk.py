"""A stand-in for litellm's SDK: its answers, its streams and its exceptions, whose names our code looks at."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator


class Dumped:
    """An answer or a chunk of the SDK."""

    def __init__(self, **data: object) -> None:
        self.data = data

    def model_dump(self, *, exclude_none: bool) -> dict[str, object]:
        return json.loads(json.dumps(self.data)) if exclude_none else {}

    def model_dump_json(self) -> str:
        return json.dumps(self.data)


class Stream:
    """The SDK's stream: it may end in an error, or never."""

    def __init__(self, *chunks: Dumped | Exception, stall: bool = False) -> None:
        self.chunks = chunks
        self.stall = stall
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[Dumped]:
        for chunk in self.chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk
        if self.stall:
            await asyncio.sleep(60)

    async def aclose(self) -> None:
        self.closed += 1
        raise RuntimeError("already closed")


class Session:
    closed = False

    async def aclose(self) -> None:
        self.closed = True


class SDK:
    """Answers with `result` and remembers how it was called."""

    def __init__(self, result: object) -> None:
        self.result = result
        self.arguments: dict[str, object] = {}
        self.aclient_session: Session | None = Session()
        self.cached_clients_closed = False

    async def acompletion(self, **arguments: object) -> object:
        self.arguments = arguments
        if isinstance(self.result, Exception):
            raise self.result
        return self.result

    aembedding = acompletion

    async def close_litellm_async_clients(self) -> None:
        self.cached_clients_closed = True


class SDKError(Exception):
    def __init__(
        self, message: str = "", status: int | None = None, headers: object = None, body: object = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status
        self.litellm_response_headers = headers
        self.body = body


class ContextWindowExceededError(SDKError):
    pass


class APITimeoutError(SDKError):
    pass
