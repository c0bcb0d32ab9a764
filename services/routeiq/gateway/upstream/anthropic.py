"""Anthropic's Messages API behind OpenAI's chat dialect: headers, errors and the ends of streams.

The translation itself is `dialects.openai_anthropic`'s; callers who speak Messages get `anthropic_messages`.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

import msgspec

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.openai_answer import wants_usage
from routeiq.gateway.dialects.openai_anthropic.answer import openai_completion
from routeiq.gateway.dialects.openai_anthropic.errors import openai_error_body, openai_status
from routeiq.gateway.dialects.openai_anthropic.request import anthropic_request
from routeiq.gateway.dialects.openai_anthropic.stream import OpenAIStream, StreamBroken
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.upstream.anthropic_messages import VERSION, Messages, credentials, messages_url
from routeiq.gateway.upstream.http import HTTPClient
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamResponse
from routeiq.gateway.upstream.refusals import json_headers, openai_refusal
from routeiq.gateway.upstream.request_body import Body, Sent
from routeiq.gateway.upstream.requests import HTTPRequest, UpstreamRequest
from routeiq.gateway.upstream.responses import StreamedResponse, WholeResponse, refuse_unusable
from routeiq.gateway.upstream.secrets import scrub
from routeiq.kit.errors import InvalidRequest
from routeiq.kit.json_errors import UNREADABLE
from routeiq.kit.sse import SSEEvent, SSEFrameTooLarge, SSEReader


class Anthropic:
    """Takes `api_base` (with or without `/v1` or `/v1/messages`), `api_key`, and from `litellm_params` `max_tokens`,
    `drop_params`, `extra_headers` (such as `anthropic-beta`), `extra_body` (Anthropic's own fields), request defaults.
    """

    def __init__(self, http: HTTPClient, clock: Callable[[], float] = time.time) -> None:
        self._http = http
        self._messages = Messages(http)
        self._sent = PerDeployment(lambda one: Sent(one, one.model, VERSION | credentials(one)))
        self._clock = clock

    async def send(self, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
        """Raises: InvalidRequest: the request cannot be expressed; UpstreamFailed."""
        if request.endpoint is Endpoint.MESSAGES:
            return await self._messages.send(request, deployment)
        if request.endpoint is not Endpoint.CHAT:
            raise InvalidRequest(
                "This model's provider has no such endpoint; it serves chat completions only.", param="model"
            )
        sent = self._sent.of(deployment)
        body = sent.body(request)
        response = await self._http.send(_http_request(request, deployment, sent, body))
        if response.status >= 400:
            return await _refuse(response, deployment)
        await refuse_unusable(response, stream=request.stream, label=deployment.group)
        created = int(self._clock())
        if not request.stream:
            return await _whole(response, deployment, created)
        stream = OpenAIStream(created, include_usage=wants_usage(body))
        return StreamedResponse(_translated(response, stream, deployment), response)

    async def close(self) -> None:
        """The HTTP client belongs to `Providers`."""


def _http_request(request: UpstreamRequest, deployment: Deployment, sent: Sent, body: Body) -> HTTPRequest:
    drop = deployment.params.get("drop_params") is True
    translated = msgspec.json.encode(
        anthropic_request(body, deployment.model, stream=request.stream, drop_unsupported=drop)
    )
    if sent.extra:
        translated = msgspec.json.encode({**msgspec.json.decode(translated, type=Body), **sent.extra})
    url, headers = messages_url(deployment), sent.headers(request)
    label, client = deployment.group, deployment.http_client
    return HTTPRequest(
        url, headers, translated, label, request.timeout_s, client, request.fresh, deployment.origin, request.request_id
    )


async def _refuse(response: UpstreamResponse, deployment: Deployment) -> WholeResponse:
    body = await response.read()
    known = openai_error_body(body) if response.status != 401 else None
    text = scrub(known, deployment) if known is not None else openai_refusal(response.status, body, deployment)
    return WholeResponse(openai_status(response.status), text, json_headers(response.headers))


async def _whole(response: UpstreamResponse, deployment: Deployment, created: int) -> WholeResponse:
    body = await response.read()
    try:
        translated = openai_completion(body, created)
    except UNREADABLE:
        raise UpstreamFailed(f"The answer of `{deployment.group}` is not an Anthropic message.") from None
    return WholeResponse(200, translated, json_headers(response.headers))


async def _translated(
    response: UpstreamResponse, stream: OpenAIStream, deployment: Deployment
) -> AsyncGenerator[bytes, None]:
    """OpenAI's frames. Raises UpstreamFailed: an error event, a malformed event, an end without `message_stop`."""
    try:
        async with aclosing(_events(response)) as events:
            async for event in events:
                frames = stream.translate(event)
                if frames:
                    yield frames
                if stream.done:
                    return
    except (StreamBroken, SSEFrameTooLarge) as broken:
        raise UpstreamFailed(_because(broken, deployment)) from None
    finally:
        await response.close()
    raise UpstreamFailed(f"The stream of `{deployment.group}` ended before its answer was complete.")


async def _events(response: UpstreamResponse) -> AsyncGenerator[SSEEvent, None]:
    reader = SSEReader()
    async for chunk in response.chunks():
        for event in reader.events(chunk):
            yield event
    last = reader.finish()
    if last is not None:
        yield last


def _because(broken: Exception, deployment: Deployment) -> str:
    reason = scrub(str(broken).encode(), deployment).decode()
    return f"The stream of `{deployment.group}` broke off ({reason})."
