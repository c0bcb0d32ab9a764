"""Anthropic's Messages API for callers who speak it: bytes through, with `model` and the credential replaced."""

from __future__ import annotations

import msgspec

from routeiq.config.provider_addresses import ANTHROPIC_VERSION, anthropic_base
from routeiq.config.state import Deployment
from routeiq.gateway.dialects.openai_anthropic.errors import message_of
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.provider import UpstreamResponse
from routeiq.gateway.upstream.refusals import CREDENTIAL_REFUSED, cleaned, json_headers
from routeiq.gateway.upstream.request_body import Sent
from routeiq.gateway.upstream.requests import HTTPRequest, UpstreamRequest
from routeiq.gateway.upstream.responses import WholeResponse, refuse_unusable
from routeiq.kit.error_bodies import anthropic_error

VERSION = {"anthropic-version": ANTHROPIC_VERSION}
"""Of requests that name none."""


class Messages:
    """Calls of `/v1/messages`."""

    def __init__(self, http: HTTPClient) -> None:
        self._http = http
        self._sent = PerDeployment(lambda one: Sent(one, one.model, VERSION | credentials(one)))
        self._versioned = PerDeployment(lambda one: Sent(one, one.model, credentials(one)))

    async def send(self, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
        """A refusal keeps Anthropic's shape, or gets it. Raises: UpstreamFailed."""
        sent = (self._versioned if _names_version(request) else self._sent).of(deployment)
        body = msgspec.json.encode(sent.body(request) | sent.extra)
        url, label, client = messages_url(deployment), deployment.group, deployment.http_client
        call = HTTPRequest(
            url, sent.headers(request), body, label, request.timeout_s, client, request.fresh, deployment.origin,
            request.request_id,
        )  # fmt: skip
        response = await self._http.send(call)
        if response.status >= 400:
            return await _refuse(response, deployment)
        await refuse_unusable(response, stream=request.stream, label=label)
        return response


def messages_url(deployment: Deployment) -> str:
    """Of an `api_base` with or without `/v1` or `/v1/messages`."""
    return f"{anthropic_base(deployment.api_base)}/messages"


def credentials(deployment: Deployment) -> dict[str, str]:
    """The header of the deployment's key."""
    return {"x-api-key": deployment.api_key} if deployment.api_key else {}


def _names_version(request: UpstreamRequest) -> bool:
    return any(name == "anthropic-version" for name, _ in request.headers)


async def _refuse(response: UpstreamResponse, deployment: Deployment) -> WholeResponse:
    body = await response.read()
    if response.status == 401:
        text = anthropic_error(401, CREDENTIAL_REFUSED.format(deployment.group))
    elif (message := message_of(body)) is not None:
        text = cleaned(body, deployment, anthropic_error(response.status, message))
    else:
        text = anthropic_error(response.status, f"The provider of `{deployment.group}` answered {response.status}.")
    return WholeResponse(response.status, text, json_headers(response.headers))
