"""One entry becomes one deployment: names, keys, addresses, prices and capabilities, and a stable id."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from routeiq.config.http_client_kind import HTTPClientKind
from routeiq.config.price import price_of
from routeiq.config.state import Deployment, Mode
from tests.support.config_documents import built, entry, models, only

PRICES = {
    "gpt-x": {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 1e-6,
        "output_cost_per_token": 2e-6,
        "max_input_tokens": 1000,
        "supports_function_calling": True,
    },
    "text-embed": {"litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 1e-8},
    "azure/gpt-x": {"litellm_provider": "azure", "input_cost_per_token": 3e-6, "output_cost_per_token": 4e-6},
    "claude-x": {
        "litellm_provider": "bedrock_converse",
        "input_cost_per_token": 5e-6,
        "output_cost_per_token": 6e-6,
        "max_tokens": 77,
        "supports_vision": False,
    },
    "foreign": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 9e-6},
    "wrong": {"litellm_provider": "openai", "supports_vision": "perhaps"},
    "textual": {"litellm_provider": "openai", "input_cost_per_token": "free", "max_input_tokens": "many"},
}


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(PRICES))
    return path


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
                    params="api_base: http://10.0.0.1/v1, api_key: os.environ/K, timeout: 3, stream_timeout: 9, "
                    "max_retries: 1, weight: 2, "
                    "input_cost_per_token: 1e-6, temperature: 0.5, organization: org, tags: [t], nothing: ~",
                    info="id: d1, max_input_tokens: 99, supports_vision: false, "
                    "routeiq: {like: known, quality_offset: -0.1, http_client: aiohttp}",
                )
            ),
            {"K": "key-of-k"},
        )
    )
    assert one == Deployment(
        id=one.id, group=one.group, provider="openai", model="gpt-x", candidate="m", api_base="http://10.0.0.1/v1",
        api_key="key-of-k", timeout_s=3, stream_timeout_s=9, max_retries=1, weight=2, input_price=1e-6,
        price=price_of((("input_cost_per_token", 1e-6),)),
        max_input_tokens=99, supports_vision=False, like="known", quality_offset=-0.1,
        http_client=HTTPClientKind.AIOHTTP,
        params={"temperature": 0.5, "organization": "org"},
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
        warnings[0] == "f.yaml:2: model_list[0].litellm_params: warning: has no api_key, and GROQ_API_KEY is not set; "
        "its calls will be refused"
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
        entry("h", "hosted_vllm/mine", info="base_model: azure/gpt-x"),
        entry("i", "azure/mine", info="base_model: foreign"),
    )
    state = built(text, prices=prices)
    a, b, c, d, e, f, g, h, i = (only(state, name) for name in "abcdefghi")
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
    assert (h.input_price, i.input_price) == (3e-6, 9e-6)
    assert e.mode is Mode.EMBEDDING
    assert f.mode is Mode.CHAT
    assert (g.input_price, g.max_input_tokens) == (None, None)
    assert [one.split(": warning: ")[0] for one in state.warnings if "its price is unknown" in one] == [
        f"f.yaml:{line}: model_list[{line - 2}].litellm_params.model" for line in (5, 7, 8, 10)
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
