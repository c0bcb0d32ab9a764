"""Answers that a provider builds itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from routeiq.gateway.upstream.responses import StreamedResponse, WholeResponse


async def stream(*chunks: bytes, stall: bool = False) -> AsyncGenerator[bytes, None]:
    for chunk in chunks:
        yield chunk
    if stall:
        await asyncio.sleep(60)


async def test_a_whole_answer_is_one_chunk() -> None:
    response = WholeResponse(200, b"x")
    assert [chunk async for chunk in response.chunks()] == [b"x"]
    await response.close()
    assert await response.read() == b"x"


async def test_a_stream_can_be_read_whole() -> None:
    assert await StreamedResponse(stream(b"a", b"b")).read() == b"ab"


async def test_closing_a_stream_that_another_task_reads_does_not_fail() -> None:
    response = StreamedResponse(stream(stall=True))
    reading = asyncio.create_task(response.read())
    await asyncio.sleep(0)
    await response.close()
    assert not reading.done()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert reading.cancelled()


async def test_a_closed_stream_is_over() -> None:
    response = StreamedResponse(stream(b"a", b"b"))
    chunks = aiter(response.chunks())
    assert await anext(chunks) == b"a"
    await response.close()
    await response.close()
    assert [chunk async for chunk in chunks] == []
