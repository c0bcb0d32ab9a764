"""Where LiteLLM looks for a provider's key and address when the document gives none.

A key from the environment goes only to the provider's own address or to one from the environment, never to an
`api_base` of the document: an entry for a local server must not carry the key of the public one.
"""

from __future__ import annotations

from collections.abc import Mapping

from routeiq.config.words import words

KEY_NAMES: Mapping[str, tuple[str, ...]] = {
    "fireworks_ai": ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"),
    "together_ai": ("TOGETHERAI_API_KEY", "TOGETHER_API_KEY", "TOGETHER_AI_API_KEY"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "anthropic": ("ANTHROPIC_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "text-completion-openai": ("OPENAI_API_KEY",),
    "azure_text": ("AZURE_API_KEY",),
    "ollama": (),
    "ollama_chat": (),
}
"""For other providers it is `<PROVIDER>_API_KEY`."""
BASE_NAMES: Mapping[str, tuple[str, ...]] = {
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "anthropic": ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE"),
    "azure": ("AZURE_API_BASE",),
    "ollama": ("OLLAMA_API_BASE",),
    "ollama_chat": ("OLLAMA_API_BASE",),
}
KEYLESS = words(
    """
    simulated routeiq ollama ollama_chat vllm hosted_vllm lm_studio llamafile openai_like custom_openai
    litellm_proxy  bedrock bedrock_converse sagemaker vertex_ai azure azure_ai watsonx xinference triton
    """
)
"""Providers that need no key, or whose credentials have another form."""


_AMBIENT: Mapping[str, tuple[str, ...]] = {
    "bedrock": ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_BEARER_TOKEN_BEDROCK"),
    "vertex_ai": ("GOOGLE_APPLICATION_CREDENTIALS", "VERTEXAI_PROJECT"),
}
"""By what an environment shows that it has credentials of another form than a key."""


def in_reach(provider: str, environ: Mapping[str, str]) -> bool:
    """Whether the environment has what it takes to call the provider."""
    if any(environ.get(name) for name in _AMBIENT.get(provider, ())):
        return True
    if provider in KEYLESS:
        return find_base(provider, environ) is not None
    return find_key(provider, environ) is not None


def key_names(provider: str) -> tuple[str, ...]:
    """The environment variables that may hold the provider's key, the usual one first."""
    return KEY_NAMES.get(provider, (f"{provider.upper().replace('-', '_')}_API_KEY",))


def find_key(provider: str, environ: Mapping[str, str]) -> str | None:
    return _first(key_names(provider), environ)


def find_base(provider: str, environ: Mapping[str, str]) -> str | None:
    return _first(BASE_NAMES.get(provider, ()), environ)


def _first(names: tuple[str, ...], environ: Mapping[str, str]) -> str | None:
    return next((environ[name] for name in names if environ.get(name)), None)
