"""Anthropic's Messages API for callers who speak it: bytes through, with `model` and the credential replaced."""

from __future__ import annotations

import msgspec

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.openai_anthropic.errors import openai_error_body
from routeiq.gateway.upstream.http import HTTPClient, HTTPRequest
from routeiq.gateway.upstream.provider import UpstreamRequest, UpstreamResponse
from routeiq.gateway.upstream.refusals import CREDENTIAL_REFUSED, json_headers, scrub
from routeiq.gateway.upstream.request_body import extra_body, request_body, upstream_headers
from routeiq.gateway.upstream.responses import CheckedResponse, WholeResponse, refuse_unusable
from routeiq.kit.error_bodies import anthropic_error

API_VERSION = "2023-06-01"
BASE_URL = "https://api.anthropic.com"


async def relay_messages(http: HTTPClient, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
    """POST `/v1/messages`. A refusal keeps Anthropic's shape, or gets it. Raises: UpstreamFailed."""
    body = request_body(request, deployment, deployment.model) | extra_body(deployment)
    own = {"anthropic-version": API_VERSION} if _unversioned(request) else {}
    headers = upstream_headers(request, deployment, own | credentials(deployment))
    label = deployment.group
    response = await http.send(
        HTTPRequest(
            messages_url(deployment),
            headers,
            msgspec.json.encode(body),
            label,
            request.timeout_s,
            deployment.http_client,
        )
    )
    if response.status >= 400:
        return await _refuse(response, deployment)
    await refuse_unusable(response, stream=request.stream, label=label)
    return response if request.stream else CheckedResponse(response, label)


def messages_url(deployment: Deployment) -> str:
    """Of an `api_base` with or without `/v1` or `/v1/messages`."""
    base = (deployment.api_base or BASE_URL).rstrip("/").removesuffix("/messages").removesuffix("/v1")
    return f"{base}/v1/messages"


def credentials(deployment: Deployment) -> dict[str, str]:
    """The header of the deployment's key."""
    return {"x-api-key": deployment.api_key} if deployment.api_key else {}


def _unversioned(request: UpstreamRequest) -> bool:
    return all(name != "anthropic-version" for name, _ in request.headers)


async def _refuse(response: UpstreamResponse, deployment: Deployment) -> WholeResponse:
    body = await response.read()
    if response.status == 401:
        text = anthropic_error(401, CREDENTIAL_REFUSED.format(deployment.group))
    elif openai_error_body(body) is not None:
        text = scrub(body, deployment)
    else:
        text = anthropic_error(response.status, f"The provider of `{deployment.group}` answered {response.status}.")
    return WholeResponse(response.status, text, json_headers(response.headers))
