"""The seam between the pipeline and whoever serves a deployment.

A provider answers in the dialect of the request's endpoint, whatever its upstream speaks. It knows
nothing of keys, budgets or routing. An upstream's own refusal (4xx, 5xx) is a response, not an
exception: its body is already in the OpenAI error shape. What raises is the lack of an answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol, runtime_checkable

from routeiq.config.state import Deployment
from routeiq.gateway.upstream.requests import UpstreamRequest
from routeiq.kit.errors import RouteIQError


class UpstreamResponse(Protocol):
    """An answer whose head has arrived. Closing is idempotent; cancelling a read closes the connection."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Lower-case names. Hop-by-hop and encoding headers are already gone."""
        ...

    async def read(self) -> bytes:
        """The whole body, decoded. Raises UpstreamFailed when it ends early."""
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, for streams: SSE bytes in the OpenAI dialect.

        Raises UpstreamFailed when it ends early.
        """
        ...

    async def close(self) -> None: ...


Sink = Callable[[bytes], bool]
"""Takes a piece of a body at once. False: it has it, but wants a pause before the next."""


@runtime_checkable
class PushedResponse(UpstreamResponse, Protocol):
    """A response that can do without its reader between two chunks."""

    @property
    def pushes(self) -> bool:
        """Whether this one can. If not, there is `chunks`."""
        ...

    async def relay_to(self, sink: Sink) -> bool:
        """Hand all that comes to `sink`, as it comes. True: that was all. False: `sink` wants a pause; nothing more is
        read until the next call. Cancelling closes the connection, and so does a sink that raises.

        Raises: as `chunks`; what `sink` raises.
        """
        ...


class Provider(Protocol):
    async def send(self, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
        """Call the deployment. Raises: UpstreamFailed (no answer), InvalidRequest (this provider cannot express it)."""
        ...

    async def close(self) -> None: ...


class UpstreamFailed(RouteIQError):
    """No usable answer: refused, reset, malformed or cut short. The text names the model group, never an address."""

    status, type, code, expose = 502, "upstream_error", "upstream_failed", True


class UpstreamTimeout(UpstreamFailed):
    status, code = 504, "upstream_timeout"
