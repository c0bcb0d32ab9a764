"""Each call under the rules for who said its address: the document's may be private, what was added by API may not.

The clients share nothing. A connection that was opened on the document's word must carry no call that could not have
opened it.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

from routeiq.gateway.upstream.http_choice import HTTPChoice
from routeiq.gateway.upstream.http_exchange import Exchange
from routeiq.gateway.upstream.provider import UpstreamResponse
from routeiq.gateway.upstream.requests import HTTPRequest
from routeiq.kit.outbound import Origin


class HTTPByOrigin:
    """A `PromptClient` of one for each origin. Owns them and closes them."""

    def __init__(self, clients: Mapping[Origin, HTTPChoice]) -> None:
        self._clients = clients

    def send(self, request: HTTPRequest) -> Coroutine[Any, Any, UpstreamResponse]:
        """As `HTTPClient.send`."""
        return self._clients[request.origin].send(request)

    def begin(self, request: HTTPRequest) -> Exchange | None:
        """As `PromptClient` has it; so is the next."""
        return self._clients[request.origin].begin(request)

    def response(self, exchange: Exchange, request: HTTPRequest) -> UpstreamResponse:
        return self._clients[request.origin].response(exchange, request)

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()
