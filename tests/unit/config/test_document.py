"""Sections and entries: types, unknown keys, strategies, and every problem at once."""

from __future__ import annotations

import pytest

from routeiq.config.document.strategies import KNOWN, LEARNED, NOT_LOADABLE
from tests.support.config_documents import errors, loaded, warnings

MODEL = "model_list: [{model_name: m, litellm_params: {model: simulated/x}}]\n"
ENTRY = "model_list:\n- model_name: m\n  litellm_params:\n    model: simulated/x\n"


def test_all_errors_come_at_once_sorted_by_line() -> None:
    found = errors("""
        model_list:
          - model_name: a
            litellm_params: {api_key: os.environ/NONE}
          - litellm_params: {model: openai/x, rpm: many}
          - just text
        router_settings: {routing_strategy: llmrouter-knnn, num_retries: -1, timeout: .inf}
        general_settings: {master_key: sk-1234}
        routeiq: {auto: {objective: qualty, deadline_ms: 0}, body_limit_mb: x}
        """)
    assert [line.split(" ")[0] for line in found] == [f"f.yaml:{n}:" for n in (3, 3, 4, 4, 5, 6, 6, 6, 7, 8, 8, 8)]
    for part in (
        "model_list[0].litellm_params.model: is required",
        "environment variable NONE is not set",
        "model_list[1].model_name: is required",
        "model_list[1].litellm_params.rpm: must be a number",
        "model_list[2]: must be a mapping",
        "unknown strategy; did you mean llmrouter-knn?",
        "router_settings.num_retries: must be greater than or equal to 0",
        "router_settings.timeout: must be a finite number",
        "general_settings.master_key: is a well-known example key",
        "routeiq.auto.objective: must be one of quality, balanced, cost, or a number; did you mean quality?",
        "routeiq.auto.deadline_ms: must be greater than 0",
        "routeiq.body_limit_mb: must be a number",
    ):
        assert any(part in line for line in found), part


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml:1: is empty; it needs at least a `model_list`"),
        ("# only a comment\n", "f.yaml:1: is empty"),
        ("- a\n- b", "f.yaml:1: must be a mapping with sections"),
        ("just text", "f.yaml:1: must be a mapping with sections"),
        ("model_lst", "f.yaml:1: must be a mapping with sections such as `model_list:`; did you mean model_list?"),
        ("model_list: {a: b}", "f.yaml:1: model_list: must be a list of models"),
        ("model_list: [[1]]", "f.yaml:1: model_list[0]: must be a mapping"),
        ("model_list: [~]", "f.yaml:1: model_list[0]: must be a mapping"),
        ("model_list: []\nrouter_settings: 5", "f.yaml:2: router_settings: must be a mapping"),
        (
            "model_list: []\ninclude: [a.yaml]",
            "f.yaml:2: include[0]: only a document that is a file can include others",
        ),
        (
            ENTRY + "  model_info: {routeiq: {quality_offset: 2}}",
            "f.yaml:5: model_list[0].model_info.routeiq.quality_offset: must be less",
        ),
        (
            ENTRY + "  model_info: {routeiq: {http_client: httpx}}",
            "f.yaml:5: model_list[0].model_info.routeiq.http_client: must be 'pool' or 'aiohttp'",
        ),
        (ENTRY + "    timeout: [1]", "f.yaml:5: model_list[0].litellm_params.timeout: must be a number"),
        (ENTRY + "    api_key: {a: b}", "f.yaml:5: model_list[0].litellm_params.api_key: must be text"),
        (ENTRY + "    max_retries: 1.5", "f.yaml:5: model_list[0].litellm_params.max_retries: must be a whole number"),
        (
            ENTRY + "    api_base: ftp://x",
            "f.yaml:5: model_list[0].litellm_params.api_base: the URL must be an http or https URL",
        ),
        (
            ENTRY + "    api_base: http://169.254.169.254/v1",
            "f.yaml:5: model_list[0].litellm_params.api_base: the URL leads to an address",
        ),
        (
            ENTRY + "    base_url: http://u:p@x",
            "f.yaml:5: model_list[0].litellm_params.base_url: the URL must not hold a user name",
        ),
        (
            MODEL + "router_settings: {routing_strategy_args: {model_path: /app/models/knn_router.pt}}",
            "f.yaml:2: router_settings.routing_strategy_args.model_path: a model of this kind is never loaded",
        ),
        (MODEL + "routeiq: {auto: {models: [mm]}}", "f.yaml:2: routeiq.auto.models[0]: there is no such model"),
        (MODEL + "routeiq: {auto: {fallback: n}}", "f.yaml:2: routeiq.auto.fallback: there is no such model"),
        (MODEL + "routeiq: {auto: {models: []}}", "f.yaml:2: routeiq.auto.models: must not be empty"),
        (MODEL + "routeiq: {auto: {models: m}}", "f.yaml:2: routeiq.auto.models: must be a list"),
        (
            MODEL + "routeiq: {auto: {cost_weight: 1, objective: cost}}",
            "f.yaml:2: routeiq.auto: give either objective or cost_weight",
        ),
        (MODEL + "routeiq: {auto: {name: m, models: [m]}}", "f.yaml:2: routeiq.auto.name: m is also a model_name"),
    ],
)
def test_error(text: str, message: str) -> None:
    found = errors(text)
    assert len(found) == 1, found
    assert found[0].startswith(message), found


def test_two_entries_with_one_id_are_an_error() -> None:
    text = "model_list:\n" + "- {model_name: m, litellm_params: {model: simulated/x}, model_info: {id: a}}\n" * 2
    assert errors(text) == ["f.yaml:3: model_list[1].model_info.id: is also the id of model_list[0]; ids must differ"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (MODEL + "model_lst: []", "f.yaml:2: model_lst: warning: unknown key; did you mean model_list?"),
        (
            MODEL + "router_settings: {num_retrys: 3}",
            "f.yaml:2: router_settings.num_retrys: warning: unknown key; did you mean num_retries?",
        ),
        (MODEL + "router_settings: {xyzzy: 3}", "f.yaml:2: router_settings.xyzzy: warning: unknown key"),
        (
            MODEL + "router_settings: {enable_tag_filtering: true}",
            "f.yaml:2: router_settings.enable_tag_filtering: warning: is accepted but has no effect yet",
        ),
        (MODEL + "mcp_servers: {}", "f.yaml:2: mcp_servers: warning: is accepted but has no effect yet"),
        (
            MODEL + "routeiq: {auto: {modles: [m]}}",
            "f.yaml:2: routeiq.auto.modles: warning: unknown key; did you mean models?",
        ),
        (
            MODEL + "router_settings: {routing_strategy_args: {hot_relaod: true}}",
            "f.yaml:2: router_settings.routing_strategy_args.hot_relaod: warning: unknown key; did you mean hot_r",
        ),
        (
            MODEL + "router_settings: {routing_strategy: provider-budget-routing}",
            "f.yaml:2: router_settings.routing_strategy: warning: has no effect yet; deployments are picked",
        ),
        (
            ENTRY + "    api_kye: x",
            "f.yaml:5: model_list[0].litellm_params.api_kye: warning: unknown key goes to the provider as it is; "
            "did you mean api_key?",
        ),
        (ENTRY + "    rpm: 5", "f.yaml:5: model_list[0].litellm_params.rpm: warning: orders the deployments"),
        (
            ENTRY + "    tags: [a]",
            "f.yaml:5: model_list[0].litellm_params.tags: warning: is accepted but has no effect yet",
        ),
        (
            ENTRY + "  model_info: {mdoe: chat}",
            "f.yaml:5: model_list[0].model_info.mdoe: warning: unknown key; did you mean mode?",
        ),
        (
            ENTRY + "  model_info: {mode: chta}",
            "f.yaml:5: model_list[0].model_info.mode: warning: unknown mode; did you mean chat?",
        ),
        (
            ENTRY + "  modl_info: {}",
            "f.yaml:5: model_list[0].modl_info: warning: unknown key; did you mean model_info?",
        ),
        (
            "model_list: [{model_name: 'all', litellm_params: {model: openai/*}}]",
            "f.yaml:1: model_list[0].litellm_params.model: warning: its `*` goes to the provider as it is",
        ),
        ("model_list: []", "f.yaml:1: model_list: warning: has no models"),
        (
            "model_list: [{model_name: auto, litellm_params: {model: simulated/x}}]",
            "f.yaml:1: model_list[0]: warning: takes the place of",
        ),
    ],
)
def test_warning(text: str, message: str) -> None:
    found = warnings(text)
    assert len(found) == 1, found
    assert found[0].startswith(message), found
    assert errors(text) == []


@pytest.mark.parametrize(
    "key",
    ["temperature", "top_k", "aws_region_name", "input_cost_per_image", "ttft_ms", "my_provider_switch", "extra_body"],
)
def test_parameter_of_a_provider_passes_without_a_word(key: str) -> None:
    assert warnings(ENTRY + f"    {key}: 1") == []


@pytest.mark.parametrize("key", ["supports_reasoning", "input_cost_per_second", "description"])
def test_models_may_be_described_freely(key: str) -> None:
    assert warnings(ENTRY + f"  model_info: {{{key}: 1}}") == []


@pytest.mark.parametrize("strategy", sorted(KNOWN))
def test_known_strategy_is_accepted(strategy: str) -> None:
    assert errors(MODEL + f"router_settings: {{routing_strategy: {strategy}}}") == []


@pytest.mark.parametrize("strategy", sorted(NOT_LOADABLE))
def test_strategy_that_cannot_be_loaded_says_what_to_use_instead(strategy: str) -> None:
    (found,) = errors(MODEL + f"router_settings: {{routing_strategy: {strategy}}}")
    assert f"strategy {strategy} cannot be loaded here; use " in found
    advice = found.rpartition("; use ")[2]
    assert any(name in advice for name in KNOWN) or "routeiq train" in advice


def test_strategies_that_artifacts_serve_are_learned() -> None:
    assert {name.removeprefix("llmrouter-") for name in LEARNED} == {"knn", "mlp", "domain", "ensemble", "static"}


def test_strategy_like_none_lists_the_known_ones() -> None:
    assert "known are cost-based-routing" in errors(MODEL + "router_settings: {routing_strategy: zzzz}")[0]


def test_key_without_a_value_is_the_default() -> None:
    text = (
        MODEL
        + "router_settings:\ngeneral_settings: {master_key: ~}\nrouteiq: {auto: ~}\nlitellm_settings:\nmcp_servers:"
    )
    assert errors(text) == []


def test_secret_of_the_document_stands_in_no_message_and_no_repr() -> None:
    one = loaded(
        ENTRY + "    api_key: s3cret-s3cret\n    timeout: s3cret-s3cret\ngeneral_settings: {master_key: s3cret}"
    )
    assert len(one.problems.errors) == 2
    assert "s3cret" not in "".join(map(str, one.problems.all()))
    valid = loaded(ENTRY + "    api_key: s3cret-s3cret\ngeneral_settings: {master_key: s3cret-s3cret}").document
    assert "s3cret" not in repr(valid)


def test_faulty_entry_is_not_reported_again_where_it_is_named() -> None:
    assert (
        len(errors("model_list: [{model_name: m, litellm_params: {}}]\nrouteiq: {auto: {models: [m], fallback: m}}"))
        == 1
    )
