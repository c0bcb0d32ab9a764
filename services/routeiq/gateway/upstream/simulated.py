"""Provider kind `simulated/<name>`: believable answers without a model, a key or a socket, for first steps and tests.

Text and pace are deterministic (`simulated_plan`); the text says that it is simulated. Parameters of a deployment:
`ttft_ms`, `tokens_per_second`, `output_tokens`, `fail_rate`, `fail_status`, `fail_after_chunks`. A caller can ask for a
failure by `simulate:error:503`, `simulate:disconnect:5` or `simulate:timeout` in its last message or by
`metadata: {"simulate": "error:503"}`. Tools are accepted and never called.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import count

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.openai_answer import wants_usage
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamResponse, UpstreamTimeout
from routeiq.gateway.upstream.refusals import error_type
from routeiq.gateway.upstream.requests import UpstreamRequest
from routeiq.gateway.upstream.responses import JSON_HEADERS, StreamedResponse, WholeResponse
from routeiq.gateway.upstream.simulated_embeddings import embeddings
from routeiq.gateway.upstream.simulated_plan import Failure, plan_answer
from routeiq.gateway.upstream.simulated_rendering import Answered, ChatRendering, Rendering, TextRendering
from routeiq.kit.error_bodies import openai_error
from routeiq.kit.sse import DONE

Sleep = Callable[[float], Awaitable[None]]


class Simulated:
    """`sleep` and `clock` are given by tests."""

    def __init__(self, sleep: Sleep = asyncio.sleep, clock: Callable[[], float] = time.time) -> None:
        self._sleep = sleep
        self._clock = clock
        self._calls = PerDeployment(lambda _: count())

    async def send(self, request: UpstreamRequest, deployment: Deployment) -> UpstreamResponse:
        """Raises: InvalidRequest; UpstreamFailed and UpstreamTimeout where a failure is simulated."""
        if request.endpoint is Endpoint.EMBEDDINGS:
            return WholeResponse(200, embeddings(request.body, deployment.model))
        answer = plan_answer(request, deployment, next(self._calls.of(deployment)))
        head_s = answer.pauses_s[0] if request.stream else sum(answer.pauses_s)
        if head_s > request.timeout_s or (answer.failure is not None and answer.failure.timeout):
            await self._sleep(request.timeout_s)
            raise UpstreamTimeout(f"`{deployment.group}` did not answer in time.")
        await self._sleep(head_s)
        if answer.failure is not None and (answer.failure.status or not request.stream):
            return _fail(answer.failure, deployment)
        answered = Answered(answer, request.request_id, int(self._clock()), deployment)
        rendering: Rendering = (
            TextRendering(answered) if request.endpoint is Endpoint.COMPLETIONS else ChatRendering(answered)
        )
        if request.stream:
            return StreamedResponse(self._stream(rendering, include_usage=wants_usage(request.body)))
        return WholeResponse(200, rendering.whole())

    async def close(self) -> None:
        """Nothing is open."""

    async def _stream(self, rendering: Rendering, *, include_usage: bool) -> AsyncGenerator[bytes, None]:
        answer, group = rendering.answer, rendering.group
        yield rendering.opening()
        for number, pause_s in enumerate(answer.pauses_s):
            if answer.failure is not None and number >= (answer.failure.after_chunks or 0):
                raise UpstreamFailed(f"`{group}` broke off its answer (simulated).")
            if number and pause_s:
                await self._sleep(pause_s)
            yield rendering.words(number)
        yield rendering.closing()
        if include_usage:
            yield rendering.usage()
        yield DONE


def _fail(failure: Failure, deployment: Deployment) -> WholeResponse:
    """The refusal. Raises UpstreamFailed: the failure has no status."""
    if not failure.status:
        raise UpstreamFailed(f"`{deployment.group}` broke off its answer (simulated).")
    type_, code = error_type(failure.status)
    body = openai_error(f"A simulated failure of `{deployment.group}`.", type_, code)
    retry = {"retry-after": "1"} if failure.status == 429 else {}
    return WholeResponse(failure.status, body, {**JSON_HEADERS, **retry})
