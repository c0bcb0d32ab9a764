"""Callers in Redis: shared, sealed, there after a restart without control, forgotten everywhere; and Redis away."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import pytest
from redis.asyncio import Redis as Client

from routeiq.gateway.callers import second_level
from routeiq.gateway.callers.second_level import PREFIX, PURPOSE, SecondLevel
from routeiq.kit.crypto import Sealer
from routeiq.kit.redis import Redis
from tests.integration.callers.conftest import VIRTUAL, house
from tests.support.fake_control import FakeControl, changed, hash_of
from tests.support.servers.valkey import Valkey
from tests.support.waiting import PATIENCE_S, until

SECRET = bytes(range(32))
T = TypeVar("T")
STALE_S = 24 * 3600.0


@pytest.fixture
async def raw(valkey: Valkey, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Client]:
    """A client of the test's own; the gateways' names have a prefix of this test."""
    monkeypatch.setattr(second_level, "PREFIX", f"{PREFIX}{uuid.uuid4().hex}:")
    async with Client.from_url(valkey.url) as client:
        yield client


def level(url: str, *, secret: bytes = SECRET, clock: Callable[[], float] = time.time) -> SecondLevel:
    return SecondLevel(Redis(url, timeout_s=PATIENCE_S), Sealer([secret], PURPOSE), STALE_S, clock)


async def names(raw: Client) -> list[bytes]:
    return [name async for name in raw.scan_iter(f"{second_level.PREFIX}*")]


async def test_another_gateway_need_not_ask(control: FakeControl, valkey: Valkey, raw: Client) -> None:
    control.rows.add(VIRTUAL, models=["small"])
    first = level(valkey.url)
    async with house(control, second=first) as one:
        assert (await one.chat()).status_code == 200
        await first.written()
        async with house(control, second=level(valkey.url)) as two:
            assert (await two.chat()).status_code == 200
            assert (await two.chat(model="large")).status_code == 403
    assert len(control.asked) == 1


async def test_once_news_was_lost_what_another_gateway_wrote_before_is_not_enough(
    control: FakeControl, valkey: Valkey, raw: Client
) -> None:
    control.rows.add(VIRTUAL)
    first = level(valkey.url)
    async with house(control, second=first) as one:
        assert (await one.chat()).status_code == 200
        await first.written()
    control.rows.keys.clear()
    async with house(control, second=level(valkey.url)) as two:
        two.callers.doubt()
        assert (await two.chat()).status_code == 401


async def test_it_survives_a_restart_while_control_is_away(control: FakeControl, valkey: Valkey, raw: Client) -> None:
    control.rows.add(VIRTUAL)
    control.rows.add("sk-a-blocked-key-of-tests", blocked=True)
    first = level(valkey.url, clock=lambda: time.time() - 3600)
    async with house(control, second=first) as one:
        await one.chat()
        await one.chat("sk-a-blocked-key-of-tests")
        await first.written()
    await control.kill()
    async with house(control, second=level(valkey.url)) as again:
        for _ in range(3):
            assert (await again.chat()).status_code == 200
        assert (await again.chat("sk-a-blocked-key-of-tests")).status_code == 401
        assert (await again.chat("sk-never-seen-before-this")).status_code == 503
        again.clock.at += 24 * 3600
        assert (await again.chat()).status_code == 503


async def test_an_old_answer_there_counts_only_without_control(
    control: FakeControl, valkey: Valkey, raw: Client
) -> None:
    control.rows.add(VIRTUAL)
    first = level(valkey.url, clock=lambda: time.time() - 61)
    async with house(control, second=first) as one:
        await one.chat()
        await first.written()
    control.rows.keys.clear()
    async with house(control, second=level(valkey.url)) as again:
        assert (await again.chat()).status_code == 401


@pytest.mark.parametrize("told", [changed(keys=[VIRTUAL]), changed(users=["u"]), changed(teams=["t"])])
async def test_what_is_forgotten_is_gone_there_too(
    control: FakeControl, valkey: Valkey, raw: Client, told: object
) -> None:
    control.rows.add(VIRTUAL, user_id="u", team_id="t")
    first, second = level(valkey.url), level(valkey.url)
    async with house(control, second=first) as one, house(control, second=second) as two:
        await one.chat()
        await first.written()
        two.callers.forget(told)  # type: ignore[arg-type]
        await second.written()
        control.rows.keys.clear()
        assert (await two.chat()).status_code == 401
        assert not [name for name in await names(raw) if b":k:" in name]


async def test_what_is_still_to_be_forgotten_is_not_given_out(
    control: FakeControl, valkey: Valkey, raw: Client
) -> None:
    control.rows.add(VIRTUAL)
    first, second = level(valkey.url), level(valkey.url)
    async with house(control, second=first) as one, house(control, second=second) as two:
        await one.chat()
        await first.written()
        control.rows.keys.clear()
        two.callers.forget(changed(keys=[VIRTUAL]))
        assert await second.get(hash_of(VIRTUAL)) is None
        assert (await two.chat()).status_code == 401
        await second.written()
        assert await first.get(hash_of(VIRTUAL)) is None


async def test_an_answer_that_a_change_overtook_is_not_left_there(
    control: FakeControl, valkey: Valkey, raw: Client
) -> None:
    control.rows.add(VIRTUAL)
    first = level(valkey.url)
    async with house(control, second=first) as one:
        control.gate.clear()
        asking = asyncio.create_task(one.chat())
        while not control.asked:
            await asyncio.sleep(0.01)
        control.rows.keys.clear()
        one.callers.forget(changed(keys=[VIRTUAL]))
        control.gate.set()
        assert (await asking).status_code == 401
        await first.written()
    assert [name for name in await names(raw) if b":k:" in name] == []


async def test_what_stands_there_says_nothing_and_cannot_be_moved(
    control: FakeControl, valkey: Valkey, raw: Client
) -> None:
    admin = control.rows.add(VIRTUAL, alias="the-boss", user_id="boss-user")
    control.rows.add("sk-the-key-of-a-stranger", models=["nothing"])
    first = level(valkey.url)
    async with house(control, second=first) as one:
        await one.chat()
        await one.chat("sk-the-key-of-a-stranger")
        await first.written()
    kept = {name: await raw.get(name) for name in await names(raw) if b":k:" in name}
    said = b"".join(await names(raw)) + b"".join(kept.values())  # type: ignore[arg-type]
    for secret in (VIRTUAL, admin, "the-boss", "boss-user"):
        assert secret.encode() not in said
    boss, stranger = (second_level._name("k", hash_of(key)) for key in (VIRTUAL, "sk-the-key-of-a-stranger"))
    await raw.set(stranger, kept[boss.encode()])  # type: ignore[arg-type]
    await control.kill()
    async with house(control, second=level(valkey.url)) as again:
        assert (await again.chat("sk-the-key-of-a-stranger")).status_code == 503
        assert (await again.chat()).status_code == 200
    async with house(control, second=level(valkey.url, secret=bytes(range(1, 33)))) as foreign:
        assert (await foreign.chat()).status_code == 503


@pytest.mark.parametrize("rubbish", [b"", b"v1.x.y", b"\xff\x00", b"v1." + b"a" * 2000])
async def test_rubbish_there_is_no_answer(control: FakeControl, valkey: Valkey, raw: Client, rubbish: bytes) -> None:
    control.rows.add(VIRTUAL)
    await raw.set(second_level._name("k", hash_of(VIRTUAL)), rubbish)
    async with house(control, second=level(valkey.url)) as one:
        assert (await one.chat()).status_code == 200


class Counted(Redis):
    waited_for = 0

    async def run(self, work: Callable[[Client], Awaitable[T]]) -> T:
        async def counted(client: Client) -> T:
            self.waited_for += 1
            return await work(client)

        return await super().run(counted)


async def test_a_redis_that_is_dead_frozen_or_killed_costs_next_to_nothing(control: FakeControl) -> None:
    for number in range(40):
        control.rows.add(f"sk-one-of-many-keys-{number}")
    with Valkey() as server:
        redis = Counted(server.url, timeout_s=0.5)
        second = SecondLevel(redis, Sealer([SECRET], PURPOSE), STALE_S)
        async with house(control, second=second) as one:
            assert (await one.chat("sk-one-of-many-keys-0")).status_code == 200
            await second.written()
            with server.frozen():
                redis.waited_for = 0
                for number in range(1, 20):
                    assert (await one.chat(f"sk-one-of-many-keys-{number}")).status_code == 200
                assert redis.away
                assert redis.waited_for <= 2
            await until(lambda: not redis.away)
            server.kill()
            for number in range(20, 40):
                assert (await one.chat(f"sk-one-of-many-keys-{number}")).status_code == 200
            server.start()
            await until(lambda: not redis.away)


async def test_a_deletion_waits_for_redis_to_come_back(control: FakeControl) -> None:
    control.rows.add(VIRTUAL)
    with Valkey() as server:
        redis = Redis(server.url)
        second = SecondLevel(redis, Sealer([SECRET], PURPOSE), STALE_S)
        async with house(control, second=second) as one:
            await one.chat()
            await second.written()
            with server.frozen():
                one.callers.forget(changed(keys=[VIRTUAL]))
                await asyncio.sleep(0.2)
            await until(lambda: not redis.away and second._writer is None)
            async with Client.from_url(server.url) as raw:
                assert [name async for name in raw.scan_iter("*:k:*")] == []


async def test_closing_does_not_wait_for_a_dead_redis() -> None:
    second = SecondLevel(Redis("redis://127.0.0.1:1/0"), Sealer([SECRET], PURPOSE), STALE_S)
    assert await second.get("x") is None
    second.put("x", {"k:x"}, b"said", 0.0)
    second.forget({"k:x"})
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.timeout(PATIENCE_S):
            await second.close()
