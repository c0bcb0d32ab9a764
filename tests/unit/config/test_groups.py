"""Weights, the names of candidates, and which groups `auto` chooses among."""

from __future__ import annotations

import pytest

from tests.support.config_documents import built, entry, models, refused

LEARNED = "router_settings: {routing_strategy: llmrouter-ensemble}\n"


@pytest.mark.parametrize(
    ("params", "weights"),
    [
        (["", ""], [1, 1]),
        (["weight: 3", "weight: 1"], [3, 1]),
        (["weight: 3", ""], [3, 0]),
        (["rpm: 100", "rpm: 50"], [100, 50]),
        (["tpm: 7", "rpm: 50"], [0, 50]),
        (["tpm: 7", "tpm: 8, weight: 2"], [0, 2]),
        (["weight: 0", "weight: 0"], [1, 1]),
    ],
)
def test_weights_are_those_of_simple_shuffle(params: list[str], weights: list[float]) -> None:
    state = built(models(*(entry(params=one + f", a: {n}" if one else f"a: {n}") for n, one in enumerate(params))))
    assert [one.weight for one in state.groups["m"].deployments] == weights  # type: ignore[index]


def test_group_of_one_model_on_two_providers_is_one_candidate() -> None:
    state = built(models(entry("g", "azure/gpt-x"), entry("g", "openai/GPT-x")) + LEARNED)
    assert [one.candidate for one in state.groups["g"].deployments] == ["g", "g"]  # type: ignore[index]
    assert not state.groups["g"].learned  # type: ignore[index]


def test_group_of_different_models_names_each_by_id_or_model() -> None:
    text = models(
        entry("g", "simulated/a"), entry("g", "simulated/b", info="id: bee"), entry("g", "simulated/a", "weight: 1")
    )
    state = built(text + LEARNED)
    group = state.groups["g"]  # type: ignore[index]
    assert [one.candidate for one in group.deployments] == ["simulated/a", "bee", "simulated/a"]
    assert group.learned
    assert not built(text).groups["g"].learned  # type: ignore[index]


def test_id_spelt_like_another_model_of_a_routed_group_is_an_error() -> None:
    text = models(entry("g", "simulated/a"), entry("g", "simulated/b", info="id: simulated/a")) + LEARNED
    assert refused(text) == [
        "f.yaml:3: model_list[1]: simulated/a also names another model of the group g; give model_info.id"
    ]


def test_auto_is_every_chat_model_in_document_order() -> None:
    state = built(
        models(
            entry("b"),
            entry("e", info="mode: embedding"),
            entry("a"),
            entry("w*"),
            entry("b", "simulated/x", "weight: 2"),
        )
    )
    assert state.routing.auto_models == ("b", "a")
    assert list(state.groups) == ["b", "e", "a", "all-MiniLM-L6-v2"]
    assert state.group("auto") is None


def test_auto_is_the_documents_own_list_and_settings() -> None:
    text = (
        models(entry("a"), entry("b"), entry("c"))
        + "routeiq: {auto: {models: [c, a, c], objective: cost, deadline_ms: 80, fallback: a, name: pick}}"
    )
    routing = built(text).routing
    assert (
        routing.auto_models,
        routing.cost_weight,
        routing.deadline_s,
        routing.fallback_model,
        routing.auto_name,
    ) == (("c", "a"), 0.1, 0.08, "a", "pick")


def test_how_auto_treats_conversations_and_doubt_is_the_documents_to_say() -> None:
    text = (
        models(entry()) + "routeiq: {auto: {sticky: false, switch_margin: 0.1, min_confidence: 0.3, max_novelty: 0.8}}"
    )
    routing = built(text).routing
    assert (routing.sticky, routing.switch_margin, routing.min_confidence, routing.max_novelty) == (
        False,
        0.1,
        0.3,
        0.8,
    )
    assert built(models(entry())).routing.sticky


@pytest.mark.parametrize(
    ("given", "weight"),
    [
        ("objective: quality", 0),
        ("objective: Balanced", 0.03),
        ("objective: 0.7", 0.7),
        ("objective: '0.5'", 0.5),
        ("cost_weight: 2", 2),
        ("", 0.03),
    ],
)
def test_objective_is_a_cost_weight(given: str, weight: float) -> None:
    assert built(models(entry()) + f"routeiq: {{auto: {{{given}}}}}").routing.cost_weight == weight


def test_auto_of_something_that_is_no_chat_model_is_an_error() -> None:
    text = models(entry("a"), entry("e", info="mode: embedding")) + "routeiq: {auto: {models: [a, e], fallback: e}}"
    assert refused(text) == [
        "f.yaml:4: routeiq.auto.models[1]: is not a chat model: its mode is embedding",
        "f.yaml:4: routeiq.auto.fallback: is not one of the models that auto chooses among",
    ]


CLASH = models(
    entry("g", "simulated/a"), entry("g", "simulated/b"), entry("h", "simulated/a"), entry("h", "simulated/c")
)


def test_candidate_name_of_two_groups_is_an_error_in_a_list_of_ones_own() -> None:
    assert refused(CLASH + "routeiq: {auto: {models: [g, h]}}") == [
        "f.yaml:4: model_list[2]: simulated/a already names a candidate of the group g; give model_info.id"
    ]


def test_candidate_name_of_two_groups_leaves_the_later_out_of_an_implicit_auto() -> None:
    state = built(CLASH)
    assert state.routing.auto_models == ("g",)
    assert "is left out of routeiq.auto" in state.warnings[-1]


def test_model_called_auto_keeps_its_name() -> None:
    state = built(models(entry("auto"), entry("b")))
    assert state.group("auto") is not None
    assert state.routing.auto_models == ()


def test_group_of_mixed_modes_is_a_warning() -> None:
    state = built(models(entry(), entry(params="a: 1", info="mode: embedding")))
    assert any("the group m mixes modes; it serves chat" in one for one in state.warnings)
