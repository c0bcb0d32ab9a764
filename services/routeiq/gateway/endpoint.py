"""The operations that providers serve, by the path that their clients call."""

from __future__ import annotations

from enum import StrEnum

from routeiq.kit.error_bodies import Family


class Endpoint(StrEnum):
    """One of them."""

    CHAT = "chat/completions"
    COMPLETIONS = "completions"
    EMBEDDINGS = "embeddings"
    RESPONSES = "responses"
    MESSAGES = "messages"
    """Anthropic's; its errors have Anthropic's shape."""

    @property
    def native(self) -> bool:
        """Relayed only to deployments that speak this dialect themselves."""
        return self in _NATIVE

    @property
    def errors(self) -> Family:
        """The shape of its error bodies."""
        return Family.ANTHROPIC if self is Endpoint.MESSAGES else Family.OPENAI


_NATIVE = frozenset({Endpoint.RESPONSES, Endpoint.MESSAGES})
