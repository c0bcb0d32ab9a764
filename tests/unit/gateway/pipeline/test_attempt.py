"""Calls in order: what is retried, what is moved on from, what the caller gets when all fail."""

from __future__ import annotations

import asyncio
import time

import pytest

from routeiq.config.state import Deployment
from routeiq.gateway.pipeline.attempt import Attempts, Served
from routeiq.gateway.plan import Decision, Endpoint, Plan
from routeiq.gateway.upstream.provider import UpstreamFailed
from tests.support.twins import FRAMES, SSE_HEADERS, TwinProvider, TwinResponse, deployment

A, B = deployment("a"), deployment("b")


def plan(*deployments: Deployment, stream: bool = False, within_s: float = 60.0, retries: int = 2) -> Plan:
    deadline = time.monotonic() + within_s
    decision = Decision("d", "a", "s", "r")
    return Plan("r1", Endpoint.CHAT, {}, stream, (), deployments or (A,), decision, deadline, retries, "v")


class Pauses:
    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


def refused(status: int, **headers: str) -> TwinResponse:
    return TwinResponse(status, [b'{"error":{}}'], headers)


async def run(provider: TwinProvider, planned: Plan, pauses: Pauses | None = None) -> Served:
    return await Attempts(lambda _: provider, sleep=pauses or Pauses()).run(planned)


async def test_the_first_answer_is_served() -> None:
    provider = TwinProvider()
    served = await run(provider, plan())
    assert (served.status, served.attempts, served.deployment) == (200, 1, A)


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_a_passing_failure_is_retried_after_a_pause(status: int) -> None:
    pauses = Pauses()
    served = await run(TwinProvider(refused(status), TwinResponse()), plan(), pauses=pauses)
    assert (served.status, served.attempts, len(pauses.seconds)) == (200, 2, 1)


async def test_another_deployment_is_tried_at_once() -> None:
    provider, pauses = TwinProvider(refused(503), TwinResponse()), Pauses()
    served = await run(provider, plan(A, B), pauses=pauses)
    assert (served.deployment, pauses.seconds) == (B, [0.0])


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_the_callers_own_error_is_final(status: int) -> None:
    provider = TwinProvider(refused(status))
    served = await run(provider, plan(A, B))
    assert (served.status, len(provider.calls)) == (status, 1)


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_an_error_of_the_deployment_moves_on_and_never_comes_back(status: int) -> None:
    provider = TwinProvider(refused(status))
    served = await run(provider, plan(A, B, retries=5))
    assert [d for _, d in provider.calls] == [A, B]
    assert served.status == status


async def test_no_answer_becomes_an_answer_that_says_so() -> None:
    served = await run(TwinProvider(UpstreamFailed("nobody there")), plan())
    assert (served.status, served.error, served.attempts) == (502, "upstream_failed", 3)
    assert served.body is not None
    assert b"nobody there" in served.body


async def test_the_last_true_answer_is_kept() -> None:
    served = await run(TwinProvider(UpstreamFailed("x"), refused(429)), plan(A, B, retries=1))
    assert served.status == 429


async def test_retry_after_is_honoured() -> None:
    pauses = Pauses()
    await run(TwinProvider(refused(429, **{"retry-after": "2"}), TwinResponse()), plan(), pauses=pauses)
    assert pauses.seconds == [2.0]


@pytest.mark.parametrize("wait", ["3600", "6"])
async def test_a_long_retry_after_is_passed_on_instead(wait: str) -> None:
    pauses = Pauses()
    served = await run(TwinProvider(refused(429, **{"retry-after": wait})), plan(), pauses=pauses)
    assert (served.status, pauses.seconds) == (429, [])


async def test_an_odd_retry_after_is_ignored() -> None:
    served = await run(TwinProvider(refused(429, **{"retry-after": "soon"}), TwinResponse()), plan())
    assert served.status == 200


async def test_nothing_is_tried_past_the_deadline() -> None:
    provider = TwinProvider()
    served = await run(provider, plan(within_s=-1))
    assert (served.status, served.error, provider.calls) == (504, "upstream_timeout", [])


async def test_a_provider_that_hangs_is_cut_off() -> None:
    class Hangs(TwinProvider):
        async def send(self, *_: object) -> TwinResponse:
            await asyncio.sleep(60)
            return TwinResponse()

    served = await run(Hangs(), plan(deployment("a", timeout_s=0.01), retries=0))
    assert (served.status, served.error) == (504, "upstream_timeout")


async def test_a_stream_counts_once_its_first_bytes_have_come() -> None:
    served = await run(TwinProvider(TwinResponse(200, FRAMES, SSE_HEADERS)), plan(stream=True))
    assert served.stream is not None
    assert [chunk async for chunk in served.stream] == list(FRAMES)


async def test_a_stream_that_dies_before_its_first_bytes_is_retried() -> None:
    dead = TwinResponse(200, (), SSE_HEADERS, breaks=True)
    served = await run(TwinProvider(dead, TwinResponse(200, FRAMES, SSE_HEADERS)), plan(stream=True))
    assert (served.attempts, dead.closed) == (2, True)


async def test_an_empty_stream_is_a_failure() -> None:
    served = await run(TwinProvider(TwinResponse(200, (), SSE_HEADERS)), plan(stream=True, retries=0))
    assert (served.status, served.stream) == (502, None)


async def test_closing_what_was_served_closes_the_upstream() -> None:
    response = TwinResponse(200, FRAMES, SSE_HEADERS)
    served = await run(TwinProvider(response), plan(stream=True))
    await served.close()
    assert response.closed


async def test_each_call_is_bounded_by_the_deployment_and_the_deadline() -> None:
    provider = TwinProvider()
    await run(provider, plan(deployment("a", timeout_s=5), within_s=1))
    await run(provider, plan(deployment("a", timeout_s=5, stream_timeout_s=3)))
    assert provider.calls[0][0].timeout_s <= 1
    assert provider.calls[1][0].timeout_s == 5
