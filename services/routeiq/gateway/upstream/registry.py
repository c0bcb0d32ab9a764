"""Which provider serves a deployment: one table by `deployment.provider`; what is not in it goes to litellm.

Providers are made at their first use and share one HTTP client. Importing this loads no provider's library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from routeiq.config.state import Deployment
from routeiq.gateway.upstream.anthropic import Anthropic
from routeiq.gateway.upstream.azure import Azure
from routeiq.gateway.upstream.http import Authorize, HTTPClient
from routeiq.gateway.upstream.litellm_provider import LiteLLM
from routeiq.gateway.upstream.openai_compatible import KINDS, OpenAICompatible
from routeiq.gateway.upstream.provider import Provider, UpstreamResponse
from routeiq.gateway.upstream.requests import UpstreamRequest
from routeiq.gateway.upstream.simulated import Simulated

_FALLBACK = "litellm"


class Providers:
    """All providers of a gateway; itself one, which passes a call to the right one. Owns `http` and closes it.

    Args: own: the gateway's own providers by name; they are asked first.  authorize: checks addresses that a library
    calls by itself.
    """

    def __init__(
        self, http: HTTPClient, own: Mapping[str, Provider] | None = None, authorize: Authorize | None = None
    ) -> None:
        self._http = http
        self._makers: Mapping[str, Callable[[], Provider]] = {
            **{name: partial(OpenAICompatible, http, kind) for name, kind in KINDS.items()},
            "azure": partial(Azure, http),
            "anthropic": partial(Anthropic, http),
            "simulated": Simulated,
            _FALLBACK: partial(LiteLLM, authorize=authorize),
        }
        self._made: dict[str, Provider] = dict(own or {})

    def of(self, deployment: Deployment) -> Provider:
        """The provider that serves `deployment`."""
        provider = self._made.get(deployment.provider)
        if provider is None:
            provider = self._made[deployment.provider] = self._make(deployment.provider)
        return provider

    async def send(self, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
        """As `Provider.send` of the right one."""
        return await self.of(deployment).send(request, deployment)

    async def close(self) -> None:
        """Closes the providers made so far, then the HTTP client."""
        made, self._made = self._made, {}
        for provider in made.values():
            await provider.close()
        await self._http.close()

    def _make(self, name: str) -> Provider:
        """Providers behind litellm share one: it is one SDK with one HTTP client."""
        if name in self._makers:
            return self._makers[name]()
        if _FALLBACK not in self._made:
            self._made[_FALLBACK] = self._makers[_FALLBACK]()
        return self._made[_FALLBACK]


def direct_providers() -> frozenset[str]:
    """Names that need no litellm."""
    return frozenset(KINDS) | {"azure", "anthropic", "simulated"}
