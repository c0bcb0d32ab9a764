"""What a request costs."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.config.price import INPUT, OUTPUT, costs_in, price_of
from routeiq.config.state import Deployment
from routeiq.gateway.pipeline.cost import cost_at_most, cost_headers, cost_of
from routeiq.gateway.plan import Usage
from routeiq.kit.money import MAX_NANO_USD
from tests.support.twins import deployment

CHAT = {
    INPUT: 2e-6, OUTPUT: 8e-6, "cache_read_input_token_cost": 5e-7, "cache_creation_input_token_cost": 2.5e-6,
    "cache_creation_input_token_cost_above_1hr": 4e-6, "input_cost_per_audio_token": 4e-5,
    "input_cost_per_image_token": 3e-6, "output_cost_per_reasoning_token": 6e-6, "output_cost_per_audio_token": 8e-5,
    "output_cost_per_image_token": 3e-5, "input_cost_per_token_priority": 4e-6,
    "input_cost_per_token_above_200k_tokens": 5e-6,
}  # fmt: skip
COUNT = st.integers(0, 2**53)


def priced(costs: dict[str, float] = CHAT) -> Deployment:
    return deployment(price=price_of(costs_in(costs)))


@pytest.mark.parametrize(
    ("usage", "micro_usd"),
    [
        (Usage(10, 10), 20 + 80),
        (Usage(10, 0, cache_read=4), 12 + 2),
        (Usage(10, 0, cache_write=4), 12 + 10),
        (Usage(10, 0, cache_write=4, cache_write_1h=2), 12 + 5 + 8),
        (Usage(10, 0, cache_read=2, cache_write=2, audio_input=2, image_input=2), 4 + 1 + 5 + 80 + 6),
        (Usage(0, 10, reasoning=4, audio_output=2, image_output=2), 16 + 24 + 160 + 60),
        (Usage(10, 0, service_tier="priority"), 40),
        (Usage(10, 0, service_tier="flex"), 20),
        (Usage(200_000, 0), 400_000),
        (Usage(200_001, 0), 1_000_005),
    ],
)
def test_each_part_has_its_price(usage: Usage, micro_usd: int) -> None:
    assert cost_of(priced(), usage) == micro_usd * 1000


@pytest.mark.parametrize(("tokens", "nano"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 2), (6, 3), (7, 4)])
def test_it_is_rounded_once_half_to_even(tokens: int, nano: int) -> None:
    half = priced({INPUT: 5e-10, OUTPUT: 2.5e-10})
    assert cost_of(half, Usage(tokens, 0)) == nano
    assert cost_of(half, Usage(1, 2)) == 1


@pytest.mark.parametrize(
    ("costs", "usage", "nano"),
    [
        ({}, Usage(1, 1), None),
        ({}, Usage(0, 0), None),
        ({INPUT: 1e-9}, Usage(1, 1), None),
        ({OUTPUT: 1e-9}, Usage(1, 1), None),
        ({INPUT: 1e-9}, Usage(2, 0), 2),
        ({OUTPUT: 1e-9}, Usage(0, 2), 2),
        ({INPUT: 0.0, OUTPUT: 0.0}, Usage(1, 1), 0),
    ],
)
def test_unknown_is_not_zero_and_zero_is_not_unknown(costs: dict[str, float], usage: Usage, nano: int | None) -> None:
    assert cost_of(priced(costs), usage) == nano
    assert bool(cost_headers(priced(costs), usage)) == (nano is not None)
    assert cost_at_most(priced(costs), usage.input_tokens, usage.output_tokens) == nano


@pytest.mark.parametrize(
    ("usage", "said"),
    [
        (Usage(10, 10), ["0.0001", "0.00002", "0.00008"]),
        (Usage(0, 0), ["0", "0", "0"]),
        (Usage(1_000_000, 250_000), ["7", "5", "2"]),
        (Usage(500_000, 0), ["2.5", "2.5", "0"]),
    ],
)
def test_headers_say_it_in_plain_dollars(usage: Usage, said: list[str]) -> None:
    names = ["", "-input", "-output"]
    assert [(name.decode(), value.decode()) for name, value in cost_headers(priced(), usage)] == [
        (f"x-litellm-response-cost{name}", value) for name, value in zip(names, said, strict=True)
    ]


def test_headers_are_of_the_price_that_is_asked_for() -> None:
    """Also where the same usage was just reckoned at another."""
    usage, cheap, dear = Usage(10, 10), priced({INPUT: 1e-6, OUTPUT: 1e-6}), priced({INPUT: 2e-6, OUTPUT: 2e-6})
    assert (cost_of(cheap, usage), cost_of(dear, Usage(10, 10))) == (20_000, 40_000)
    assert cost_of(cheap, usage) == 20_000
    assert cost_headers(dear, usage)[0][1] == b"0.00004"
    assert cost_headers(cheap, usage)[0][1] == b"0.00002"


@given(COUNT, COUNT, st.lists(COUNT, min_size=8, max_size=8), st.sampled_from(["", "priority", "flex", "odd"]))
def test_nothing_costs_less_than_nothing_or_more_than_its_dearest_kind(
    sent: int, made: int, parts: list[int], tier: str
) -> None:
    cost = cost_of(priced(), Usage(sent, made, *parts, tier))
    assert cost is not None
    least = Fraction(sent * 5, 10_000_000) + Fraction(made * 6, 1_000_000)
    most = Fraction(sent * 40, 1_000_000) + Fraction(made * 80, 1_000_000)
    assert min(int(least * 10**9), MAX_NANO_USD) - 1 <= cost <= min(int(most * 10**9) + 1, MAX_NANO_USD)


@given(COUNT, COUNT, st.integers(0, 2**53), st.sampled_from(["", "priority"]))
def test_a_text_costs_at_most_what_was_said_before(sent: int, made: int, written: int, tier: str) -> None:
    written = min(written, sent)
    most = cost_at_most(priced(), sent, made, tier)
    usage = Usage(sent, made, cache_write=written, reasoning=made // 2, service_tier=tier)
    cost = cost_of(priced(), usage)
    assert cost is not None
    assert most is not None
    assert cost <= most


def test_shorter_input_than_said_is_never_dearer() -> None:
    cheaper_when_long = priced({INPUT: 2e-6, OUTPUT: 1e-6, "input_cost_per_token_above_1k_tokens": 1e-6})
    assert cost_at_most(cheaper_when_long, 2000, 0) == 4_000_000


def test_plain_prices_are_reserved_to_the_nano_usd() -> None:
    plain = priced({INPUT: 1e-6, OUTPUT: 2e-6})
    assert cost_at_most(plain, 100, 10) == cost_of(plain, Usage(100, 10)) == 120_000
    assert cost_at_most(priced({INPUT: 1e-10}), 1, 0) == 1
    assert cost_at_most(plain, -5, -5) == 0
