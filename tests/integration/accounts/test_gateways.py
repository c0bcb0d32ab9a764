"""Gateways that share a Redis: budgets are exact across them, and right again soon after Redis has lost its memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from routeiq.clients.control_accounts import Account
from routeiq.gateway.spending.book import Book
from routeiq.gateway.spending.refusals import BudgetsUnavailable
from routeiq.kit.accounts import Claim, Refused, Taken, Verdict
from routeiq.kit.accounts_redis import RedisAccounts
from routeiq.kit.redis_line import command
from tests.support.servers.valkey import Valkey
from tests.support.spending import CHAT, LIMITED, NANO_A_TOKEN, Ledger, Priced, ask, caller, gateway, holder
from tests.support.twins import SSE_HEADERS, TwinProvider, TwinResponse
from tests.support.waiting import PATIENCE_S

ONE = 50 * NANO_A_TOKEN
STREAM = LIMITED[:-1] + b',"stream":true}'
KEY = Account("key", "k")

SOON_S = 45.0
"""Five, where the machine has time; but for the rounds nothing would happen for longer."""
HASTE_S = 1.0


@pytest.fixture
def server() -> Iterator[Valkey]:
    """Of the test's own: it loses its memory, and dies."""
    with Valkey() as made:
        yield made


@asynccontextmanager
async def books(
    server: Valkey, ledger: Ledger, count: int = 2, *, closed: bool = False, timeout_s: float = PATIENCE_S
) -> AsyncIterator[list[Book]]:
    """Of gateways that run."""
    async with AsyncExitStack() as closing:
        made = [Book(RedisAccounts(server.url, timeout_s=timeout_s), ledger.read, closed=closed) for _ in range(count)]
        for book in made:
            closing.push_async_callback(book.close)
            closing.push_async_callback(_ended, asyncio.create_task(book.run()))
        yield made


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def reserve(book: Book, id_: str, amount: int, most: int = 100, account: Account = KEY) -> Verdict:
    return await book.reserve(id_, [Claim(account.name, most, amount)], {account.name: 0})


async def left(server: Valkey, account: Account = KEY) -> tuple[int, int] | None:
    """Spent and held, as Redis has it."""
    store = RedisAccounts(server.url, timeout_s=PATIENCE_S)
    with suppress(Exception):
        verdict = await store.reserve("nobody", [Claim(account.name, 0, 0)])
        await store.close()
        return (verdict.spent, verdict.held) if isinstance(verdict, Refused) else None
    await store.close()
    return None


async def until_left(server: Valkey, expected: tuple[int, int], *, of: Account = KEY) -> float:
    begun = time.monotonic()
    async with asyncio.timeout(PATIENCE_S):
        while await left(server, of) != expected:
            await asyncio.sleep(0.02)
    return time.monotonic() - begun


async def test_of_a_hundred_requests_at_two_gateways_ten_pass_where_ten_are_paid_for(server: Valkey) -> None:
    key, ledger = holder(10 * ONE), Ledger()
    frames = (b'data: {"choices":[]}\n\n', b'data: {"choices":[],%b}\n\n' % Priced(50).usage, b"data: [DONE]\n\n")
    async with books(server, ledger) as pair:
        asked = []
        for number in range(100):
            body = STREAM if number % 2 else LIMITED
            answer = TwinResponse(200, frames, SSE_HEADERS) if number % 2 else Priced(50).whole()
            app, _, _ = gateway(caller(key), TwinProvider(answer), pair[number // 2 % 2])
            asked.append(ask(app, body))
        statuses = sorted([one.status for one in await asyncio.gather(*asked)])
        assert statuses == [200] * 10 + [422] * 90
        await until_left(server, (10 * ONE, 0), of=Account("key", key.id))


async def test_without_a_limit_nobody_is_refused_while_something_is_left(server: Valkey) -> None:
    key = holder(20 * ONE)
    async with books(server, Ledger()) as pair:
        apps = [gateway(caller(key), TwinProvider(Priced(50).whole()), book)[0] for book in pair]
        for number in range(20):
            assert (await ask(apps[number % 2], CHAT)).status == 200
            await until_left(server, ((number + 1) * ONE, 0), of=Account("key", key.id))
        assert [(await ask(app, CHAT)).status for app in apps] == [422, 422]


async def test_what_one_gateway_holds_the_other_does_not_have(server: Valkey) -> None:
    async with books(server, Ledger()) as (one, other):
        assert await reserve(one, "a", 60) == Taken((60,))
        refused = await reserve(other, "b", 50)
        assert isinstance(refused, Refused)
        assert (refused.spent, refused.held) == (0, 60)
        one.settle("a", [(KEY.name, 10)], "journal", 1)
        await until_left(server, (0, 10))
        assert await reserve(other, "b", 50) == Taken((50,))


async def test_what_the_ledger_has_is_spent_and_held_no_more(server: Valkey) -> None:
    ledger = Ledger()
    async with books(server, ledger) as (one, other):
        for number in (1, 2):
            await reserve(one, f"{number}", 30)
            one.settle(f"{number}", [(KEY.name, 20)], "journal", number)
        await reserve(other, "b", 10)
        await until_left(server, (0, 50))
        ledger.write("journal", 1, {KEY: 20})
        await until_left(server, (20, 30))
        ledger.away = True
        ledger.write("journal", 2, {KEY: 20})
        await one.round()
        assert await left(server) == (20, 30)


async def test_a_redis_that_forgets_is_right_again_soon(server: Valkey) -> None:
    ledger = Ledger()
    ledger.spent[KEY] = 10
    async with books(server, ledger) as (one, other):
        for book in (one, other):
            for number in range(2):
                await reserve(book, f"{id(book)}-{number}", 15)
        await until_left(server, (10, 60))
        await one.round()
        await flush(server)
        assert isinstance(await reserve(one, "more", 61), Refused)
        assert await until_left(server, (10, 60)) < SOON_S


async def test_no_request_is_let_through_twice_by_a_redis_that_forgets_in_the_middle(server: Valkey) -> None:
    """What one gateway holds it knows at once. What the others hold comes with their next round; what is let through
    until then is the bound."""
    key = holder(10 * ONE)
    ledger = Ledger()
    async with books(server, ledger, 1) as (book,):
        app, _, _ = gateway(caller(key), TwinProvider(Priced(50).whole()), book)
        statuses = []
        for number in range(30):
            if number in (3, 12):
                await flush(server)
            statuses.append((await ask(app)).status)
        assert statuses == [200] * 10 + [422] * 20


async def test_nobody_waits_for_a_redis_that_is_killed_and_it_is_right_again_when_it_is_back(server: Valkey) -> None:
    ledger = Ledger()
    async with books(server, ledger) as (one, other):
        await reserve(one, "a", 30)
        await reserve(other, "b", 30)
        await until_left(server, (0, 60))
        server.kill()
        begun = time.monotonic()
        assert await reserve(one, "c", 60) == Taken((60,))
        assert time.monotonic() - begun < PATIENCE_S / 2
        assert one.mode == "local"
        assert not one.waits
        begun = time.monotonic()
        for number in range(100):
            assert isinstance(await reserve(one, f"more-{number}", 60), Refused)
        assert time.monotonic() - begun < PATIENCE_S / 2
        one.settle("a", [(KEY.name, None)])
        server.start()
        assert await until_left(server, (0, 90)) < SOON_S
        assert (one.mode, other.mode) == ("redis", "redis")


async def test_a_redis_that_is_silent_is_waited_for_once(server: Valkey) -> None:
    async with books(server, Ledger(), 1, timeout_s=HASTE_S) as (book,):
        await reserve(book, "a", 30)
        with server.frozen():
            begun = time.monotonic()
            verdicts = await asyncio.gather(*(reserve(book, f"{number}", 10) for number in range(50)))
            assert 0.9 * HASTE_S < time.monotonic() - begun < 25 * HASTE_S
            assert sum(isinstance(one, Taken) for one in verdicts) == 7
            begun = time.monotonic()
            for number in range(50):
                assert isinstance(await reserve(book, f"late-{number}", 10), Refused)
            assert time.monotonic() - begun < 25 * HASTE_S
        await until_left(server, (0, 100))


async def test_what_was_given_back_meanwhile_is_not_held_by_a_redis_that_kept_its_memory(server: Valkey) -> None:
    async with books(server, Ledger(), 1, timeout_s=HASTE_S) as (book,):
        await reserve(book, "a", 30)
        with server.frozen():
            await reserve(book, "b", 10)
            assert book.mode == "local"
            book.settle("a", [(KEY.name, None)])
        assert await until_left(server, (0, 10)) < SOON_S


async def test_closed_means_that_nobody_is_served_without_redis(server: Valkey) -> None:
    async with books(server, Ledger(), 1, closed=True) as (book,):
        await reserve(book, "a", 30)
        server.kill()
        for _ in range(2):
            with pytest.raises(BudgetsUnavailable):
                await reserve(book, "b", 10)
        assert book.mode == "closed"


async def test_scripts_that_redis_has_forgotten_are_sent_again(server: Valkey) -> None:
    async with books(server, Ledger(), 1) as (book,):
        await reserve(book, "a", 30)
        await tell(server, "SCRIPT", "FLUSH")
        assert isinstance(await reserve(book, "b", 71), Refused)
        assert book.mode == "redis"


async def flush(server: Valkey) -> None:
    await tell(server, "FLUSHALL")


async def tell(server: Valkey, *words: str) -> None:
    store = RedisAccounts(server.url, timeout_s=PATIENCE_S)
    await store.line.ask(command(word.encode() for word in words))
    await store.close()
