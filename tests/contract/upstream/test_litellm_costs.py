"""The official judge: what litellm itself says that a request costs, for models of its whole price file."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any, NamedTuple

import msgspec
import pytest

from routeiq.config.price import Costs, price_of
from routeiq.config.prices import Wanted, price_file, read_facts
from routeiq.gateway.dialects.usage import read_usage
from routeiq.gateway.pipeline.cost import cost_at_most, cost_of
from routeiq.gateway.plan import Usage
from tests.support.twins import deployment

pytestmark = [
    pytest.mark.skipif(find_spec("litellm") is None, reason="extra litellm is not installed"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::ResourceWarning"),
]

MODES = ("chat", "completion", "responses", "embedding")
MODELS, USAGES = 500, 3
ELSEWHERE = frozenset({"perplexity"})
"""Its prices of cached tokens are passed over by litellm's own way of counting for this provider."""
# Where the two differ besides: DeepSeek's hours, which we do not know; dashscope's answers to empty questions, which
# litellm gives away; what a provider says that it took (xAI, Perplexity), which litellm believes.
LIMITS = (1, 128_000, 128_001, 200_000, 200_001, 272_000, 272_001, 1_000_000)


class Listed(NamedTuple):
    name: str
    provider: str


class Entry(msgspec.Struct):
    litellm_provider: str = ""
    mode: str | None = None
    off_peak_pricing: dict[str, object] | None = None


@pytest.fixture(scope="module")
def litellm() -> Any:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm  # noqa: PLC0415  # seconds of CPU, and only here

    litellm.suppress_debug_info = True
    return litellm


def listed() -> list[Listed]:
    """Of all models that are sold by the token at all hours alike."""
    path = price_file()
    assert path is not None
    entries = msgspec.json.decode(path.read_bytes(), type=dict[str, Entry | None])
    return [
        Listed(name, one.litellm_provider)
        for name, one in entries.items()
        if one is not None and one.mode in MODES and one.off_peak_pricing is None and one.litellm_provider
    ]


def usages(chance: random.Random) -> Iterator[Usage]:
    for _ in range(USAGES):
        sent = left = chance.choice([*LIMITS, chance.randrange(1, 5000), chance.randrange(1, 400_000)])
        parts = []
        for _ in range(4):
            parts.append(chance.randrange(left + 1) if chance.random() < 0.4 else 0)
            left -= parts[-1]
        made = chance.randrange(20_000)
        thought = chance.randrange(made + 1) if chance.random() < 0.4 else 0
        spoken = chance.randrange(made - thought + 1) if chance.random() < 0.2 else 0
        tier = chance.choice(["", "", "flex", "priority", "balanced", "ultrafast"])
        read, written, heard, seen = parts
        yield Usage(sent, made, read, written, written // 3, heard, seen, thought, spoken, 0, tier)


def forgets_tiers(provider: str, costs: Costs) -> bool:
    """litellm does not use all prices of service tiers that its price file has."""
    names = [name for name, _ in costs]
    return provider == "fireworks_ai" or any(re.match("input_cost_per_(audio|image)_token_", name) for name in names)


def rendered(litellm: Any, usage: Usage) -> Any:
    """As litellm writes it."""
    kept = {"ephemeral_5m_input_tokens": usage.cache_write - usage.cache_write_1h}
    kept["ephemeral_1h_input_tokens"] = usage.cache_write_1h
    return litellm.Usage(
        prompt_tokens=usage.input_tokens,
        completion_tokens=usage.output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens,
        prompt_tokens_details={
            "cached_tokens": usage.cache_read, "cache_creation_tokens": usage.cache_write,
            "audio_tokens": usage.audio_input, "image_tokens": usage.image_input,
            "cache_creation_token_details": kept,
        },
        completion_tokens_details={"reasoning_tokens": usage.reasoning, "audio_tokens": usage.audio_output},
    )  # fmt: skip


def test_models_of_the_price_file_cost_what_litellm_says(litellm: Any) -> None:
    chance = random.Random(20261122)
    models = chance.sample([one for one in listed() if one.provider not in ELSEWHERE], MODELS)
    known = read_facts([Wanted(provider, name, declared=True) for name, provider in models])
    compared = 0
    for name, provider in models:
        facts = known[Wanted(provider, name, declared=True)]
        one = deployment(name, provider=provider, model=name, price=price_of(facts.costs, provider))
        for usage in usages(chance):
            if forgets_tiers(provider, facts.costs):
                usage.service_tier = ""
            ours = cost_of(one, usage)
            if ours is None:
                continue
            theirs = 1e9 * sum(
                litellm.cost_per_token(
                    model=name, custom_llm_provider=provider, usage_object=rendered(litellm, usage),
                    service_tier=usage.service_tier or None,
                )
            )  # fmt: skip
            assert ours == pytest.approx(theirs, rel=1e-12, abs=1), (name, usage)
            most = cost_at_most(one, usage.input_tokens, usage.output_tokens, usage.service_tier)
            plain = cost_of(one, Usage(usage.input_tokens, usage.output_tokens, service_tier=usage.service_tier))
            assert most is not None
            assert plain is not None
            assert most >= plain
            compared += 1
    assert compared > MODELS


def test_what_litellm_renders_is_read_as_it_was(litellm: Any) -> None:
    chance = random.Random(5)
    for usage in (one for _ in range(50) for one in usages(chance)):
        usage.service_tier = ""
        body = b'{"usage":%b}' % rendered(litellm, usage).model_dump_json(exclude_none=True).encode()
        assert read_usage(body) == usage
