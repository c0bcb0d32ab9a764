"""Execute a plan: call its deployments in order until one answers.

Retried: no answer, 408, 429 and 5xx, with jitter, inside the plan's deadline. Moved on from: 401, 403
and 404, which speak of the deployment and not of the request. Anything else is the caller's own error
and is returned as it is. A stream counts as answered when its first bytes have come; after that nothing
is retried. When all fail, the caller gets the last true answer, never an invented one.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from routeiq.config.state import Deployment
from routeiq.gateway.plan import Plan
from routeiq.gateway.upstream.provider import (
    Provider,
    UpstreamFailed,
    UpstreamRequest,
    UpstreamResponse,
    UpstreamTimeout,
)
from routeiq.gateway.upstream.responses import JSON_HEADERS
from routeiq.kit.error_bodies import error_body

log = structlog.get_logger()

RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
MOVED_ON = frozenset({401, 403, 404})
BACKOFF_S = 0.2
LONGEST_WAIT_S = 5.0

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Served:
    """An answer and who gave it. `body` is whole for a unary call and for a refusal, None for a stream."""

    deployment: Deployment
    attempts: int
    status: int
    headers: Mapping[str, str]
    body: bytes | None
    stream: AsyncIterator[bytes] | None = None
    response: UpstreamResponse | None = None
    error: str = ""
    """The code of an UpstreamFailed: there was no answer, and `body` says so."""

    async def close(self) -> None:
        if self.response is not None:
            await self.response.close()


class Attempts:
    """Calls providers. `sleep` is given by tests."""

    def __init__(self, provider_of: Callable[[Deployment], Provider], *, sleep: Sleep = asyncio.sleep) -> None:
        self._provider_of = provider_of
        self._sleep = sleep

    async def run(self, plan: Plan) -> Served:
        """The first good answer, else the last one. `plan.deployments` is never empty."""
        order = list(plan.deployments)
        for number in range(1, plan.retries + 2):
            deployment = order.pop(0)
            served = await self._try(plan, deployment, number)
            if served.status not in RETRIED | MOVED_ON:
                break
            if served.status in RETRIED:
                order.append(deployment)
            if not order or not await self._wait(plan, served, same=order[0] is deployment, number=number):
                break
        return served

    async def _try(self, plan: Plan, deployment: Deployment, number: int) -> Served:
        """An answer; what raises UpstreamFailed becomes one, so that headers can say who did not answer."""
        try:
            served = await self._call(plan, deployment, number)
        except UpstreamFailed as error:
            served = Served(
                deployment,
                number,
                error.status,
                JSON_HEADERS,
                error_body(plan.endpoint.errors, error, plan.request_id),
                error=error.code,
            )
        if served.status >= 400:
            log.info(
                "upstream.failed", request_id=plan.request_id, model=deployment.group, deployment=deployment.id,
                status=served.status, code=served.error, attempt=number,
            )  # fmt: skip
        return served

    async def _call(self, plan: Plan, deployment: Deployment, number: int) -> Served:
        left = plan.deadline - time.monotonic()
        if left <= 0:
            raise UpstreamTimeout("The request's deadline passed before the model answered.")
        limit = (deployment.stream_timeout_s if plan.stream else None) or deployment.timeout_s or left
        request = UpstreamRequest(
            plan.endpoint, plan.body, plan.stream, plan.headers, min(limit, left), plan.request_id
        )
        try:
            async with asyncio.timeout(min(limit, left)):
                response = await self._provider_of(deployment).send(request, deployment)
                try:
                    return await _first(response, plan, deployment, number)
                except BaseException:
                    await response.close()
                    raise
        except TimeoutError:
            raise UpstreamTimeout(f"The model `{deployment.group}` did not answer in time.") from None

    async def _wait(self, plan: Plan, served: Served, *, same: bool, number: int) -> bool:
        """False: stop here. Another deployment is tried at once; the same one after a pause."""
        if number > plan.retries:
            return False
        pause = (_retry_after(served) or BACKOFF_S * 2 ** (number - 1) * random.uniform(0.5, 1.5)) if same else 0.0
        if pause > LONGEST_WAIT_S or time.monotonic() + pause >= plan.deadline:
            return False
        await self._sleep(pause)
        return True


async def _first(response: UpstreamResponse, plan: Plan, deployment: Deployment, number: int) -> Served:
    """Wait for what decides whether this attempt counts: the whole body, or a stream's first bytes."""
    head = (deployment, number, response.status, response.headers)
    if response.status >= 400 or not plan.stream:
        body = await response.read()
        await response.close()
        return Served(*head, body)
    chunks = aiter(response.chunks())
    try:
        first = await anext(chunks)
    except StopAsyncIteration:
        raise UpstreamFailed(f"The model `{deployment.group}` ended its stream before the first event.") from None
    return Served(*head, None, _resume(first, chunks), response)


async def _resume(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in rest:
        yield chunk


def _retry_after(served: Served) -> float | None:
    """Seconds that the upstream asked for, or None. Dates are not honoured: no LLM provider sends one."""
    value = served.headers.get("retry-after", "")
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None
