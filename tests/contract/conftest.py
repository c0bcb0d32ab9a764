"""One suite for all contract tests, its models served by the fake provider, a process of its own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator

import pytest
from openai import AsyncOpenAI, OpenAI

from tests.support.processes import FakeProvider, fake_provider
from tests.support.suite import Suite, running
from tests.support.waiting import PATIENCE_S

CANDIDATES = {"cheap": "fake-cheap", "middle": "fake-middle", "strong": "fake-strong"}
BEHAVIOURS = (
    "die-before", "die-mid-stream", "gzip", "paced", "tool", "status-429", "status-400", "status-401", "status-500",
    "garbage", "html-error", "slow-head", "no-done",
)  # fmt: skip
MESSAGES_BEHAVIOURS = ("tool", "status-400", "status-401", "status-429", "status-529", "die-before", "die-mid-stream")
"""Of Anthropic's own models: `claude-tool` and so on."""
COSTS = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}
CLAUDE_COSTS = COSTS | {"cache_read_input_token_cost": 1e-7, "cache_creation_input_token_cost": 1.25e-6}
UPSTREAM_KEY = "sk-upstream-only"


@pytest.fixture(scope="session")
def provider() -> Iterator[FakeProvider]:
    with fake_provider() as started:
        yield started


@pytest.fixture(scope="session")
def suite(provider: FakeProvider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    folder = tmp_path_factory.mktemp("contract")
    config = folder / "config.yaml"
    config.write_text(json.dumps(document(provider)))
    with running(folder, "--config", str(config)) as started:
        yield started


def _within(behaviour: str) -> float:
    """Seconds: who never answers is given up."""
    return 5 if behaviour in ("slow-head", "stall") else PATIENCE_S


def document(provider: FakeProvider) -> dict[str, object]:
    """Three candidates for `auto`, one model per behaviour, an embedding model, an Anthropic model."""
    base = {"api_base": provider.api_base, "api_key": UPSTREAM_KEY}
    anthropic = {"api_base": provider.url, "api_key": UPSTREAM_KEY}
    models = [_entry(name, {"model": f"openai/{upstream}", **base}) for name, upstream in CANDIDATES.items()]
    models += [_entry(name, {"model": f"openai/gpt--{name}", "timeout": _within(name), **base}) for name in BEHAVIOURS]
    models += [
        _entry("falls-back", {"model": "openai/gpt--status-429", **base}),
        _entry("falls-back-too", {"model": "openai/gpt--die-before", **base}),
        _entry("embed", {"model": "openai/text-embedding-3-small", **base}, mode="embedding"),
        _entry("claude", {**anthropic, "model": "anthropic/claude-fake", **CLAUDE_COSTS}),
        _entry("priced", {"model": "openai/fake-priced", **COSTS, **base}),
    ]
    models += [
        _entry(f"claude-{name}", {**anthropic, "model": f"anthropic/claude--{name}"}) for name in MESSAGES_BEHAVIOURS
    ]
    return {
        "model_list": models,
        "router_settings": {"num_retries": 0, "fallbacks": [{"falls-back": ["falls-back-too", "cheap"]}]},
        "routeiq": {"auto": {"models": list(CANDIDATES), "fallback": "strong", "deadline_ms": 5000}},
    }


def _entry(name: str, params: dict[str, object], mode: str = "chat") -> dict[str, object]:
    return {"model_name": name, "litellm_params": params, "model_info": {"mode": mode}}


@pytest.fixture
def client(suite: Suite) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{suite.url}/v1", api_key=suite.key, max_retries=0, timeout=PATIENCE_S) as made:
        yield made


@pytest.fixture
async def async_client(suite: Suite) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=f"{suite.url}/v1", api_key=suite.key, max_retries=0, timeout=PATIENCE_S) as made:
        yield made
