"""A call in OpenAI's dialect that nobody waits for, and the checks on what comes back."""

from __future__ import annotations

from routeiq.config.state import Deployment
from routeiq.gateway.upstream.beginning import Beginning, begins_at_once
from routeiq.gateway.upstream.http import PromptClient
from routeiq.gateway.upstream.http_exchange import Exchange, SinkFailed
from routeiq.gateway.upstream.http_response import broken_off
from routeiq.gateway.upstream.provider import UpstreamResponse
from routeiq.gateway.upstream.refusals import first_event_refusal, refuse
from routeiq.gateway.upstream.requests import HTTPRequest, UpstreamRequest
from routeiq.gateway.upstream.responses import refuse_unusable, streams_events


async def checked(response: UpstreamResponse, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
    """Refusals in OpenAI's shape. Raises: UpstreamFailed: it cannot begin an answer."""
    if response.status >= 400:
        return await refuse(response, deployment)
    await refuse_unusable(response, stream=request.stream, label=deployment.group)
    return response


class PromptCall:
    """A call that is under way, for who is called back by its exchange: once for a whole answer, early for a stream."""

    __slots__ = ("_beginning", "_deployment", "_http", "_looked_at", "_request", "_sent", "exchange")

    def __init__(
        self,
        http: PromptClient,
        exchange: Exchange,
        sent: HTTPRequest,
        request: UpstreamRequest,
        deployment: Deployment,
    ) -> None:
        self._http, self.exchange, self._sent = http, exchange, sent
        self._request, self._deployment = request, deployment
        self._beginning: Beginning | None = None
        self._looked_at = 0

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
            return True if self._beginning is None or self._refusal(self._beginning) is None else None
        return None if exchange.complete or exchange.error is not None else False

    def _says_enough(self, parts: list[bytes]) -> bool:
        beginning = self._beginning
        if beginning is None:
            if not parts or begins_at_once(parts[0]):
                return bool(parts)
            beginning = self._beginning = Beginning()
        new, self._looked_at = parts[self._looked_at :], len(parts)
        return any(beginning.add(part) for part in new)

    def _refusal(self, beginning: Beginning) -> tuple[int, bytes] | None:
        return first_event_refusal(beginning.held, self._deployment)

    def failure(self) -> Exception | None:
        """Why a stream ended before its end."""
        error = self.exchange.error
        if isinstance(error, SinkFailed):
            return error.error
        return None if error is None else broken_off(self._deployment.group, error)

    @property
    def stale(self) -> bool:
        """It met a connection whose other end had gone: the request may be sent again."""
        error = self.exchange.error
        return error is not None and not self.exchange.answered and not isinstance(error, TimeoutError)

    async def response(self) -> UpstreamResponse:
        """As `Provider.send`. Raises: as it does."""
        return await checked(self._http.response(self.exchange, self._sent), self._request, self._deployment)
