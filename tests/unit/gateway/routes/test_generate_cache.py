"""`/api/v1/generate`: answers that were given before, and what they cost."""

from __future__ import annotations

import pytest

from routeiq.config.price import INPUT, OUTPUT, costs_in, price_of
from tests.support.gateway import AUTH
from tests.support.generating import (
    TWO,
    Upstreams,
    ask,
    completion,
    made,
    of,
    provider,
    refusal,
    said,
)

PRICED = of(provider("p", price=price_of(costs_in({INPUT: 1e-6, OUTPUT: 2e-6}))))


async def test_an_equal_question_is_answered_once_and_costs_nothing_then() -> None:
    upstreams = Upstreams()
    gateway = made(PRICED, upstreams)
    first, again = [said(await ask(gateway)) for _ in range(2)]
    assert (first["cost_usd"], first["cached"]) == (pytest.approx(1.3e-5), False)
    assert (again["cost_usd"], again["cached"]) == (0, True)
    for name in ("content", "provider", "model", "input_tokens", "output_tokens"):
        assert first[name] == again[name]
    assert len(upstreams.calls) == 1
    assert gateway.registry.get_sample_value("gateway_request_total", {"endpoint": "generate", "status": "200"}) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "x"}, {"system": "x"}, {"max_tokens": 5}, {"temperature": 0.1}, {"json_mode": True},
        {"service": "other"}, {"user_id": "bob"},
    ],
)  # fmt: skip
async def test_anything_else_is_another_question(change: dict[str, object]) -> None:
    gateway = made(PRICED, Upstreams())
    await ask(gateway)
    assert said(await ask(gateway, **change))["cached"] is False
    assert said(await ask(gateway, task_type="other"))["cached"] is True
    assert said(await ask(gateway, (AUTH,)))["cached"] is False


async def test_a_service_may_opt_out_and_may_share_among_its_customers() -> None:
    gateway = made(PRICED, Upstreams())
    assert [said(await ask(gateway, service="uncached"))["cached"] for _ in range(2)] == [False, False]
    assert [said(await ask(gateway, service="shared", user_id=who))["cached"] for who in "ab"] == [False, True]


async def test_an_answer_of_another_provider_is_its_own() -> None:
    upstreams = Upstreams(high__a=refusal(500))
    gateway = made(of(*TWO), upstreams)
    assert said(await ask(gateway))["provider"] == "low"
    del upstreams.answers["high/a"]
    found = said(await ask(gateway))
    assert (found["provider"], found["cached"]) == ("high", False)


@pytest.mark.parametrize(("costs", "usage"), [({INPUT: 1e-6}, None), ({INPUT: 1.0, OUTPUT: 1.0}, {}), ({}, None)])
async def test_what_is_not_known_is_null(costs: dict[str, float], usage: dict[str, int] | None) -> None:
    priced = provider("p", price=price_of(costs_in(costs)))
    answer = await ask(made(of(priced), Upstreams(p__m=completion("x", usage))))
    assert said(answer)["cost_usd"] is None
