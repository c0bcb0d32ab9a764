"""One call in OpenAI's dialect, for whoever knows the URL: the body, the checks on what comes back, and the same
without waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, cast

import msgspec

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.openai_answer import wants_usage
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.plan import Endpoint
from routeiq.gateway.upstream.beginning import Beginning, begins_at_once
from routeiq.gateway.upstream.http import HTTPClient, HTTPRequest, PromptClient
from routeiq.gateway.upstream.http_exchange import Exchange, SinkFailed
from routeiq.gateway.upstream.http_response import broken_off
from routeiq.gateway.upstream.provider import UpstreamRequest, UpstreamResponse
from routeiq.gateway.upstream.refusals import first_event_refusal, refuse
from routeiq.gateway.upstream.request_body import Body, Sent, raw
from routeiq.gateway.upstream.responses import refuse_unusable, streams_events
from routeiq.kit.json_errors import UNREADABLE

USAGE_ON_DEMAND = frozenset({Endpoint.CHAT, Endpoint.COMPLETIONS})
"""Where a stream reports usage only if `stream_options` asks for it. The gateway always asks, for its own count."""

_encode = msgspec.json.Encoder().encode
_options = msgspec.json.Decoder(Body | None)
_ASK = msgspec.Raw(b'{"include_usage":true}')


def http_request(
    url: str, sent: Sent, request: UpstreamRequest, deployment: Deployment, *, ask_usage: bool
) -> HTTPRequest:
    """Args: ask_usage: False: the upstream refuses `stream_options`."""
    body = sent.body(request)
    if ask_usage and request.stream:
        ask_for_usage(request, body)
    if sent.extra:
        body |= sent.extra
    headers, label, client = sent.headers(request), deployment.group, deployment.http_client
    return HTTPRequest(
        url, headers, _encode(body), label, request.timeout_s, client, request.fresh, deployment.origin,
        request.request_id,
    )  # fmt: skip


async def checked(response: UpstreamResponse, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
    """Refusals in OpenAI's shape. Raises: UpstreamFailed: it cannot begin an answer."""
    if response.status >= 400:
        return await refuse(response, deployment)
    await refuse_unusable(response, stream=request.stream, label=deployment.group)
    return response


class PromptCall(msgspec.Struct, eq=False):
    """A call that is under way, for who is called back by its exchange: once for a whole answer, early for a stream."""

    http: PromptClient
    exchange: Exchange
    sent: HTTPRequest
    request: UpstreamRequest
    deployment: Deployment
    beginning: Beginning | None = None
    looked_at: int = 0

    def body(self) -> bytes | None:
        """The whole body of an answer that needs no second look; None: `response` has it, or says what is wrong."""
        exchange = self.exchange
        head = exchange.head
        if not exchange.complete or exchange.error is not None or head is None or exchange.status != 200:
            return None
        return None if head.encoding else exchange.take()

    def came(self) -> bytes:
        """Of an answer that was not taken yet, what is here, if it can be read."""
        exchange = self.exchange
        head = exchange.head
        return b"" if head is None or head.encoding or exchange.status != 200 else b"".join(exchange.parts)

    def begun(self) -> bool | None:
        """Whether a stream that needs no second look has begun; its first bytes stay where they are. None: `response`
        has it, or says what is wrong."""
        exchange = self.exchange
        head = exchange.head
        if head is None:
            return False if exchange.error is None else None
        if exchange.status != 200 or head.encoding or not streams_events(head):
            return None
        if self._says_enough(exchange.parts):
            return True if self.beginning is None or self._refusal(self.beginning) is None else None
        return None if exchange.complete or exchange.error is not None else False

    def _says_enough(self, parts: list[bytes]) -> bool:
        beginning = self.beginning
        if beginning is None:
            if not parts or begins_at_once(parts[0]):
                return bool(parts)
            beginning = self.beginning = Beginning()
        new, self.looked_at = parts[self.looked_at :], len(parts)
        return any(beginning.add(part) for part in new)

    def _refusal(self, beginning: Beginning) -> tuple[int, bytes] | None:
        return first_event_refusal(beginning.held, self.deployment)

    def failure(self) -> Exception | None:
        """Why a stream ended before its end."""
        error = self.exchange.error
        if isinstance(error, SinkFailed):
            return error.error
        return None if error is None else broken_off(self.deployment.group, error)

    @property
    def stale(self) -> bool:
        """It met a connection whose other end had gone: the request may be sent again."""
        error = self.exchange.error
        return error is not None and not self.exchange.answered and not isinstance(error, TimeoutError)

    async def response(self) -> UpstreamResponse:
        """As `Provider.send`. Raises: as it does."""
        return await checked(self.http.response(self.exchange, self.sent), self.request, self.deployment)


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


def ask_for_usage(request: UpstreamRequest, body: Body) -> None:
    """Make a stream report its usage. An operator's `extra_body: {stream_options: null}` takes it back."""
    if not request.stream or request.endpoint not in USAGE_ON_DEMAND or wants_usage(body):
        return
    options = body.get("stream_options")
    try:
        asked = _options.decode(options) or {} if options is not None else {}
    except UNREADABLE:
        return  # the upstream will say what is wrong with it
    body["stream_options"] = raw({**asked, "include_usage": True}) if asked else _ASK
