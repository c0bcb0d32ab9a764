"""From a document to the state: names, ids, prices, weights, candidates and the group `auto`."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from routeiq.config.build import build
from routeiq.config.state import Deployment, Mode, State
from routeiq.kit.errors import ConfigurationError
from tests.support.config_documents import NO_PRICES, built, loaded

LEARNED = "router_settings: {routing_strategy: llmrouter-ensemble}\n"
PRICES = {
    "gpt-x": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "max_input_tokens": 1000, "supports_function_calling": True},
    "text-embed": {"litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 1e-8, "output_cost_per_token": 0.0},
    "azure/gpt-x": {"litellm_provider": "azure", "mode": "chat", "input_cost_per_token": 3e-6, "output_cost_per_token": 4e-6},
    "claude-x": {"litellm_provider": "bedrock_converse", "mode": "chat", "input_cost_per_token": 5e-6, "output_cost_per_token": 6e-6, "max_tokens": 77, "supports_vision": False},
    "foreign": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 9e-6},
    "wrong": {"litellm_provider": "openai", "supports_vision": "perhaps"},
    "textual": {"litellm_provider": "openai", "input_cost_per_token": "free", "max_input_tokens": "many"},
}  # fmt: skip


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(PRICES))
    return path


def entry(name: str = "m", model: str = "simulated/x", params: str = "", info: str = "") -> str:
    return f"- {{model_name: {name}, litellm_params: {{model: {model}, {params}}}, model_info: {{{info}}}}}\n"


def models(*entries: str) -> str:
    return "model_list:\n" + "".join(entries)


def only(state: State, name: str = "m") -> Deployment:
    (deployment,) = state.groups[name].deployments  # type: ignore[index]
    return deployment


def refused(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        build(loaded(text), {}, price_file=NO_PRICES)
    return raised.value.problems


@pytest.mark.parametrize(
    ("params", "provider", "model"),
    [
        ("model: openai/gpt-x", "openai", "gpt-x"),
        ("model: gpt-x", "openai", "gpt-x"),
        ("model: openrouter/a/b", "openrouter", "a/b"),
        ("model: a/b, custom_llm_provider: openai", "openai", "a/b"),
        ("model: openai/b, custom_llm_provider: openai", "openai", "b"),
        ("model: /b", "openai", "/b"),
    ],
)
def test_model_is_split_into_provider_and_name(params: str, provider: str, model: str) -> None:
    one = only(built(f"model_list: [{{model_name: m, litellm_params: {{{params}}}}}]"))
    assert (one.provider, one.model) == (provider, model)


def test_entry_becomes_a_deployment() -> None:
    one = only(
        built(
            models(
                entry(
                    model="openai/gpt-x",
                    params="api_base: http://10.0.0.1/v1, api_key: os.environ/K, timeout: 3, stream_timeout: 9, max_retries: 1, weight: 2, "
                    "input_cost_per_token: 1e-6, temperature: 0.5, organization: org, tags: [t], nothing: ~",
                    info="id: d1, max_input_tokens: 99, supports_vision: false, routeiq: {like: known, quality_offset: -0.1}",
                )
            ),
            {"K": "key-of-k"},
        )
    )
    assert one == Deployment(
        id=one.id, group=one.group, provider="openai", model="gpt-x", candidate="m", api_base="http://10.0.0.1/v1", api_key="key-of-k",
        timeout_s=3, stream_timeout_s=9, max_retries=1, weight=2, input_price=1e-6, max_input_tokens=99, supports_vision=False, like="known",
        quality_offset=-0.1, params={"temperature": 0.5, "organization": "org"},
    )  # fmt: skip
    assert one.id == "d1"
    assert "key-of-k" not in repr(one)


def test_base_url_is_another_name_of_api_base() -> None:
    assert only(built(models(entry(params="base_url: http://h/v1")))).api_base == "http://h/v1"


@pytest.mark.parametrize(
    ("model", "params", "environ", "base", "key"),
    [
        ("openai/x", "", {"OPENAI_API_KEY": "k"}, None, "k"),
        ("openai/x", "", {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://b"}, "http://b", "k"),
        ("openai/x", "", {"OPENAI_API_BASE": "http://b"}, "http://b", None),
        (
            "openai/x",
            "api_base: http://mine",
            {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://b"},
            "http://mine",
            None,
        ),
        ("openai/x", "api_key: own", {"OPENAI_API_KEY": "k"}, None, "own"),
        ("anthropic/x", "", {"ANTHROPIC_API_KEY": "k"}, None, "k"),
        ("together_ai/x", "", {"TOGETHER_API_KEY": "k"}, None, "k"),
        ("groq/x", "", {"GROQ_API_KEY": "k"}, None, "k"),
        ("ollama/x", "", {"OLLAMA_API_KEY": "k", "OLLAMA_API_BASE": "http://o"}, "http://o", None),
    ],
)
def test_key_and_address_default_to_the_environment_but_no_key_goes_to_another_address(
    model: str, params: str, environ: dict[str, str], base: str | None, key: str | None
) -> None:
    one = only(built(models(entry(model=model, params=params)), environ))
    assert (one.api_base, one.api_key) == (base, key)


def test_missing_key_of_a_public_provider_is_a_warning() -> None:
    warnings = built(models(entry(model="groq/x"))).warnings
    assert (
        warnings[0]
        == "f.yaml:2: model_list[0].litellm_params: warning: has no api_key, and GROQ_API_KEY is not set; its calls will be refused"
    )


def test_facts_come_from_the_price_file_where_the_entry_is_silent(prices: Path) -> None:
    text = models(
        entry("a", "openai/gpt-x", "input_cost_per_token: 7e-6", "supports_function_calling: false"),
        entry("b", "azure/my-own", info="base_model: azure/gpt-x"),
        entry("c", "bedrock/claude-x"),
        entry("d", "openai/foreign"),
        entry("e", "openai/text-embed"),
        entry("f", "openai/wrong"),
        entry("g", "openai/textual"),
    )
    state = built(text, prices=prices)
    a, b, c, d, e, f, g = (only(state, name) for name in "abcdefg")
    assert (a.input_price, a.output_price, a.max_input_tokens, a.supports_tools, a.supports_vision) == (
        7e-6,
        2e-6,
        1000,
        False,
        None,
    )
    assert (b.input_price, b.output_price) == (3e-6, 4e-6)
    assert (c.input_price, c.max_input_tokens, c.supports_vision) == (5e-6, 77, False)
    assert d.input_price is None
    assert e.mode is Mode.EMBEDDING
    assert f.mode is Mode.CHAT
    assert (g.input_price, g.max_input_tokens) == (None, None)
    assert [one.split(": warning: ")[0] for one in state.warnings if "its price is unknown" in one] == [
        f"f.yaml:{line}: model_list[{line - 2}].litellm_params.model" for line in (5, 7, 8)
    ]


@pytest.mark.parametrize(
    ("mode", "expected"), [("chat", Mode.CHAT), ("embedding", Mode.EMBEDDING), ("rerank", Mode.OTHER)]
)
def test_mode(mode: str, expected: Mode) -> None:
    assert only(built(models(entry(info=f"mode: {mode}")))).mode is expected


def test_price_file_is_not_opened_where_nothing_is_missing(tmp_path: Path) -> None:
    broken = tmp_path / "p.json"
    broken.mkdir()
    assert only(built(models(entry()), prices=broken)).input_price is None


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_broken_price_file_knows_nothing(tmp_path: Path, content: str) -> None:
    broken = tmp_path / "p.json"
    broken.write_text(content)
    assert only(built(models(entry(model="openai/gpt-x")), prices=broken)).input_price is None


def test_id_is_stable_and_differs_with_the_parameters() -> None:
    one = only(built(models(entry(model="openai/x", params="api_key: os.environ/K")), {"K": "first"}))
    rotated = only(
        built("# comment\n" + models(entry(model="openai/x", params="api_key: os.environ/K")), {"K": "second"})
    )
    other = only(built(models(entry(model="openai/x", params="api_key: literal"))))
    assert one.id == rotated.id != other.id
    assert len(one.id) == 64


def test_repeated_entry_is_left_out_with_a_warning() -> None:
    state = built(models(entry(), entry()))
    assert only(state).model == "x"
    assert "f.yaml:3: model_list[1]: warning: repeats an earlier entry in everything and is left out" in state.warnings


def test_version_is_that_of_the_document_whatever_its_form_and_environment() -> None:
    text = "model_list: [{model_name: m, litellm_params: {model: openai/x, api_key: os.environ/K}}]"
    one = built(text, {"K": "a"})
    same = built(
        "# c\nmodel_list:\n- litellm_params: {api_key: os.environ/K, model: openai/x}\n  model_name: m", {"K": "b"}
    )
    other = built(text.replace("openai/x", "openai/y"), {"K": "a"})
    assert one.version == same.version != other.version
    assert one.version.startswith("c")
    assert one.version.endswith(".s0")
    assert len(one.version) == 16


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


@pytest.mark.parametrize(
    ("given", "weight"), [("objective: quality", 0), ("objective: Balanced", 0.03), ("objective: 0.7", 0.7), ("objective: '0.5'", 0.5), ("cost_weight: 2", 2), ("", 0.03)]
)  # fmt: skip
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


def test_encoder_is_offered_unless_switched_off_or_taken() -> None:
    assert only(built(models(entry())), "all-MiniLM-L6-v2").provider == "routeiq"
    assert list(built(models(entry()) + "routeiq: {embeddings: false}").groups) == ["m"]
    assert only(built(models(entry("all-MiniLM-L6-v2"))), "all-MiniLM-L6-v2").provider == "simulated"


def test_settings_of_the_document_stand_in_the_state() -> None:
    state = built(
        """
        model_list: []
        router_settings: {num_retries: 0}
        litellm_settings: {num_retries: 7, request_timeout: 30}
        general_settings: {master_key: sk-a-long-random-key}
        routeiq: {body_limit_mb: 0.5}
        """
    )
    assert (state.routing.num_retries, state.routing.timeout_s, state.body_limit_bytes) == (0, 30, 524288)
    assert state.master_key == "sk-a-long-random-key"
    assert "sk-a-long" not in repr(state)


def test_defaults_of_the_state() -> None:
    state = built("model_list: []")
    assert (state.routing.num_retries, state.routing.timeout_s, state.body_limit_bytes) == (2, 600, 10 * 1024 * 1024)
    assert state.routing.auto_models == ()
    assert state.routing.artifact_dir is None


def test_artifact_is_relative_to_the_document(tmp_path: Path) -> None:
    (tmp_path / "art").mkdir()
    one = replace(
        loaded(
            "model_list: []\nrouteiq: {artifact: art}\nrouter_settings: {routing_strategy_args: {model_path: /elsewhere}}"
        ),
        folder=tmp_path,
    )
    state = build(one, {}, price_file=NO_PRICES)
    assert state.routing.artifact_dir == str(tmp_path / "art")
    assert any("is not used, because routeiq.artifact is given" in line for line in state.warnings)


def test_artifact_that_is_not_here_is_a_warning() -> None:
    state = built("model_list: []\nrouter_settings: {routing_strategy_args: {model_path: /nonexistent/artifact}}")
    assert state.routing.artifact_dir == "/nonexistent/artifact"
    assert any(line.endswith("model_path: warning: is not a directory on this machine") for line in state.warnings)
