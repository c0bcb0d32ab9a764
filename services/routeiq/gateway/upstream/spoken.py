"""Which endpoints a provider serves. Knows no provider: who asks loads none of their libraries."""

from __future__ import annotations

from collections.abc import Mapping

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.openai_compatible import KINDS, PLAIN

_SPOKEN: Mapping[str, frozenset[Endpoint]] = {
    **{name: kind.endpoints for name, kind in KINDS.items()},
    "azure": PLAIN | {Endpoint.RESPONSES},
    "anthropic": frozenset({Endpoint.CHAT, Endpoint.MESSAGES}),
    "simulated": PLAIN,
    "routeiq": frozenset({Endpoint.EMBEDDINGS}),
}


def speaks(provider: str, endpoint: Endpoint) -> bool:
    """Whether a provider serves an endpoint, itself or by translation. litellm serves what OpenAI does."""
    return endpoint in _SPOKEN.get(provider, PLAIN)
