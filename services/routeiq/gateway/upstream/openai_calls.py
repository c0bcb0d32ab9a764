"""One call in OpenAI's dialect, for whoever knows the URL, and the same without waiting."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, cast

from routeiq.config.state import Deployment
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.upstream.http import HTTPClient, PromptClient
from routeiq.gateway.upstream.prompt_call import PromptCall, checked
from routeiq.gateway.upstream.provider import UpstreamResponse
from routeiq.gateway.upstream.request_body import Sent, http_request
from routeiq.gateway.upstream.requests import HTTPRequest, UpstreamRequest


class Called(NamedTuple):
    """What the calls of one deployment have in common."""

    urls: Mapping[Endpoint, str]
    sent: Sent


class OpenAIDialect:
    """A provider that is called in OpenAI's dialect."""

    def __init__(self, http: HTTPClient, called: Callable[[Deployment], Called], *, ask_usage: bool = True) -> None:
        """Args: called: asked once for each deployment; raises UpstreamFailed: it lacks something. ask_usage: as
        `http_request` has it.
        """
        self._http = http
        self._called = PerDeployment(called)
        self._ask_usage = ask_usage
        self._prompt = cast(PromptClient, http) if hasattr(http, "begin") else None

    async def send(self, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
        """POST. Raises: UpstreamFailed."""
        return await checked(await self._http.send(self._request(request, deployment)), request, deployment)

    def begin(self, request: UpstreamRequest, deployment: Deployment) -> PromptCall | None:
        """The same without waiting; None: it takes waiting. Raises: UpstreamFailed."""
        if self._prompt is None:
            return None
        sent = self._request(request, deployment)
        exchange = self._prompt.begin(sent)
        return PromptCall(self._prompt, exchange, sent, request, deployment) if exchange is not None else None

    async def close(self) -> None:
        """The HTTP client belongs to `Providers`."""

    def _request(self, request: UpstreamRequest, deployment: Deployment) -> HTTPRequest:
        urls, sent = self._called.of(deployment)
        return http_request(urls[request.endpoint], sent, request, deployment, ask_usage=self._ask_usage)
