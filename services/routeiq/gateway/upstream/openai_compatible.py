"""Providers that speak OpenAI's dialect: bytes through, with `model` and the credential replaced.

A refusal keeps its status and, where it has OpenAI's shape, its body. A unary answer must be a JSON object;
a stream must be an event stream and is not touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from routeiq.config.state import Deployment
from routeiq.gateway.plan import Endpoint
from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.openai_calls import Called, OpenAIDialect
from routeiq.gateway.upstream.provider import UpstreamFailed
from routeiq.gateway.upstream.request_body import Sent, text_param

PLAIN = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS, Endpoint.EMBEDDINGS})


@dataclass(frozen=True, slots=True)
class OpenAIKind:
    """What sets one compatible provider apart. `base_url` None: the deployment must have an `api_base`."""

    base_url: str | None = None
    base_suffix: str = ""
    """Appended to a base that does not end with it."""
    model_prefix: str = ""
    """Put before a model name without a slash."""
    endpoints: frozenset[Endpoint] = PLAIN
    stream_usage: bool = True
    """False: it refuses `stream_options`, and reports usage without being asked."""


_WITH_RESPONSES = PLAIN | {Endpoint.RESPONSES}


KINDS: Mapping[str, OpenAIKind] = {
    "openai": OpenAIKind("https://api.openai.com/v1", endpoints=_WITH_RESPONSES),
    "hosted_vllm": OpenAIKind(endpoints=_WITH_RESPONSES),
    "vllm": OpenAIKind(endpoints=_WITH_RESPONSES),
    "openai_like": OpenAIKind(),
    "custom_openai": OpenAIKind(),
    "litellm_proxy": OpenAIKind(endpoints=_WITH_RESPONSES | {Endpoint.MESSAGES}),
    "llamafile": OpenAIKind("http://127.0.0.1:8080/v1"),
    "lm_studio": OpenAIKind("http://127.0.0.1:1234/v1", endpoints=_WITH_RESPONSES),
    "ollama": OpenAIKind("http://127.0.0.1:11434", base_suffix="/v1", endpoints=_WITH_RESPONSES),
    "ollama_chat": OpenAIKind("http://127.0.0.1:11434", base_suffix="/v1", endpoints=_WITH_RESPONSES),
    "cerebras": OpenAIKind("https://api.cerebras.ai/v1"),
    "deepinfra": OpenAIKind("https://api.deepinfra.com/v1/openai"),
    "deepseek": OpenAIKind("https://api.deepseek.com/v1"),
    "fireworks_ai": OpenAIKind("https://api.fireworks.ai/inference/v1", model_prefix="accounts/fireworks/models/"),
    "groq": OpenAIKind("https://api.groq.com/openai/v1", endpoints=_WITH_RESPONSES),
    "mistral": OpenAIKind("https://api.mistral.ai/v1", stream_usage=False),
    "nvidia_nim": OpenAIKind("https://integrate.api.nvidia.com/v1"),
    "openrouter": OpenAIKind("https://openrouter.ai/api/v1", endpoints=_WITH_RESPONSES),
    "sambanova": OpenAIKind("https://api.sambanova.ai/v1"),
    "together_ai": OpenAIKind("https://api.together.xyz/v1"),
    "xai": OpenAIKind("https://api.x.ai/v1", endpoints=_WITH_RESPONSES),
}
"""By the provider names of LiteLLM's documents. Source: each provider's page on its OpenAI-compatible API. They agree
with LiteLLM 1.106.2's addresses but for deepseek (there the beta API) and together_ai (there api.together.ai)."""


class OpenAICompatible(OpenAIDialect):
    """One provider kind. Takes `api_base`, `api_key`, and from `litellm_params` `organization`, `project`,
    `extra_headers`, `extra_body` and request defaults.
    """

    def __init__(self, http: HTTPClient, kind: OpenAIKind) -> None:
        super().__init__(http, self._call, ask_usage=kind.stream_usage)
        self._kind = kind

    def _call(self, deployment: Deployment) -> Called:
        base, prefix = self._base(deployment), "" if "/" in deployment.model else self._kind.model_prefix
        urls = {endpoint: f"{base}/{endpoint}" for endpoint in Endpoint}
        return Called(urls, Sent(deployment, prefix + deployment.model, _credentials(deployment)))

    def _base(self, deployment: Deployment) -> str:
        base = (deployment.api_base or self._kind.base_url or "").rstrip("/")
        if not base:
            raise UpstreamFailed(f"A deployment of `{deployment.group}` has no `api_base`, which its provider needs.")
        suffix = self._kind.base_suffix
        return base if base.endswith(suffix) else base + suffix


def _credentials(deployment: Deployment) -> dict[str, str]:
    headers: dict[str, str] = {}
    if deployment.api_key:
        headers["authorization"] = f"Bearer {deployment.api_key}"
    for param in ("organization", "project"):
        value = text_param(deployment, param)
        if value:
            headers[f"openai-{param}"] = value
    return headers
