"""Provider names that nobody serves are said, with the one that was probably meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from routeiq.config.prices import price_file
from routeiq.config.providers import FILE, OWN, unknown_provider
from routeiq.gateway.upstream.registry import direct_providers
from tests.support.config_documents import built, entry, models, refused


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    (tmp_path / FILE).write_text(json.dumps({"providers": {"groq": {}, "azure_ai/agents": {}}}))
    (tmp_path / "prices.json").write_text(json.dumps({"x": {"litellm_provider": "novita"}, "y": {"mode": "chat"}}))
    return tmp_path / "prices.json"


@pytest.mark.parametrize("name", ["openai", "groq", "azure_ai", "novita", "routeiq", "modelscope"])
def test_known_names(prices: Path, name: str) -> None:
    assert unknown_provider(name, prices) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("opnai", "unknown provider 'opnai'; did you mean openai?"),
        ("Groq", "unknown provider 'Groq'; did you mean groq?"),
        ("xyzzy", "unknown provider 'xyzzy'"),
    ],
)
def test_unknown_names(prices: Path, name: str, said: str) -> None:
    assert unknown_provider(name, prices) == said


def test_without_litellms_lists_no_name_is_doubted(tmp_path: Path) -> None:
    assert unknown_provider("opnai", tmp_path / "prices.json") is None


def test_all_that_the_gateway_serves_is_known() -> None:
    assert direct_providers() | {"routeiq"} == OWN


@pytest.mark.skipif(price_file() is None, reason="litellm is not installed")
@pytest.mark.parametrize("name", ["bedrock", "vertex_ai", "cohere", "huggingface", "watsonx", "replicate", "gemini"])
def test_the_installed_litellms_names_are_known(name: str) -> None:
    assert unknown_provider(name) is None


def test_a_document_with_an_unknown_provider_is_served_with_a_warning(prices: Path) -> None:
    warnings = built(models(entry(model="opnai/gpt-4o")), prices=prices).warnings
    at = "f.yaml:2: model_list[0].litellm_params"
    assert f"{at}.model: warning: unknown provider 'opnai'; did you mean openai?" in warnings
    warnings = built(models(entry(params="custom_llm_provider: opnai")), prices=prices).warnings
    assert f"{at}.custom_llm_provider: warning: unknown provider 'opnai'; did you mean openai?" in warnings


def test_a_model_must_follow_the_slash() -> None:
    assert refused(models(entry(model="openai/"))) == [
        "f.yaml:2: model_list[0].litellm_params.model: names no model after the slash"
    ]
