"""Providers that speak OpenAI's dialect: bytes through, with `model` and the credential replaced.

A refusal keeps its status and, where it has OpenAI's shape, its body. A unary answer must be a JSON object;
a stream must be an event stream and is not touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from routeiq.config.provider_addresses import openai_base
from routeiq.config.state import Deployment
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.openai_calls import Called, OpenAIDialect
from routeiq.gateway.upstream.provider import UpstreamFailed
from routeiq.gateway.upstream.request_body import Sent, text_param

PLAIN = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS, Endpoint.EMBEDDINGS})


@dataclass(frozen=True, slots=True)
class OpenAIKind:
    """What sets one compatible provider apart, but for its address."""

    model_prefix: str = ""
    """Put before a model name without a slash."""
    endpoints: frozenset[Endpoint] = PLAIN
    stream_usage: bool = True
    """False: it refuses `stream_options`, and reports usage without being asked."""


_WITH_RESPONSES = PLAIN | {Endpoint.RESPONSES}


KINDS: Mapping[str, OpenAIKind] = {
    "openai": OpenAIKind(endpoints=_WITH_RESPONSES),
    "hosted_vllm": OpenAIKind(endpoints=_WITH_RESPONSES),
    "vllm": OpenAIKind(endpoints=_WITH_RESPONSES),
    "openai_like": OpenAIKind(),
    "custom_openai": OpenAIKind(),
    "litellm_proxy": OpenAIKind(endpoints=_WITH_RESPONSES | {Endpoint.MESSAGES}),
    "llamafile": OpenAIKind(),
    "lm_studio": OpenAIKind(endpoints=_WITH_RESPONSES),
    "ollama": OpenAIKind(endpoints=_WITH_RESPONSES),
    "ollama_chat": OpenAIKind(endpoints=_WITH_RESPONSES),
    "cerebras": OpenAIKind(),
    "deepinfra": OpenAIKind(),
    "deepseek": OpenAIKind(),
    "fireworks_ai": OpenAIKind(model_prefix="accounts/fireworks/models/"),
    "groq": OpenAIKind(endpoints=_WITH_RESPONSES),
    "mistral": OpenAIKind(stream_usage=False),
    "nvidia_nim": OpenAIKind(),
    "openrouter": OpenAIKind(endpoints=_WITH_RESPONSES),
    "sambanova": OpenAIKind(),
    "together_ai": OpenAIKind(),
    "xai": OpenAIKind(endpoints=_WITH_RESPONSES),
}
"""By the provider names of LiteLLM's documents. Source: each provider's page on its OpenAI-compatible API."""


class OpenAICompatible(OpenAIDialect):
    """One provider kind. Takes `api_base`, `api_key`, and from `litellm_params` `organization`, `project`,
    `extra_headers`, `extra_body` and request defaults.
    """

    def __init__(self, http: HTTPClient, kind: OpenAIKind) -> None:
        super().__init__(http, self._call, ask_usage=kind.stream_usage)
        self._kind = kind

    def _call(self, deployment: Deployment) -> Called:
        base, prefix = _base(deployment), "" if "/" in deployment.model else self._kind.model_prefix
        urls = {endpoint: f"{base}/{endpoint}" for endpoint in Endpoint}
        return Called(urls, Sent(deployment, prefix + deployment.model, _credentials(deployment)))


def _base(deployment: Deployment) -> str:
    base = openai_base(deployment.provider, deployment.api_base)
    if not base:
        raise UpstreamFailed(f"A deployment of `{deployment.group}` has no `api_base`, which its provider needs.")
    return base


def _credentials(deployment: Deployment) -> dict[str, str]:
    headers: dict[str, str] = {}
    if deployment.api_key:
        headers["authorization"] = f"Bearer {deployment.api_key}"
    for param in ("organization", "project"):
        value = text_param(deployment, param)
        if value:
            headers[f"openai-{param}"] = value
    return headers
