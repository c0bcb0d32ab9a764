"""Where a provider lists its models: one small call that shows whether its address and its key are right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from routeiq.config.provider_entries import kind_of

ANTHROPIC_VERSION, AZURE_VERSION = "2023-06-01", "2024-10-21"
PUBLIC: Mapping[str, str] = {
    "openai": "https://api.openai.com/v1",
    "cerebras": "https://api.cerebras.ai/v1",
    "deepinfra": "https://api.deepinfra.com/v1/openai",
    "deepseek": "https://api.deepseek.com/v1",
    "fireworks_ai": "https://api.fireworks.ai/inference/v1",
    "groq": "https://api.groq.com/openai/v1",
    "mistral": "https://api.mistral.ai/v1",
    "nvidia_nim": "https://integrate.api.nvidia.com/v1",
    "openrouter": "https://openrouter.ai/api/v1",
    "sambanova": "https://api.sambanova.ai/v1",
    "together_ai": "https://api.together.xyz/v1",
    "xai": "https://api.x.ai/v1",
    "anthropic": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com",
}
"""As the gateway has them."""
_OLLAMA = frozenset({"ollama", "ollama_chat"})


@dataclass(frozen=True, slots=True)
class Call:
    """A GET."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def models_call(name: str, base_url: str | None, key: str | None) -> Call | None:
    """None: nobody here knows how to ask that provider. Args: name: the provider's own."""
    kind = kind_of(name)
    base = (base_url or PUBLIC.get(kind, "")).rstrip("/")
    if not base:
        return None
    if kind == "anthropic":
        headers = {"anthropic-version": ANTHROPIC_VERSION} | ({"x-api-key": key} if key else {})
        return Call(f"{base.removesuffix('/v1')}/v1/models?limit=1", headers)
    if kind == "azure":
        return Call(
            f"{base.partition('/openai')[0]}/openai/models?api-version={AZURE_VERSION}", {"api-key": key} if key else {}
        )
    if kind == "gemini" and base == PUBLIC[kind]:
        return Call(f"{base}/v1beta/models?pageSize=1", {"x-goog-api-key": key} if key else {})
    suffix = "/v1" if kind in _OLLAMA and not base.endswith("/v1") else ""
    return Call(f"{base}{suffix}/models", {"authorization": f"Bearer {key}"} if key else {})
