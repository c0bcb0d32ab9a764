"""The connection that all calls share."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.kit.redis import RedisAway, RedisRefused
from routeiq.kit.redis_line import RedisLine, command
from tests.support.servers.valkey import Valkey
from tests.support.waiting import PATIENCE_S


async def test_answers_come_in_the_order_of_the_calls(valkey: Valkey) -> None:
    line = RedisLine(valkey.url, timeout_s=PATIENCE_S)
    asked = [line.ask(command([b"ECHO", b"%d" % number])) for number in range(1000)]
    assert await asyncio.gather(*asked) == [b"%d" % number for number in range(1000)]
    await line.close()


async def test_a_refusal_is_one_calls_alone(valkey: Valkey) -> None:
    line = RedisLine(valkey.url, timeout_s=PATIENCE_S)
    with pytest.raises(RedisRefused):
        await line.ask(command([b"NO-SUCH-COMMAND"]))
    assert await line.ask(command([b"ECHO", b"on"])) == b"on"
    await line.close()


async def test_a_password_and_a_database_of_its_own() -> None:
    with Valkey() as server:
        open_ = RedisLine(server.url, timeout_s=PATIENCE_S)
        await open_.ask(command([b"CONFIG", b"SET", b"requirepass", b"pass@word"]))
        line = RedisLine(f"redis://:pass%40word@127.0.0.1:{server.port}/3", timeout_s=PATIENCE_S)
        assert b"db=3" in await line.ask(command([b"CLIENT", b"INFO"]))  # type: ignore[operator]  # bytes
        locked_out = RedisLine(f"redis://:wrong@127.0.0.1:{server.port}/0")
        with pytest.raises(RedisAway):
            await locked_out.ask(command([b"PING"]))
        for one in (open_, line, locked_out):
            await one.close()


async def test_it_follows_a_cluster_to_who_has_the_slot(valkey: Valkey) -> None:
    async def elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            writer.write(b"+PONG\r\n" if not elsewhere.greeted else b"-MOVED 3999 127.0.0.1:%d\r\n" % valkey.port)  # type: ignore[attr-defined]  # a flag
            elsewhere.greeted = True  # type: ignore[attr-defined]  # as above
        writer.close()

    elsewhere.greeted = False  # type: ignore[attr-defined]  # as above
    server = await asyncio.start_server(elsewhere, "127.0.0.1", 0)
    line = RedisLine(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0", timeout_s=PATIENCE_S)
    with pytest.raises(RedisRefused):
        await line.ask(command([b"GET", b"x"]))
    async with asyncio.timeout(PATIENCE_S):
        while line.away:
            await asyncio.sleep(0.01)
    assert await line.ask(command([b"ECHO", b"here"])) == b"here"
    await line.close()
    server.close()
    await server.wait_closed()


async def test_after_a_restart_it_is_back_by_itself() -> None:
    with Valkey() as server:
        line = RedisLine(server.url, timeout_s=PATIENCE_S)
        came = asyncio.Event()
        line.back = came.set
        await line.ask(command([b"PING"]))
        server.restart()
        async with asyncio.timeout(PATIENCE_S):
            await came.wait()
        assert await line.ask(command([b"ECHO", b"on"])) == b"on"
        await line.close()
        with pytest.raises(RedisAway):
            line.send(b"", lambda _: None)
