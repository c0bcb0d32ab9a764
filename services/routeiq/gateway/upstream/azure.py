"""Azure OpenAI, called directly: OpenAI's bodies under Azure's paths, with its credential headers.

Source: learn.microsoft.com, "Azure OpenAI REST API reference":
`{endpoint}/openai/deployments/{deployment}/{operation}?api-version=`; the newer `{endpoint}/openai/v1/{operation}`
takes the deployment as `model` and needs no version.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from routeiq.config.state import Deployment
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.upstream.http import HTTPClient, HTTPRequest
from routeiq.gateway.upstream.openai_calls import PromptCall, http_request, post, prompt_client
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamRequest, UpstreamResponse
from routeiq.gateway.upstream.request_body import Sent, text_param

API_VERSION = "2024-10-21"
"""The last dated stable version; `api_version` of `litellm_params` replaces it."""


class Azure:
    """Takes `api_base`, `api_key` (or `azure_ad_token`), `api_version`, `extra_headers`, `extra_body`."""

    def __init__(self, http: HTTPClient) -> None:
        self._http = http
        self._prompt = prompt_client(http)
        self._sent = PerDeployment(lambda one: Sent(one, one.model, _credentials(one)))

    async def send(self, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
        """Raises: UpstreamFailed."""
        return await post(self._http, self._request(request, deployment), request, deployment)

    def begin(self, request: UpstreamRequest, deployment: Deployment) -> PromptCall | None:
        """The same without waiting; None: it takes waiting. Raises: UpstreamFailed."""
        if self._prompt is None:
            return None
        sent = self._request(request, deployment)
        exchange = self._prompt.begin(sent)
        return PromptCall(self._prompt, exchange, sent, request, deployment) if exchange is not None else None

    def _request(self, request: UpstreamRequest, deployment: Deployment) -> HTTPRequest:
        return http_request(_url(request, deployment), self._sent.of(deployment), request, deployment, ask_usage=True)

    async def close(self) -> None:
        """The HTTP client belongs to `Providers`."""


def _url(request: UpstreamRequest, deployment: Deployment) -> str:
    base = (deployment.api_base or "").rstrip("/")
    if not base:
        raise UpstreamFailed(f"A deployment of `{deployment.group}` has no `api_base`, which Azure needs.")
    if base.endswith("/openai/v1"):
        return f"{base}/{request.endpoint}"
    query = urlencode({"api-version": text_param(deployment, "api_version") or API_VERSION})
    name = quote(deployment.model, safe="")
    return f"{base.removesuffix('/openai')}/openai/deployments/{name}/{request.endpoint}?{query}"


def _credentials(deployment: Deployment) -> dict[str, str]:
    token = text_param(deployment, "azure_ad_token")
    if token:
        return {"authorization": f"Bearer {token}"}
    return {"api-key": deployment.api_key} if deployment.api_key else {}
