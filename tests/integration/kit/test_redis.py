"""The door to Redis: nobody waits for one that does not answer."""

from __future__ import annotations

import contextlib

import pytest
from redis.asyncio import Redis as Client

from routeiq.kit.redis import Redis, RedisAway, RedisRefused, RedisSettings
from tests.support.servers.valkey import Valkey
from tests.support.waiting import PATIENCE_S, until


async def test_it_does_what_it_is_told(valkey: Valkey) -> None:
    redis = Redis(valkey.url, timeout_s=PATIENCE_S)
    await redis.run(lambda client: client.set("test-redis", b"x", ex=10))
    assert await redis.run(lambda client: client.get("test-redis")) == b"x"
    await redis.close()


async def test_a_refusal_is_no_absence(valkey: Valkey) -> None:
    redis = Redis(valkey.url, timeout_s=PATIENCE_S)
    await redis.run(lambda client: client.set("test-redis-text", b"x", ex=10))
    with pytest.raises(RedisRefused):
        await redis.run(lambda client: client.smembers("test-redis-text"))
    assert not redis.away
    await redis.close()


async def test_an_error_of_the_work_is_its_own(valkey: Valkey) -> None:
    async def broken(_: object) -> None:
        raise KeyError("mine")

    redis = Redis(valkey.url, timeout_s=PATIENCE_S)
    with pytest.raises(KeyError):
        await redis.run(broken)
    assert not redis.away
    await redis.close()


async def test_nobody_waits_for_one_that_is_frozen_and_it_is_used_again_when_it_answers() -> None:
    with Valkey() as server:
        redis, asked = Redis(server.url, timeout_s=0.5), 0

        async def ping(client: Client) -> None:
            nonlocal asked
            asked += 1
            await client.ping()

        async def answers() -> bool:
            with contextlib.suppress(RedisAway):
                await redis.run(ping)
                return True
            return False

        await until(answers)
        with server.frozen():
            asked = 0
            for _ in range(100):
                with pytest.raises(RedisAway):
                    await redis.run(ping)
            assert asked == 1, "of a hundred one has waited"
        await until(answers)
        server.kill()
        with pytest.raises(RedisAway):
            await redis.run(lambda client: client.ping())
        server.start()
        await until(lambda: not redis.away)
        await redis.close()


async def test_closing_ends_the_looking() -> None:
    redis = Redis("redis://127.0.0.1:1")
    with pytest.raises(RedisAway):
        await redis.run(lambda client: client.ping())
    await redis.close()


def test_the_contracts_names_make_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    assert RedisSettings().url() == ""
    monkeypatch.setenv("REDIS_HOST", "::1")
    assert RedisSettings().url() == "redis://[::1]:6379/0"
    monkeypatch.setenv("REDIS_HOST", "cache")
    for name, value in {"PORT": "7", "DB": "2", "USERNAME": "me", "PASSWORD": "a/b@c", "SSL": "true"}.items():
        monkeypatch.setenv(f"REDIS_{name}", value)
    assert RedisSettings().url() == "rediss://me:a%2Fb%40c@cache:7/2"
