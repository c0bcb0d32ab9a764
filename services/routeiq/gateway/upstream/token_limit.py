"""Under which of its two names a chat request's limit goes to a deployment: `max_tokens`, `max_completion_tokens`.

Upstreams refuse a request with both; some refuse the one that they do not know, others ignore it and go on without end.
A plan may have deployments of several kinds, so that nobody before the provider can know. Of a request with both, one
goes. One alone is renamed only for who is known to want the other: elsewhere (Azure, whose names of deployments say
nothing of their models; a server behind an `api_base`) the caller's word stands.
Sources: OpenAI's API reference (`max_tokens` is deprecated, reasoning models refuse it); the other providers' own,
which name `max_tokens` only.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

import msgspec

from routeiq.config.provider_addresses import openai_base
from routeiq.config.state import Deployment

OLD: Final = "max_tokens"
NEW: Final = "max_completion_tokens"
LIMITS: Final = frozenset({OLD, NEW})
_NEWER: Final = frozenset({"openai", "azure"})
"""Some of their models refuse the old name."""
_OLD_ONLY: Final = frozenset({
    "deepinfra", "deepseek", "llamafile", "lm_studio", "mistral", "nvidia_nim", "ollama", "ollama_chat", "together_ai",
})  # fmt: skip
_OPENAI: Final = urlsplit(openai_base("openai", None)).hostname


class LimitName:
    """Of one deployment."""

    __slots__ = ("_alone", "_other", "_wanted")

    def __init__(self, deployment: Deployment) -> None:
        kind = deployment.provider
        self._wanted, self._other = (NEW, OLD) if kind in _NEWER else (OLD, NEW)
        self._alone = kind in _OLD_ONLY or (kind == "openai" and _is_openai(deployment.api_base))
        """The other name is also replaced where it stands alone."""

    def settle(self, body: dict[str, msgspec.Raw]) -> None:
        """Leave one name in `body`, the one that is wanted."""
        other = self._other
        if other not in body:
            return
        given = body.get(self._wanted)
        if given is not None and bytes(given) != b"null":
            del body[other]
        elif given is not None or self._alone:
            body[self._wanted] = body.pop(other)


def _is_openai(api_base: str | None) -> bool:
    return not api_base or urlsplit(api_base).hostname == _OPENAI
