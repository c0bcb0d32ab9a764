"""Who has a budget waits for nobody either, as long as the gateway's own book decides."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.gateway.pipeline.spend import Spend
from routeiq.gateway.spending.book import Book
from routeiq.gateway.spending.estimates import Estimates
from routeiq.gateway.upstream.openai_compatible import OpenAICompatible
from tests.support.passing import hangs_up, says, silent, turns
from tests.support.prompt_gateway import Bench, Waiting, bench, member
from tests.support.spending import NANO_A_TOKEN, VIRTUAL, Known, caller, cost_at_most, cost_of, figures, holder
from tests.support.twins import ANSWER
from tests.support.waiting import PATIENCE_S

KEY = holder(10 * NANO_A_TOKEN)
BODY = b'{"model":"small","messages":[{"role":"user","content":"hi"}],"max_tokens":6}'
COST = 5 * NANO_A_TOKEN
WAYS = {"without a task": OpenAICompatible, "as a task": Waiting}


@pytest.fixture(params=WAYS)
async def one(request: pytest.FixtureRequest) -> Bench:
    price = member("small", "small", input_price=0.0, output_price=NANO_A_TOKEN / 1e9)
    known: object = Known(caller(KEY))
    spend = Spend(Book(), Estimates(cost_at_most), cost_of)
    provider = WAYS[request.param]
    return await bench(price, provider=provider, callers=known, spend=spend)  # type: ignore[arg-type]  # a twin


def held(one: Bench) -> tuple[int, int]:
    spend = one.edge._gateway.pipeline.accounting.spend
    assert spend is not None
    return figures(spend.book, KEY)


async def test_an_answer_costs_what_it_reports(one: Bench) -> None:
    one.pool.script.append(says(200, ANSWER))
    client = one.begin(BODY, VIRTUAL)
    await asyncio.sleep(0)
    assert held(one) == (0, 6 * NANO_A_TOKEN)
    await client.ended()
    assert (client.status, held(one)) == (200, (COST, 0))


async def test_nothing_is_asked_of_an_upstream_for_who_is_refused(one: Bench) -> None:
    one.pool.script.append(says(200, ANSWER))
    await one.begin(BODY, VIRTUAL).ended()
    refused = one.begin(BODY, VIRTUAL)
    await refused.ended()
    assert (refused.status, one.pool.requests, held(one)) == (422, 1, (COST, 0))


@pytest.mark.parametrize("line", [hangs_up, says(500, b"{}"), says(200, b"no json")])
async def test_no_answer_costs_nothing(one: Bench, line: object) -> None:
    one.pool.script.extend([line] * 5)  # type: ignore[list-item]  # they are lines
    client = one.begin(BODY, VIRTUAL)
    await client.ended()
    assert (client.status >= 500, held(one)) == (True, (0, 0))


async def test_a_client_that_leaves_holds_nothing(one: Bench) -> None:
    one.pool.script.append(silent)
    client = one.begin(BODY, VIRTUAL)
    await turns()
    client.leave()
    await turns()
    assert held(one) == (0, 0)


async def test_what_is_cut_short_holds_nothing(one: Bench) -> None:
    one.pool.script.append(silent)
    client = one.begin(BODY, VIRTUAL)
    await turns()
    one.gate.cut()
    await asyncio.wait_for(client.ended(), PATIENCE_S)
    assert (client.status, held(one)) == (503, (0, 0))
