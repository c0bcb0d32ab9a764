"""`llm_candidates.json`, both shapes: what it says stands behind the document and before the price file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from routeiq.config.build import build
from routeiq.config.state import Deployment, ModelName, State
from routeiq.kit.errors import ConfigurationError
from tests.support.config_documents import NO_PRICES, entry, loaded, models

MAPPED = {
    "claude-x": {
        "provider": "anthropic", "model_id": "claude-x-2030", "description": "d", "capabilities": ["chat", "Vision"],
        "cost_per_1k_tokens": {"input": 0.003, "output": 0.015}, "context_window": 200000, "latency_class": "slow",
        "quality_score": 0.9, "tier": "premium",
    },
    "fast": {"cost_per_1k_tokens": {"input": 0.001}, "capabilities": ["function_calling"]},
}  # fmt: skip
LISTED = {
    "models": [
        {
            "model_name": "claude-x", "provider": "anthropic", "cost_per_1k_tokens": 0.002, "latency_p50_ms": 300,
            "latency_p95_ms": 900, "context_window": 100000, "capabilities": ["tools"],
        }
    ]
}  # fmt: skip
DOCUMENT = models(
    entry("big", "anthropic/claude-x-2030", "api_key: k"),
    entry("fast", "openai/x", "api_key: k, output_cost_per_token: 7"),
    entry("claude-x", "bedrock/y"),
)


def state(tmp_path: Path, said: object, document: str = DOCUMENT) -> State:
    (tmp_path / "c.json").write_text(said if isinstance(said, str) else json.dumps(said))
    text = document + "router_settings: {routing_strategy_args: {llm_data_path: c.json}}"
    return build(replace(loaded(text), folder=tmp_path), {}, price_file=NO_PRICES)


def one(served: State, name: str) -> Deployment:
    return served.groups[ModelName(name)].deployments[0]


def test_mapping_of_models(tmp_path: Path) -> None:
    served = state(tmp_path, MAPPED)
    big, fast = one(served, "big"), one(served, "fast")
    assert (big.input_price, big.output_price) == (pytest.approx(3e-6), pytest.approx(1.5e-5))
    assert (big.max_input_tokens, big.supports_vision, big.supports_tools) == (200000, True, None)
    assert (fast.input_price, fast.output_price, fast.supports_tools) == (pytest.approx(1e-6), 7, True)


def test_list_of_models(tmp_path: Path) -> None:
    found = one(state(tmp_path, LISTED), "claude-x")
    assert (found.input_price, found.output_price) == (pytest.approx(2e-6), pytest.approx(2e-6))
    assert (found.max_input_tokens, found.supports_tools) == (100000, True)


def test_price_file_serves_where_neither_says_anything(tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text(
        '{"x": {"litellm_provider": "openai", "input_cost_per_token": 9, "max_input_tokens": 5, "mode": "chat"}}'
    )
    (tmp_path / "c.json").write_text(json.dumps(MAPPED))
    text = DOCUMENT + "router_settings: {routing_strategy_args: {llm_data_path: c.json}}"
    fast = one(build(replace(loaded(text), folder=tmp_path), {}, price_file=prices), "fast")
    assert (fast.input_price, fast.max_input_tokens) == (pytest.approx(1e-6), 5)


def test_models_that_the_document_does_not_have_are_named(tmp_path: Path) -> None:
    said = {name: {} for name in ("z", "w", "fast", "m0", "m1", "m2", "m3", "m4")}
    line = "says something of models that the document does not have: m0, m1, m2, m3, m4 and 2 more"
    assert any(line in warning for warning in state(tmp_path, said).warnings)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{", "is not valid JSON"),
        ([1], "must map names to models, or list them under `models`"),
        ({"models": [{"provider": "x"}]}, "models[0]: names no model; give model_name"),
        ({"a": {"context_window": "many"}}, "a.context_window: must be a whole number"),
        (
            {"a": {"cost_per_1k_tokens": {"input": -1}}},
            "a.cost_per_1k_tokens.input: must be greater than",
        ),
        ({"a": 5}, "a: must be a mapping"),
    ],
)
def test_faulty_file_is_an_error(tmp_path: Path, said: object, message: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        state(tmp_path, said)
    (found,) = raised.value.problems
    assert f"{tmp_path}/c.json: {message}" in found


def test_file_that_is_not_here_is_a_warning(tmp_path: Path) -> None:
    text = DOCUMENT + "router_settings: {routing_strategy_args: {llm_data_path: /app/config/llm_candidates.json}}"
    found = build(loaded(text), {}, price_file=NO_PRICES).warnings
    assert any("llm_data_path: warning: is not a file on this machine" in line for line in found)
