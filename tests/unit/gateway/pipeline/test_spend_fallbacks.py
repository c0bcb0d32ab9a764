"""A model that has a budget of its own is not served past it, also where it only stands in for another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import pytest

from routeiq.gateway.callers.caller import Budget, Holder
from routeiq.gateway.pipeline.spend import Spend
from routeiq.gateway.spending.book import Book, Costs
from routeiq.gateway.spending.estimates import Estimates
from routeiq.gateway.upstream.openai_compatible import OpenAICompatible
from routeiq.kit.accounts import Claim, Entry, Standing, Verdict
from routeiq.kit.accounts_memory import MemoryAccounts
from routeiq.kit.accounts_redis import RedisAccounts
from tests.support.passing import says, turns
from tests.support.prompt_gateway import Bench, Waiting, bench, member
from tests.support.spending import KEY_HASH, NANO_A_TOKEN, VIRTUAL, Known, caller, cost_at_most, cost_of, figures
from tests.support.twins import ANSWER

BODY = b'{"model":"small","messages":[{"role":"user","content":"hi"}],"max_tokens":6}'
COST, MOST = 5 * NANO_A_TOKEN, 6 * NANO_A_TOKEN
DOWN, FINE = says(500, b"{}"), says(200, ANSWER)
WAYS = {"without a task": OpenAICompatible, "as a task": Waiting}


class Elsewhere:
    """A store that has to be waited for. `breaks`: at which question, of those that it can answer."""

    def __init__(self, breaks: int = 0) -> None:
        self.line = Line()
        self._accounts, self._left = MemoryAccounts(), breaks

    async def reserve(self, id_: str, claims: Sequence[Claim]) -> Verdict:
        await asyncio.sleep(0)
        if all(self._accounts.get(claim.account) is not None for claim in claims):
            self._left -= 1
            if not self._left:
                raise RuntimeError("as the test says")
        return self._accounts.reserve(id_, claims)

    async def round(
        self, entries: Sequence[Entry], standings: Mapping[str, Standing], marks: Mapping[str, int]
    ) -> None:
        self._accounts.round(entries, standings, marks)

    def settling(self, id_: str, costs: Costs, journal: str, sequence: int) -> bytes:
        self._accounts.settle(id_, costs, journal, sequence)
        return b""


class Line:
    """Its connection, over which nothing goes wrong."""

    away = False

    def __init__(self) -> None:
        self.back: Callable[[], None] | None = None

    def send(self, *_: object) -> None: ...


def waited(breaks: int = 0) -> Book:
    return Book(cast(RedisAccounts, Elsewhere(breaks)))


def key(**most: int) -> Holder:
    return Holder("key", KEY_HASH, budgets_by_model={name: Budget(max_nano_usd=one) for name, one in most.items()})


async def gateway(of: Holder, book: Book | None = None, provider: type[OpenAICompatible] = OpenAICompatible) -> Bench:
    prices = {"input_price": 0.0, "output_price": NANO_A_TOKEN / 1e9}
    models = [member(name, name, **prices) for name in ("small", "second", "third")]
    spend = Spend(book or Book(), Estimates(cost_at_most), cost_of)
    return await bench(
        *models, provider=provider, callers=Known(caller(of)), spend=spend, fallbacks={"small": ("second", "third")}
    )  # fmt: skip


def held(one: Bench, of: Holder, model: str) -> tuple[int, int]:
    spend = one.edge._gateway.pipeline.accounting.spend
    assert spend is not None
    return figures(spend.book, of, model)


@pytest.fixture(params=[Book, waited], ids=["at once", "awaited"])
def book(request: pytest.FixtureRequest) -> Book:
    return request.param()  # type: ignore[no-any-return]


@pytest.mark.parametrize("way", WAYS)
async def test_what_its_own_budget_cannot_pay_for_is_passed_over(book: Book, way: str) -> None:
    of = key(second=MOST - 1, third=MOST)
    one = await gateway(of, book, WAYS[way])
    one.pool.script.extend([DOWN, FINE])
    client = one.begin(BODY, VIRTUAL)
    await client.ended()
    assert (client.status, client.headers["x-routeiq-attempts"]) == (200, "small=500,third=200")
    assert (held(one, of, "second"), held(one, of, "third")) == ((0, 0), (COST, 0))


async def test_what_is_left_is_the_failure_itself(book: Book) -> None:
    of = key(second=0, third=0)
    one = await gateway(of, book)
    one.pool.script.append(DOWN)
    client = one.begin(BODY, VIRTUAL)
    await client.ended()
    assert (client.status, one.pool.requests) == (500, 1)


async def test_what_it_might_cost_there_is_held_until_it_is_over(book: Book) -> None:
    of = key(small=MOST, second=MOST)
    one = await gateway(of, book)
    one.pool.script.append(lambda peer: None)
    client = one.begin(BODY, VIRTUAL)
    await turns()
    assert (held(one, of, "small"), held(one, of, "second")) == ((0, MOST), (0, MOST))
    client.leave()
    await turns()
    assert (held(one, of, "small"), held(one, of, "second")) == ((0, 0), (0, 0))


async def test_a_request_is_not_refused_for_what_it_may_fall_back_to(book: Book) -> None:
    of = key(small=MOST, second=0)
    one = await gateway(of, book)
    one.pool.script.append(FINE)
    client = one.begin(BODY, VIRTUAL)
    await client.ended()
    assert (client.status, held(one, of, "small")) == (200, (COST, 0))


async def test_where_the_second_question_fails_nothing_is_held() -> None:
    of = key(small=MOST, second=MOST)
    one = await gateway(of, waited(breaks=2))
    client = one.begin(BODY, VIRTUAL)
    await client.ended()
    assert (client.status, one.pool.requests, held(one, of, "small")) == (500, 0, (0, 0))
