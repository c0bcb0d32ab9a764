"""Environment names of the contract: what they set, and that the others are said to do nothing."""

from __future__ import annotations

import pytest

from routeiq.config.contract_names import NO_EFFECT
from routeiq.control.settings import DATABASE_URL, ENCRYPTION_KEY
from routeiq.gateway.callers.build import SERVICE_KEYS
from routeiq.gateway.settings import CONTRACT_NAMES
from routeiq.kit.redis import RedisSettings
from tests.support.config_documents import built, errors, warnings

MODEL = "model_list: [{model_name: m, litellm_params: {model: simulated/x}}]\n"


def test_strategy_of_the_environment_wins_over_the_documents() -> None:
    text = MODEL + "router_settings: {routing_strategy: least-busy}"
    assert built(text, {"LLMROUTER_ACTIVE_ROUTING_STRATEGY": "llmrouter-knn"}).routing.strategy == "llmrouter-knn"
    assert built(text, {"LLMROUTER_ACTIVE_ROUTING_STRATEGY": ""}).routing.strategy == "least-busy"


def test_paths_of_the_environment_win_over_the_documents() -> None:
    text = MODEL + "routeiq: {artifact: /one}"
    found = built(text, {"LLMROUTER_MODEL_PATH": "/two", "LLMROUTER_LLM_DATA_PATH": "/three.json"})
    assert found.routing.artifact_dir == "/two"
    assert any("llm_data_path: warning: is not a file on this machine" in line for line in found.warnings)


@pytest.mark.parametrize(("value", "sticky"), [("false", False), ("0", False), ("true", True)])
def test_conversations_keep_their_model_as_the_environment_says(value: str, sticky: bool) -> None:
    text = MODEL + f"routeiq: {{auto: {{sticky: {str(not sticky).lower()}}}}}"
    assert built(text, {"CONVERSATION_AFFINITY_ENABLED": value}).routing.sticky is sticky


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("LLMROUTER_ACTIVE_ROUTING_STRATEGY", "nope", "unknown strategy"),
        ("LLMROUTER_MODEL_PATH", "/app/models/knn_router.pt", "a model of this kind is never loaded"),
        ("CONVERSATION_AFFINITY_ENABLED", "s3cret", "must be true or false"),
    ],
)
def test_wrong_value_is_an_error_that_names_the_variable(name: str, value: str, message: str) -> None:
    (found,) = errors(MODEL, {name: value})
    assert found.startswith(f"f.yaml: {name}: {message}")
    assert "s3cret" not in found


@pytest.mark.parametrize("name", ["STORE_MODEL_IN_DB", "REDIS_URL", "ROUTEIQ_KEY_PREFIX", "ROUTEIQ_QUOTA_ENABLED"])
def test_name_without_effect_is_a_warning(name: str) -> None:
    assert warnings(MODEL, {name: "s3cret"}) == [
        f"f.yaml: {name}: warning: is set in the environment and has no effect yet"
    ]
    assert warnings(MODEL, {name: ""}) == []


def test_no_name_that_works_is_said_to_do_nothing() -> None:
    assert not NO_EFFECT & set(CONTRACT_NAMES.values())
    assert not NO_EFFECT & {*DATABASE_URL, ENCRYPTION_KEY, SERVICE_KEYS}
    assert not NO_EFFECT & {f"REDIS_{name.upper()}" for name in RedisSettings.model_fields}
    assert warnings(MODEL, dict.fromkeys(["PATH", "POD_NAME", "LLMROUTER_SSRF_DNS_TIMEOUT"], "1")) == []
