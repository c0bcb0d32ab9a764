"""Connections of one service to another: which are used again, and for what."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.kit.internal_http import ServiceAway
from tests.support.internal_owner import OK, Owner, Play, answers, owned, read, says, send
from tests.support.waiting import LONGER_S, PATIENCE_S


async def test_nothing_is_sent_but_what_was_asked_for() -> None:
    async with owned(answers) as owner:
        for method, body in (("GET", b""), ("DELETE", b""), ("POST", b"")):
            assert await read(await send(owner, method, "/a%2Fb/../%7e?x=%20y&z", body, accept="a/b")) == b"ok"
    line = b"%b /a%%2Fb/../%%7e?x=%%20y&z HTTP/1.1\r\nhost: owner\r\naccept: a/b\r\n"
    nothing = b"content-length: 0\r\n"
    sent = [line % b"GET", line % b"DELETE" + nothing, line % b"POST" + nothing]
    assert [head.lower() for head in owner.heads] == [(head + b"\r\n").lower() for head in sent]


async def test_one_connection_serves_one_after_the_other() -> None:
    async with owned(answers) as owner:
        for _ in range(3):
            assert await read(await send(owner)) == b"ok"
        assert owner.connections == 1
        await asyncio.gather(*[send(owner) for _ in range(3)])
        assert owner.connections == 3


async def test_after_closing_a_later_call_opens_anew() -> None:
    async with owned(answers) as owner:
        assert await read(await send(owner)) == b"ok"
        await owner.client.close()
        async with asyncio.timeout(PATIENCE_S):
            await owner.left.wait()
        assert await read(await send(owner)) == b"ok"
        assert owner.connections == 2


async def test_an_answer_that_is_not_read_closes_its_connection() -> None:
    async with owned(says(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nhalf", then=LONGER_S)) as owner:
        answer = await send(owner)
        assert (answer.status, answer.length) == (200, 20)
        answer.close()
        async with asyncio.timeout(PATIENCE_S):
            await owner.left.wait()


async def test_who_is_cancelled_closes_its_connection() -> None:
    async with owned(says(then=LONGER_S)) as owner:
        asking = asyncio.create_task(send(owner))
        while not owner.heads:
            await asyncio.sleep(0.01)
        asking.cancel()
        async with asyncio.timeout(PATIENCE_S):
            await owner.left.wait()


async def test_nothing_is_kept_of_who_was_cancelled_at_any_moment() -> None:
    async with owned(answers) as owner:
        for turns in range(12):
            asking = asyncio.create_task(send(owner))
            for _ in range(turns):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
            if not asking.cancelled():
                asking.result().close()
        await asyncio.sleep(0.05)
        assert not owner.client._open


@pytest.mark.parametrize("unasked", [b"", OK])
async def test_one_that_its_owner_closed_or_spoke_on_unasked_is_not_used_again(unasked: bytes) -> None:
    async def once(owner: Owner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await owner.asked(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d" % owner.connections)
        await asyncio.sleep(0.05)
        writer.write(unasked)
        await (reader.read() if unasked else asyncio.sleep(0))

    async with owned(once) as owner:
        for number in (b"1", b"2"):
            assert await read(await send(owner, "POST", body=b"{}")) == number
            await asyncio.sleep(0.1)


def dying(last: bytes, after: int) -> Play:
    """The first connection ends with `last` once it has given as many answers."""

    async def play(owner: Owner, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(after if owner.connections == 1 else 1):
            await owner.asked(reader)
            writer.write(OK)
        await owner.asked(reader)
        writer.write(last)

    return play


@pytest.mark.parametrize(("method", "body"), [("GET", b""), ("DELETE", b""), ("PUT", b"{}")])
@pytest.mark.parametrize("after", [0, 1], ids=["new", "kept"])
async def test_what_may_be_repeated_is_where_no_answer_came(method: str, body: bytes, after: int) -> None:
    async with owned(dying(b"", after)) as owner:
        for _ in range(1 + after):
            assert await read(await send(owner, method, body=body)) == b"ok"
        assert (owner.connections, len(owner.heads)) == (2, 2 + after)


@pytest.mark.parametrize(("method", "last"), [("POST", b""), ("GET", b"HTTP/1.1 200 OK\r\ncont")])
@pytest.mark.parametrize("after", [0, 1], ids=["new", "kept"])
async def test_else_nothing_is(method: str, last: bytes, after: int) -> None:
    async with owned(dying(last, after)) as owner:
        for _ in range(after):
            assert await read(await send(owner, method)) == b"ok"
        with pytest.raises(ServiceAway, match=r"^owner cannot be reached\.$"):
            await send(owner, method)
        assert len(owner.heads) == 1 + after
