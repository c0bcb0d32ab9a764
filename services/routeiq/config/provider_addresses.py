"""Where providers are that need no address, and how one is completed: for the gateway and for control."""

from __future__ import annotations

from collections.abc import Mapping

ADDRESSES: Mapping[str, str] = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
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
    "llamafile": "http://127.0.0.1:8080/v1",
    "lm_studio": "http://127.0.0.1:1234/v1",
    "ollama": "http://127.0.0.1:11434",
    "ollama_chat": "http://127.0.0.1:11434",
}
"""By the provider names of LiteLLM's documents. Source: each provider's page on its API. They agree with LiteLLM
1.106.2's but for deepseek (there the beta API) and together_ai (there api.together.ai)."""
SUFFIXES: Mapping[str, str] = {"ollama": "/v1", "ollama_chat": "/v1"}
"""Appended to a base that does not end with it."""
ANTHROPIC_VERSION, AZURE_VERSION = "2023-06-01", "2024-10-21"
"""Where nobody says another; Azure's is the last dated stable one."""


def openai_base(kind: str, given: str | None) -> str:
    """Of a provider that speaks OpenAI's dialect, without a slash at its end. Empty: it needs one that is given."""
    base, suffix = (given or ADDRESSES.get(kind, "")).rstrip("/"), SUFFIXES.get(kind, "")
    return base if base.endswith(suffix) or not base else base + suffix


def anthropic_base(given: str | None) -> str:
    """Of an address with or without `/v1` or `/v1/messages`, with `/v1`."""
    base = (given or ADDRESSES["anthropic"]).rstrip("/")
    return base.removesuffix("/messages").removesuffix("/v1") + "/v1"


def azure_base(given: str) -> tuple[str, bool]:
    """Of an endpoint with or without `/openai` or `/openai/v1`, with it. And whether it takes a version."""
    base = given.rstrip("/")
    if base.endswith("/openai/v1"):
        return base, False
    return f"{base.removesuffix('/openai')}/openai", True
