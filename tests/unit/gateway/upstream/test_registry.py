"""Every provider name finds its provider; each is made once and closed."""

from __future__ import annotations

import pytest

from routeiq.gateway.upstream.anthropic import Anthropic
from routeiq.gateway.upstream.azure import Azure
from routeiq.gateway.upstream.litellm_provider import LiteLLM
from routeiq.gateway.upstream.openai_compatible import OpenAICompatible
from routeiq.gateway.upstream.registry import Providers, direct_providers
from routeiq.gateway.upstream.simulated import Simulated
from tests.support.upstream import answer, deployment, read_json, request


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("openai", OpenAICompatible),
        ("hosted_vllm", OpenAICompatible),
        ("azure", Azure),
        ("anthropic", Anthropic),
        ("simulated", Simulated),
        ("bedrock", LiteLLM),
    ],
)
async def test_each_name_has_its_provider(name: str, kind: type) -> None:
    providers = Providers(answer({}))
    assert isinstance(providers.of(deployment(name)), kind)
    assert providers.of(deployment(name)) is providers.of(deployment(name))


async def test_providers_behind_litellm_are_one() -> None:
    providers = Providers(answer({}))
    assert providers.of(deployment("bedrock")) is providers.of(deployment("vertex_ai"))


async def test_the_gateways_own_providers_come_first() -> None:
    own = Simulated()
    assert Providers(answer({}), own={"openai": own}).of(deployment("openai")) is own


async def test_a_call_reaches_the_right_one_and_closing_closes_all() -> None:
    http = answer({"id": "x"})
    providers = Providers(http)
    for name in ("openai", "azure", "anthropic", "simulated", "bedrock"):
        providers.of(deployment(name))
    assert await read_json(await providers.send(request(), deployment())) == {"id": "x"}
    await providers.close()
    assert http.closed


def test_the_direct_ones_need_no_litellm() -> None:
    assert {"openai", "azure", "anthropic", "simulated", "ollama"} <= direct_providers()
