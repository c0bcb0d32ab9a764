"""Aliases and wildcards: what a requested name stands for."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routeiq.config.names import by_specificity, find_group, matches
from routeiq.config.state import Deployment, Group, Mode, ModelName, State
from tests.support.config_documents import built, entry, errors, models, warnings

OPENAI = entry("'openai/*'", "'openai/*'", "api_key: k1")
TWO = models(entry("a", "simulated/x"), entry("b", "simulated/y"))


def serving(state: State, name: str) -> Group:
    found = find_group(state, name)
    assert found is not None, name
    return found


def first(state: State, name: str) -> Deployment:
    return serving(state, name).deployments[0]


def test_wildcard_puts_the_requested_name_in() -> None:
    found = first(built(models(OPENAI)), "openai/gpt-4o-mini")
    assert (found.provider, found.model, found.api_key) == ("openai", "gpt-4o-mini", "k1")
    assert (found.group, found.candidate, found.entry) == ("openai/gpt-4o-mini", "openai/gpt-4o-mini", "openai/*")


@pytest.mark.parametrize(
    ("pattern", "model", "asked", "provider", "sent"),
    [
        ("*", "openai/*", "gpt-x", "openai", "gpt-x"),
        ("my-*", "azure/*-eu", "my-gpt", "azure", "gpt-eu"),
        ("*/team-*", "hosted_vllm/*-*", "a/team-b", "hosted_vllm", "a-b"),
        ("gpt-*", "openai/gpt-4o", "gpt-anything", "openai", "gpt-4o"),
        ("bedrock/*", "bedrock/*", "bedrock/us.anthropic.claude-v2:0", "bedrock", "us.anthropic.claude-v2:0"),
    ],
)
def test_stars_are_filled_in_order(pattern: str, model: str, asked: str, provider: str, sent: str) -> None:
    found = first(built(models(entry(f"'{pattern}'", f"'{model}'", "api_base: http://10.0.0.1"))), asked)
    assert (found.provider, found.model) == (provider, sent)


def test_most_specific_pattern_wins_and_an_exact_name_over_all() -> None:
    state = built(
        models(
            entry("'*'", "'simulated/all-*'"),
            entry("'openai/*'", "'simulated/openai-*'"),
            entry("'openai/gpt-*'", "'simulated/gpt-*'"),
            entry("openai/gpt-5", "simulated/exact"),
        )
    )
    asked = ("openai/gpt-5", "openai/gpt-4", "openai/o1", "claude")
    assert [first(state, name).model for name in asked] == ["exact", "gpt-4", "openai-o1", "all-claude"]
    assert [one.pattern for one in state.wildcards] == ["openai/gpt-*", "openai/*", "*"]


def test_specificity_is_length_then_fewer_stars() -> None:
    assert by_specificity(["*", "a*", "a*b", "**b", "abc*"]) == ["abc*", "a*b", "**b", "a*", "*"]


@pytest.mark.parametrize("name", ["openai/", "openai/a b", "openai/a\r\nx: y", "openai/../keys", "openai/" + "x" * 200])
def test_name_of_another_form_is_nobodys(name: str) -> None:
    assert find_group(built(models(OPENAI)), name) is None


def test_a_dot_alone_is_no_models_name() -> None:
    state = built(models(entry("'az/*'", "'azure/*'", "api_base: http://10.0.0.1")))
    assert [find_group(state, f"az/{name}") for name in (".", "./x", "x/.")] == [None] * 3
    assert first(state, "az/.x").model == ".x"
    whole = built(models(entry("'a*'", "'azure/.*'", "api_base: http://10.0.0.1")))
    assert find_group(whole, "a.") is find_group(whole, "a") is None


@given(st.text(max_size=30))
def test_any_name_can_be_asked_for(name: str) -> None:
    for pattern in ("*", "a*b*c", "openai/*"):
        assert matches(pattern, name) in (True, False)


def test_wildcard_of_several_entries_shares_their_requests() -> None:
    state = built(
        models(
            entry("'m/*'", "'openai/*'", "api_key: k, weight: 3"),
            entry("'m/*'", "'azure/*'", "api_base: http://x, weight: 1"),
        )
    )
    assert [(d.provider, d.model, d.weight) for d in serving(state, "m/x").deployments] == [
        ("openai", "x", 3),
        ("azure", "x", 1),
    ]
    assert not serving(state, "m/x").learned


def test_facts_of_a_model_behind_a_wildcard_are_those_of_the_price_file(tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text(
        '{"gpt-x": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6, "max_input_tokens": 9},'
        '"emb": {"litellm_provider": "openai", "mode": "embedding"}, "other": {"litellm_provider": "azure"}}'
    )
    state = built(models(OPENAI), prices=prices)
    chat, embedding, unknown = (first(state, f"openai/{name}") for name in ("gpt-x", "emb", "new"))
    assert (chat.mode, chat.input_price, chat.max_input_tokens) == (Mode.CHAT, 1e-6, 9)
    assert embedding.mode is Mode.EMBEDDING
    assert (unknown.mode, unknown.input_price) == (Mode.OTHER, None)


def test_what_the_entry_declares_wins_over_the_price_file(tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text('{"gpt-x": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6}}')
    text = models(entry("'openai/*'", "'openai/*'", "api_key: k, input_cost_per_token: 5", "mode: embedding"))
    found = first(built(text, prices=prices), "openai/gpt-x")
    assert (found.mode, found.input_price) == (Mode.EMBEDDING, 5)


def test_requested_name_may_say_the_provider_if_the_environment_has_its_key() -> None:
    state = built(models(entry("'*'", "'*'")), {"OPENAI_API_KEY": "o", "ANTHROPIC_API_KEY": "a"})
    found = {name: first(state, name) for name in ("gpt-4o", "openai/gpt-4o", "anthropic/claude")}
    assert {name: (one.provider, one.model, one.api_key) for name, one in found.items()} == {
        "gpt-4o": ("openai", "gpt-4o", "o"),
        "openai/gpt-4o": ("openai", "gpt-4o", "o"),
        "anthropic/claude": ("anthropic", "claude", "a"),
    }
    for name in ("groq/x", "simulated/x", "routeiq/x", "ollama/x"):
        assert find_group(state, name) is None, name


def test_key_of_an_entry_goes_to_no_provider_that_a_request_chooses() -> None:
    text = models(entry("'*'", "'*'", "api_key: secret"))
    assert any("is not used: requests choose the provider" in line for line in warnings(text))
    assert first(built(text, {"ANTHROPIC_API_KEY": "a"}), "anthropic/claude").api_key == "a"
    own = built(models(entry("'*'", "'*'", "api_key: secret, api_base: http://10.0.0.1")))
    assert (first(own, "any/x").api_key, first(own, "any/x").model) == ("secret", "any/x")


def test_wildcards_are_no_candidates_of_auto_and_auto_is_none_of_theirs() -> None:
    state = built(models(entry("a", "simulated/x"), entry("'*'", "'openai/*'", "api_key: k")))
    assert state.routing.auto_models == ("a",)
    assert find_group(state, "auto") is None
    assert find_group(built(models(entry("'*'", "'openai/*'", "api_key: k"))), "auto") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (models(entry("'a*'", "'openai/*/*'")), "f.yaml:2: model_list[0].litellm_params.model: has more `*` than"),
        (models(entry("'*a*b*c*'", "openai/x")), "f.yaml:2: model_list[0].model_name: has more than 3 `*`"),
    ],
)
def test_faulty_pattern(text: str, message: str) -> None:
    assert errors(text)[0].startswith(message)


def aliased(aliases: str, rest: str = "", listed: str = TWO) -> State:
    return built(f"{listed}router_settings: {{model_group_alias: {{{aliases}}}, {rest}}}")


def test_alias_is_another_name_of_a_group() -> None:
    state = aliased("fast: a, silent: {model: b, hidden: true}")
    assert (first(state, "fast").model, first(state, "fast").group, first(state, "fast").entry) == ("x", "fast", "a")
    assert first(state, "silent").model == "y"
    assert state.listed_aliases == ("fast",)


def test_alias_may_stand_for_auto_and_for_what_a_wildcard_serves() -> None:
    state = aliased("smart: auto, mini: openai/gpt-4o-mini", listed=TWO + OPENAI)
    assert state.routing.is_auto("smart")
    assert find_group(state, "smart") is None
    assert (first(state, "mini").model, first(state, "mini").group) == ("gpt-4o-mini", "mini")
    assert first(state, "mini").billed_as == "openai/gpt-4o-mini" == first(state, "openai/gpt-4o-mini").billed_as
    assert state.listed_aliases == ("smart", "mini")


def test_alias_wins_over_a_model_of_its_name_and_says_so() -> None:
    text = TWO + "router_settings: {model_group_alias: {a: b, b: a}}"
    assert [first(built(text), name).model for name in "ab"] == ["y", "x"]
    assert [line.partition(": ")[2] for line in warnings(text)] == [
        f"router_settings.model_group_alias.{name}: warning: takes the place of the model of that name" for name in "ab"
    ]


def test_alias_called_auto_takes_its_place() -> None:
    state = aliased("auto: b")
    assert first(state, "auto").model == "y"
    assert state.routing.auto_models == ()


def test_hidden_aliases_of_litellm_settings_yield_to_those_of_the_router() -> None:
    state = built(
        TWO + "litellm_settings: {model_alias_map: {x: a, y: a}}\nrouter_settings: {model_group_alias: {y: b}}"
    )
    assert [first(state, name).model for name in "xy"] == ["x", "y"]
    assert state.listed_aliases == ("y",)


@pytest.mark.parametrize(
    ("aliases", "message"),
    [
        ("fast: aa", "there is no such model"),
        ("one: two, two: a", "stands for two, which is an alias itself; name its model"),
        ("one: {modle: a}", "is required"),
        ("one: 5.5", "must be a mapping"),
        (r'"o\ne": a', "must not hold line breaks or other control characters"),
    ],
)
def test_faulty_alias(aliases: str, message: str) -> None:
    found = errors(TWO + f"router_settings: {{model_group_alias: {{{aliases}}}}}")
    assert len(found) == 1
    assert message in found[0]
    assert found[0].startswith("f.yaml:4: router_settings.model_group_alias.")


def test_alias_of_itself_is_left_out() -> None:
    assert "stands for itself and is left out" in warnings(TWO + "router_settings: {model_group_alias: {a: a}}")[0]
    assert first(aliased("a: a"), "a").entry is None


def test_fallbacks_may_name_aliases_and_what_wildcards_serve() -> None:
    state = aliased("fast: a", "fallbacks: [{b: [fast, openai/gpt-x]}, {fast: [b]}]", TWO + OPENAI)
    chain = state.routing.fallbacks[ModelName("b")].general
    assert chain == ("fast", "openai/gpt-x")
    assert [state.named[name].deployments[0].model for name in chain] == ["x", "gpt-x"]
    assert state.routing.fallbacks[ModelName("fast")].general == ("b", "openai/gpt-x")


def test_other_name_has_the_fallbacks_and_retries_of_its_entry() -> None:
    state = aliased(
        "fast: a",
        "fallbacks: [{a: [b]}, {'openai/*': [a]}], "
        "model_group_retry_policy: {a: {RateLimitErrorRetries: 7}, 'openai/*': {RateLimitErrorRetries: 8}}",
        TWO + OPENAI,
    )
    for name, fallbacks, retries in (("fast", ("b",), 7), ("openai/x", ("a", "b"), 8)):
        found = state.routing.fallbacks_of(name, find_group(state, name))
        assert found is not None
        assert found.general == fallbacks
        assert state.routing.retry_statuses(first(state, name)) == {429: retries}


def test_entries_name_each_deployment_once() -> None:
    state = aliased("fast: a", listed=TWO + OPENAI)
    assert [group.name for group in state.entries()] == ["a", "b", "all-MiniLM-L6-v2", "openai/*"]


def test_access_groups_stand_in_the_state() -> None:
    state = built(models(entry("a", "simulated/x", info="access_groups: [beta, all]")))
    assert first(state, "a").access_groups == ("beta", "all")
