"""Azure OpenAI, called directly: OpenAI's bodies under Azure's paths, with its credential headers.

Source: learn.microsoft.com, "Azure OpenAI REST API reference":
`{endpoint}/openai/deployments/{deployment}/{operation}?api-version=`; the newer `{endpoint}/openai/v1/{operation}`
takes the deployment as `model` and needs no version.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from routeiq.config.provider_addresses import AZURE_VERSION, azure_base
from routeiq.config.state import Deployment
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.openai_calls import Called, OpenAIDialect
from routeiq.gateway.upstream.provider import UpstreamFailed
from routeiq.gateway.upstream.request_body import Sent, text_param


class Azure(OpenAIDialect):
    """Takes `api_base`, `api_key` (or `azure_ad_token`), `api_version`, `extra_headers`, `extra_body`."""

    def __init__(self, http: HTTPClient) -> None:
        super().__init__(http, _called)


def _called(deployment: Deployment) -> Called:
    if not deployment.api_base:
        raise UpstreamFailed(f"A deployment of `{deployment.group}` has no `api_base`, which Azure needs.")
    base, versioned = azure_base(deployment.api_base)
    query = ""
    if versioned:
        query = "?" + urlencode({"api-version": text_param(deployment, "api_version") or AZURE_VERSION})
        base = f"{base}/deployments/{quote(deployment.model, safe='')}"
    urls = {endpoint: f"{base}/{endpoint}{query}" for endpoint in Endpoint}
    return Called(urls, Sent(deployment, deployment.model, _credentials(deployment)))


def _credentials(deployment: Deployment) -> dict[str, str]:
    token = text_param(deployment, "azure_ad_token")
    if token:
        return {"authorization": f"Bearer {token}"}
    return {"api-key": deployment.api_key} if deployment.api_key else {}
