"""What is asked of a provider, and what that asks of an HTTP client. Neither changes once it is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from routeiq.gateway.endpoint import Endpoint
from routeiq.kit.outbound import Origin

REQUEST_ID: Final = "x-request-id"
_DOCUMENT: Final = Origin.DOCUMENT


class UpstreamRequest:
    """One call. `body` is the caller's, parsed one level deep; the provider replaces `model`."""

    __slots__ = ("body", "endpoint", "fresh", "headers", "request_id", "stream", "timeout_s")

    def __init__(
        self,
        endpoint: Endpoint,
        body: Mapping[str, msgspec.Raw],
        stream: bool,
        headers: tuple[tuple[str, str], ...],
        timeout_s: float,
        request_id: str,
        fresh: bool = False,
    ) -> None:
        self.endpoint, self.body, self.stream = endpoint, body, stream
        self.headers = headers
        """Those of the caller's headers that may go upstream; never a credential."""
        self.timeout_s = timeout_s
        """How long the provider may take until the status line; between two reads the same bound holds."""
        self.request_id = request_id
        self.fresh = fresh
        """True: over a connection that carried nothing before, because one that had did not last."""


class HTTPRequest:
    """One POST of JSON. `label` stands for the upstream in error texts, which never contain `url`."""

    __slots__ = ("body", "client", "fresh", "headers", "label", "origin", "request_id", "timeout_s", "url")

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        label: str,
        timeout_s: float,
        client: str = "",
        fresh: bool = False,
        origin: Origin = _DOCUMENT,
        request_id: str = "",
    ) -> None:
        self.url, self.headers, self.body, self.label = url, headers, body, label
        self.timeout_s = timeout_s
        """Bound on the wait for the response's head, connecting included, and on each wait for more of its body."""
        self.client = client
        """The deployment's choice, where there are several clients; one of `HTTPClientKind`, or nothing."""
        self.fresh = fresh
        """True: over a new connection."""
        self.origin = origin
        """On whose word `url` is called."""
        self.request_id = request_id
        """Sent as REQUEST_ID, so that the upstream's log and ours can be laid side by side; not if `headers` have
        one."""

    def named(self) -> Mapping[str, str]:
        """All headers, `request_id` among them."""
        if not self.request_id or REQUEST_ID in self.headers:
            return self.headers
        return {**self.headers, REQUEST_ID: self.request_id}
