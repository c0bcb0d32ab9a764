"""What tokens cost, by LiteLLM's names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.config.names import find_group
from routeiq.config.price import INPUT, OUTPUT, InputRates, OutputRates, Price, costs_in, merged, price_of
from routeiq.config.state import State
from tests.support.config_documents import built, entry, models, only
from tests.support.overlays import merged as merged_overlay
from tests.support.overlays import model as added_model

LISTED = {
    "openai/gpt-x": {
        "litellm_provider": "openai", "mode": "chat", INPUT: 2e-6, OUTPUT: 8e-6, "cache_read_input_token_cost": 5e-7,
        "input_cost_per_token_priority": 4e-6, "input_cost_per_token_above_200k_tokens": 3e-6,
        "input_cost_per_audio_token": 9e-6, "search_context_cost_per_query": {"low": 1},
    },
    "openai/gpt-base": {"litellm_provider": "openai", "mode": "chat", INPUT: 1e-6, OUTPUT: 1e-6},
}  # fmt: skip


def priced(provider: str = "", **costs: object) -> Price:
    price = price_of(costs_in(costs), provider)
    assert price is not None
    return price


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(LISTED))
    return path


def price(state: State, name: str = "m") -> Price:
    found = only(state, name).price
    assert found is not None
    return found


def test_a_price_is_exact() -> None:
    plain = priced(input_cost_per_token=0.1, output_cost_per_token=1.5e-7).at(0)
    assert plain.input == InputRates(*[10**17] * 6)
    assert plain.output == OutputRates(*[15 * 10**10] * 4)


def test_each_kind_falls_back_on_the_one_that_it_is_a_kind_of() -> None:
    rates = priced(input_cost_per_token=1e-6, cache_creation_input_token_cost=2e-6, input_cost_per_audio_token=3e-6)
    assert rates.at(0).input == (10**12, 10**12, 2 * 10**12, 2 * 10**12, 3 * 10**12, 10**12)
    assert rates.at(0).output is None


@pytest.mark.parametrize(("provider", "tokens", "expected"), [("", 200_000, 1), ("", 200_001, 3), ("xai", 200_000, 3)])
def test_the_price_of_long_input_is_that_of_the_whole_request(provider: str, tokens: int, expected: int) -> None:
    long = priced(provider, input_cost_per_token=1e-6, input_cost_per_token_above_200k_tokens=3e-6)
    rates = long.at(tokens).input
    assert rates is not None
    assert (rates.plain, rates.cache_read) == (expected * 10**12, expected * 10**12)


def test_limits_follow_each_other_whatever_they_are() -> None:
    steps = priced(
        input_cost_per_token=1e-6, input_cost_per_token_above_128k_tokens=2e-6, output_cost_per_token=1e-6,
        output_cost_per_token_above_512k_tokens=5e-6, cache_creation_input_token_cost_above_1hr_above_1000_tokens=7e-6,
    )  # fmt: skip
    found = [
        (level.least, level.input and level.input.plain, level.output and level.output.plain) for level in steps.levels
    ]
    assert found == [
        (0, 10**12, 10**12),
        (1001, 10**12, 10**12),
        (128_001, 2 * 10**12, 10**12),
        (512_001, 2 * 10**12, 5 * 10**12),
    ]


def test_a_service_tier_has_its_prices_and_else_the_ordinary_ones() -> None:
    both = priced(
        input_cost_per_token=1e-6, input_cost_per_token_priority=2e-6, output_cost_per_token=4e-6,
        output_cost_per_token_flex=3e-6, output_cost_per_reasoning_token=5e-6,
    )  # fmt: skip
    rates = {tier: both.at(0, tier) for tier in ("", "priority", "flex", "ultrafast")}
    assert {tier: one.input and one.input.plain for tier, one in rates.items()} == {
        "": 10**12, "priority": 2 * 10**12, "flex": 10**12, "ultrafast": 10**12,
    }  # fmt: skip
    assert {tier: one.output and one.output.reasoning for tier, one in rates.items()} == {
        "": 5 * 10**12, "priority": 5 * 10**12, "flex": 3 * 10**12, "ultrafast": 5 * 10**12,
    }  # fmt: skip


def test_tiered_pricing_is_limits_by_another_name() -> None:
    tiers = [
        {"range": [0, 1000], INPUT: 1e-6, OUTPUT: 2e-6, "cache_read_input_token_cost": 1e-7},
        {"range": [1000, 5000], INPUT: 3e-6, "output_cost_per_reasoning_token": 9e-6},
        *({"range": wrong, INPUT: 3e-6} for wrong in ("no", [], None, {}, [float("inf")], [-1], [10**5000], [None])),
        "no",
    ]  # fmt: skip
    found = priced(tiered_pricing=tiers, output_cost_per_token=4e-6)
    low, high = found.at(1000), found.at(1001)
    assert low.input is not None
    assert (low.input.plain, low.input.cache_read) == (10**12, 10**11)
    assert high.input is not None
    assert (high.input.plain, high.input.cache_read) == (3 * 10**12, 3 * 10**12)
    assert high.output is not None
    assert (high.output.plain, high.output.reasoning) == (4 * 10**12, 9 * 10**12)


def test_where_a_provider_halves_all_cached_tokens_no_list_needs_to_say_it() -> None:
    found = priced("fireworks_ai", input_cost_per_token=1e-6).at(0).input
    assert found is not None
    assert found.cache_read == 5 * 10**11


def test_no_limit_is_too_long_to_be_read() -> None:
    assert costs_in({f"input_cost_per_token_above_{'9' * 5000}_tokens": 1.0}) == ()


@pytest.mark.parametrize("value", [-1e-6, "many", "", None, True, [1], float("inf"), float("nan"), 1e9, 10**400])
def test_what_is_no_price_is_passed_over(value: object) -> None:
    assert costs_in({INPUT: value, OUTPUT: "1e-6", "input_cost_per_second": 1}) == ((OUTPUT, 1e-6),)


@pytest.mark.parametrize("costs", [{}, {"input_cost_per_second": 1.0}, {"input_cost_per_request": 0.1, INPUT: 0.0}])
def test_what_is_not_sold_by_the_token_has_no_price(costs: dict[str, float]) -> None:
    assert price_of(costs_in(costs)) is None


def test_a_price_of_zero_is_one() -> None:
    assert priced(input_cost_per_token=0).at(5).input == (0,) * 6


def test_equal_prices_are_one() -> None:
    assert priced(input_cost_per_token=7e-6) is priced(input_cost_per_token=7e-6)


def test_what_is_listed_holds_where_the_entry_says_nothing(prices: Path) -> None:
    assert price(built(models(entry(model="openai/gpt-x")), prices=prices)) == price_of(
        costs_in(LISTED["openai/gpt-x"])
    )


@pytest.mark.parametrize("place", ["params", "info"])
def test_an_entry_has_its_own_of_every_name(place: str, prices: Path) -> None:
    own = "input_cost_per_token: 1e-6, cache_read_input_token_cost: 1e-8, input_cost_per_token_above_9k_tokens: '4e-6'"
    found = price(built(models(entry(model="openai/gpt-x", **{place: own})), prices=prices))
    assert found.said == (
        ("cache_read_input_token_cost", 1e-8), (INPUT, 1e-6), ("input_cost_per_token_above_9k_tokens", 4e-6),
        ("input_cost_per_token_priority", 4e-6), (OUTPUT, 8e-6),
    )  # fmt: skip


def test_own_prices_of_litellm_params_win_and_go_to_no_provider(prices: Path) -> None:
    text = models(entry(model="openai/gpt-x", params=f"{INPUT}: 1, tiered_pricing: []", info=f"{INPUT}: 2"))
    one = only(built(text, prices=prices))
    assert one.price is not None
    assert dict(one.price.said)[INPUT] == 1
    assert dict(one.params) == {}


def test_beside_a_price_of_zero_nothing_listed_costs_anything() -> None:
    listed = costs_in(LISTED["openai/gpt-x"])
    assert merged(((INPUT, 0.0),), listed) == ((INPUT, 0.0), (OUTPUT, 8e-6))


def test_base_model_says_whose_price_it_is(prices: Path) -> None:
    text = models(entry(model="azure/mine", info="base_model: openai/gpt-base"))
    assert price(built(text, prices=prices)).said == ((INPUT, 1e-6), (OUTPUT, 1e-6))


def test_a_wildcards_models_have_the_prices_of_theirs(prices: Path) -> None:
    text = models(entry("openai/*", "openai/*"), entry("cheap/*", "openai/*", f"{INPUT}: 5e-7"))
    state = built(text, prices=prices)
    said = {}
    for name in ("openai/gpt-x", "cheap/gpt-base", "openai/nobody-knows"):
        group = find_group(state, name)
        assert group is not None
        found = group.deployments[0].price
        said[name] = found and found.said
    assert said == {
        "openai/gpt-x": costs_in(LISTED["openai/gpt-x"]),
        "cheap/gpt-base": ((INPUT, 5e-7), (OUTPUT, 1e-6)),
        "openai/nobody-knows": None,
    }


def test_what_was_added_by_api_has_prices_too() -> None:
    costs = {INPUT: 1e-6, "cache_read_input_token_cost": 1e-7}
    info = json.dumps({OUTPUT: 2e-6, "output_cost_per_reasoning_token": 3e-6})
    state, problems = merged_overlay(added_model(info=info, **costs))
    assert price(state, "new") == price_of(costs_in(costs | json.loads(info)))
    assert problems == []


def test_providers_models_have_the_public_price(prices: Path) -> None:
    text = "model_list: []\nrouteiq: {providers: [{name: openai, models: [gpt-x], api_key: k}]}\n"
    (one,) = built(text, prices=prices).providers[0].models
    assert one.price == price_of(costs_in(LISTED["openai/gpt-x"]))


def test_a_wrong_price_is_a_warning() -> None:
    state = built(models(entry(params="cache_read_input_token_cost: none, tiered_pricing: 5")))
    assert [line.split(": warning: ")[1] for line in state.warnings if "is not a price" in line] == [
        "is not a price in USD, and is passed over"
    ] * 2


@given(
    st.dictionaries(
        st.sampled_from([INPUT, OUTPUT, "cache_read_input_token_cost", "input_cost_per_token_above_1k_tokens_flex"]),
        st.floats(0, 1e6),
    ),
    st.integers(0, 2**53),
)
def test_no_price_is_negative_and_levels_grow(costs: dict[str, float], tokens: int) -> None:
    found = price_of(costs_in(costs))
    if found is not None:
        for tier in ("", "flex"):
            least = [level.least for level in found.levels_of(tier)]
            assert least == sorted(set(least))
            sent, made = found.at(tokens, tier)[1:3]
            assert min(*(sent or (0,)), *(made or (0,)), 0) == 0
