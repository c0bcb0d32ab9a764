"""Which provider names mean something: our own, and those that the installed litellm lists in its data files.

litellm itself is never imported. Without it nothing is known of its providers, and no name is doubted."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from routeiq.config.nearest import did_you_mean
from routeiq.config.prices import price_file
from routeiq.config.words import words

FILE = "provider_endpoints_support_backup.json"
OWN = words(
    """
    simulated routeiq openai azure anthropic hosted_vllm vllm openai_like custom_openai litellm_proxy llamafile
    lm_studio ollama ollama_chat cerebras deepinfra deepseek fireworks_ai groq mistral nvidia_nim openrouter sambanova
    together_ai xai
    """
)
"""What the gateway serves itself."""
_UNLISTED = words(
    """
    aiohttp_openai azure_speech charity_engine langflow modelscope nano-gpt nvidia_riva parasail sagemaker_nova
    vertex_ai_beta
    """
)
"""What litellm's code serves and its data files leave out. Source: its LlmProviders, 1.106.2."""


class _Endpoints(msgspec.Struct):
    providers: dict[str, msgspec.Raw]


class _Priced(msgspec.Struct):
    litellm_provider: str | None = None


def unknown_provider(provider: str, prices: Path | None = None) -> str | None:
    """What to say of a name that means nothing, with the nearest that does; None for a known one.

    Args: prices: litellm's price file, beside which its other lists lie; by default the installed one's."""
    path = None if provider in OWN else prices or price_file()
    listed = _listed(path) if path else None
    if not listed or provider in listed:
        return None
    return f"unknown provider {provider[:80]!a}{did_you_mean(provider, listed)}"


def known_providers(prices: Path | None = None) -> frozenset[str]:
    """All names that mean something, our own among them."""
    path = prices or price_file()
    return OWN | (_listed(path) if path else frozenset())


@cache
def _listed(prices: Path) -> frozenset[str]:
    """All known names; none where either of litellm's files cannot be read."""
    try:
        named = msgspec.json.decode((prices.parent / FILE).read_bytes(), type=_Endpoints).providers
        priced = msgspec.json.decode(prices.read_bytes(), type=dict[str, _Priced])
    except (OSError, msgspec.MsgspecError):
        return frozenset()
    owners = {one.litellm_provider for one in priced.values() if one.litellm_provider}
    names = {name for name in owners if " " not in name} | {name.partition("/")[0] for name in named}
    return OWN | _UNLISTED | names
