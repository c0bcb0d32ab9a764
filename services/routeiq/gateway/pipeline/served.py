"""What one call comes to: an upstream's answer, or ours where there is none, and what it says."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from math import ceil

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.stream_tokens import begun_tokens
from routeiq.gateway.dialects.usage import NotAnAnswer, read_usage
from routeiq.gateway.pipeline.failures import Kind, classify, kind_of
from routeiq.gateway.pipeline.tally import Tally
from routeiq.gateway.plan import Plan, Usage
from routeiq.gateway.upstream.beginning import Beginning
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamResponse
from routeiq.gateway.upstream.refusals import first_event_refusal
from routeiq.gateway.upstream.relay import Begun
from routeiq.gateway.upstream.responses import JSON_HEADERS
from routeiq.kit.error_bodies import error_body
from routeiq.kit.errors import RouteIQError


class DeploymentBusy(UpstreamFailed):
    """Every deployment that could serve has its `max_parallel_requests`."""

    status = 429
    type = "rate_limit_error"
    code = "max_parallel_requests"


class OverQuota(UpstreamFailed):
    """The provider has had all the requests or tokens of this minute. Another one may serve; nobody waits."""

    status = 429
    type = "rate_limit_error"
    code = "provider_rate_limited"


class Served:
    """An answer and who gave it. `body` is whole for a unary call and for a refusal, None for a stream."""

    __slots__ = ("body", "deployment", "error", "fallback", "headers", "response", "status", "stream", "usage")

    def __init__(
        self,
        deployment: Deployment,
        status: int,
        headers: Mapping[str, str],
        body: bytes | None,
        stream: Begun | None = None,
        response: UpstreamResponse | None = None,
        error: str = "",
        usage: Usage | None = None,
    ) -> None:
        self.deployment, self.status, self.headers, self.body = deployment, status, headers, body
        self.stream, self.response = stream, response
        self.error = error
        """The code of an error of ours: there was no answer, and `body` says so."""
        self.fallback = ""
        """Why it is another group's answer, or another model's."""
        self.usage = usage
        """Of a whole answer; a stream reports it on the way."""


def verdict(served: Served) -> tuple[Kind, str]:
    """What is to be done about a failure, and the word for it."""
    if served.error == OverQuota.code:
        return Kind.MOVE_ON, served.error
    if served.error:
        return kind_of(served.status), served.error
    return classify(served.status, served.body or b"")


def busy(deployment: Deployment) -> DeploymentBusy:
    return DeploymentBusy(f"The model `{deployment.group}` has all the parallel requests that it may have.")


def over_quota(deployment: Deployment) -> OverQuota:
    return OverQuota(f"The provider of `{deployment.group}` has had all that it may have in this minute.")


def refused(plan: Plan, deployment: Deployment, error: RouteIQError, wait_s: float = 0.0) -> Served:
    """An error of ours as an answer in the shape of the endpoint. Args: wait_s: when to come again; 0: nobody knows."""
    body = error_body(plan.endpoint.errors, error, plan.request_id)
    headers = {**JSON_HEADERS, "retry-after": str(ceil(wait_s))} if wait_s else JSON_HEADERS
    return Served(deployment, error.status, headers, body, error=error.code)


async def begun(response: UpstreamResponse, deployment: Deployment) -> Served:
    """Wait for what decides whether a stream counts: its first data."""
    chunks = aiter(response.chunks())
    first = await _first(chunks, deployment)
    refusal = first_event_refusal(first, deployment)
    if refusal is not None:
        await response.close()
        return Served(deployment, refusal[0], JSON_HEADERS, refusal[1])
    return Served(deployment, response.status, response.headers, None, Begun(first, chunks, response), response)


async def _first(chunks: AsyncIterator[bytes], deployment: Deployment) -> bytes:
    """All that has come until the first event says what it is. Raises: UpstreamFailed: there was none."""
    beginning = Beginning()
    async for chunk in chunks:
        if beginning.add(chunk):
            return bytes(beginning.held)
    if not beginning.has_data:
        raise UpstreamFailed(f"The model `{deployment.group}` ended its stream before the first event.")
    return bytes(beginning.held)


def usage_of(body: bytes, deployment: Deployment) -> Usage | None:
    """Of a whole answer. Raises: UpstreamFailed: it is none."""
    try:
        return read_usage(body)
    except NotAnAnswer:
        raise UpstreamFailed(f"The answer of `{deployment.group}` is not a JSON object.") from None


def tell_cut(tally: Tally, body: bytes) -> None:
    """Of a whole answer that nobody waits for any more, what the upstream had sent."""
    try:
        usage = read_usage(body)
    except NotAnAnswer:
        tally.relaying(0, begun_tokens(body))
    else:
        if usage is not None:
            tally.reported(usage)
