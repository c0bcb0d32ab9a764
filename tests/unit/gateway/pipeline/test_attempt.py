"""One request's calls: bounds in time, what counts as an answer, and what is told to figures and cooldowns."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.config.state import Deployment, DeploymentId, RoutingSettings
from routeiq.gateway.pipeline.attempt import Attempts
from routeiq.gateway.pipeline.served import Served
from routeiq.gateway.plan import Usage
from routeiq.kit.errors import InvalidRequest
from tests.support.executing import FINE, GONE, Calling, Says, member, plan, says, serving

A, B = member("a"), member("b")


def calling(*deployments: Deployment, **script: list[Says]) -> Calling:
    return Calling(serving(*(deployments or (A, B))), script)


async def run(one: Calling, *deployments: Deployment, **fields: object) -> tuple[Attempts, Served]:
    attempts = Attempts(one.caller, plan(*(deployments or (A,)), clock=one.clock, **fields))  # type: ignore[arg-type]
    return attempts, await attempts.run()


async def test_the_first_answer_is_served_and_written_down() -> None:
    one = calling()
    attempts, served = await run(one)
    assert (served.status, served.deployment, served.fallback) == (200, A, "")
    (only,) = attempts.trail
    assert (only.deployment, only.candidate, only.status, only.reason, only.group) == ("a", "a", 200, "", 0)
    assert only.seconds == pytest.approx(0.1)
    assert one.clock.sleeps == []


async def test_no_answer_becomes_an_answer_that_says_so() -> None:
    attempts, served = await run(calling(a=[GONE]))
    assert (served.status, served.error, len(attempts.trail)) == (502, "upstream_failed", 3)
    assert b"nobody there" in (served.body or b"")


async def test_an_answer_that_is_no_json_object_is_none() -> None:
    attempts, served = await run(calling(a=[Says(page=b"<html>"), FINE]), retries=1)
    assert [(one.status, one.reason) for one in attempts.trail] == [(502, "upstream_failed"), (200, "")]
    assert served.usage == Usage(3, 5)


async def test_what_a_provider_cannot_express_is_the_callers_error() -> None:
    attempts, served = await run(calling(a=[Says(raises=lambda: InvalidRequest("no audio"))]), A, B)
    assert (served.status, served.error, len(attempts.trail)) == (400, "invalid_request", 1)


@pytest.mark.parametrize(
    ("script", "status"),
    [([GONE, says(429)], 429), ([says(429), GONE], 429), ([says(429), says(503)], 503), ([GONE, GONE], 502)],
)
async def test_the_last_true_answer_is_kept(script: list[Says], status: int) -> None:
    _, served = await run(calling(a=script), A, retries=1)
    assert served.status == status


async def test_nothing_is_called_past_the_deadline() -> None:
    one = calling()
    _, served = await run(one, within_s=-1)
    assert (served.status, served.error, one.provider.calls) == (504, "upstream_timeout", [])


async def test_a_provider_that_hangs_is_cut_off() -> None:
    slow = member("a", timeout_s=0.01)
    _, served = await run(calling(slow, a=[Says(hangs=True)]), slow, retries=0)
    assert (served.status, served.error) == (504, "upstream_timeout")


async def test_each_call_is_bounded_by_the_deployment_and_the_deadline() -> None:
    one = calling()
    await run(one, member("a", timeout_s=5), within_s=1)
    await run(one, member("a", timeout_s=5, stream_timeout_s=3))
    await run(one, member("a", timeout_s=5, stream_timeout_s=3), stream=True)
    assert [request.timeout_s for request, _ in one.provider.requests] == [1, 5, 3]


async def test_a_stream_counts_once_its_first_bytes_have_come() -> None:
    one = calling()
    attempts, served = await run(one, stream=True)
    assert served.stream is not None
    assert [served.stream.first, *[chunk async for chunk in served.stream.rest]] == list(FINE.frames)
    assert served.response is not None
    await served.response.close()
    attempts.settle(None, "")
    assert one.provider.responses[0].closed


@pytest.mark.parametrize("breaks", [True, False])
async def test_a_stream_that_ends_before_its_first_bytes_is_tried_again(breaks: bool) -> None:
    one = calling(a=[Says(frames=(), breaks=breaks), FINE])
    attempts, served = await run(one, stream=True)
    assert ([call.status for call in attempts.trail], served.status) == ([502, 200], 200)
    assert one.provider.responses[0].closed


async def test_a_request_in_flight_is_counted_until_it_is_settled() -> None:
    one = calling()
    attempts, _ = await run(one)
    assert one.live_in_flight("a") == 1
    attempts.settle(Usage(3, 5), "")
    attempts.settle(Usage(3, 5), "")
    live = one.figures.of(A.id)
    assert (live.in_flight, live.requests, live.tokens, live.finished) == (0, 1, 8, 1)


async def test_latency_is_for_each_token_or_to_the_first_byte() -> None:
    one = calling()
    attempts, _ = await run(one)
    attempts.settle(Usage(3, 5), "")
    attempts, _ = await run(one, stream=True)
    attempts.settle(None, "")
    live = one.figures.of(A.id)
    assert (live.unary_s, live.first_byte_s) == (pytest.approx(0.02), pytest.approx(0.1))


async def test_a_time_out_counts_as_that_slow() -> None:
    slow = member("a", timeout_s=5)
    one = calling(slow, a=[Says(seconds=9)])
    await run(one, slow, retries=0)
    live = one.figures.of(A.id)
    assert (live.unary_s, live.failures) == (5, 1)


@pytest.mark.parametrize("slow", [Says(hangs=True, seconds=0), Says(seconds=5)])
async def test_a_lack_of_time_that_earlier_calls_used_up_is_not_the_deployments_fault(slow: Says) -> None:
    one = calling(a=[Says(503, seconds=9.99)], b=[slow])
    _, served = await run(one, A, B, within_s=10)
    assert (served.status, one.figures.of(B.id).failures) == (503, 0)


@pytest.mark.parametrize("error", ["client_disconnected", "upstream_failed"])
async def test_a_stream_that_breaks_is_a_failure_unless_the_client_left(error: str) -> None:
    one = calling()
    attempts, _ = await run(one, stream=True)
    attempts.settle(None, error)
    live = one.figures.of(A.id)
    assert (live.in_flight, live.failures) == (0, error == "upstream_failed")
    assert attempts.trail[0].reason == ("upstream_failed" if live.failures else "")


@pytest.mark.parametrize("stream", [True, False])
async def test_cancelling_a_call_leaves_nothing_in_flight(stream: bool) -> None:
    one = calling(a=[Says(hangs=True, frames=())])
    attempts = Attempts(one.caller, plan(A, clock=one.clock, stream=stream))
    task = asyncio.create_task(attempts.run())
    await asyncio.sleep(0.01)
    assert one.live_in_flight("a") == 1
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (one.live_in_flight("a"), [(c.status, c.reason) for c in attempts.trail]) == (
        0,
        [(499, "client_disconnected")],
    )
    attempts.settle(None, "client_disconnected")


async def test_a_bug_in_a_provider_leaves_nothing_in_flight() -> None:
    one = calling(a=[Says(raises=lambda: ConnectionResetError("kill -9"))])
    attempts = Attempts(one.caller, plan(A, B, clock=one.clock))
    with pytest.raises(ConnectionResetError):
        await attempts.run()
    assert (one.live_in_flight("a"), attempts.trail[0].status) == (0, 500)


async def test_a_full_deployment_is_passed_over_and_not_called() -> None:
    full = member("a", max_parallel=1)
    one = calling(full, B)
    await run(one, full, B)
    _, served = await run(one, full, B)
    assert (served.deployment, served.fallback) == (B, "deployment_unavailable")
    assert one.provider.calls == ["a", "b"]


async def test_where_all_are_full_the_caller_is_told_without_a_call() -> None:
    full = member("a", max_parallel=1)
    one = calling(full)
    first, _ = await run(one, full)
    attempts, served = await run(one, full, retries=1)
    assert (served.status, served.error, one.provider.calls) == (429, "max_parallel_requests", ["a"])
    assert [call.reason for call in attempts.trail] == ["max_parallel_requests"] * 2
    first.settle(None, "")
    assert one.live_in_flight("a") == 0


async def test_of_a_hundred_requests_one_probes_a_deployment_that_was_cooled() -> None:
    settings = RoutingSettings(num_retries=0)
    one = Calling(serving(A, B, routing=settings), {"a": [says(429), FINE]})
    (await run(one, A, B, retries=1))[0].settle(None, "")
    one.clock.now += 60
    one.provider.calls.clear()
    many = [Attempts(one.caller, plan(A, B, clock=one.clock)) for _ in range(100)]
    await asyncio.gather(*(attempts.run() for attempts in many))
    assert (one.provider.calls.count("a"), one.provider.calls.count("b")) == (1, 99)
    for attempts in many:
        attempts.settle(None, "")
    assert (one.live_in_flight("a", "b"), one.figures.of(A.id).rest_until) == (0, 0.0)


async def test_a_probe_that_is_cancelled_lets_the_next_one_through() -> None:
    one = Calling(serving(A, B), {"a": [says(429), Says(hangs=True), FINE]})
    (await run(one, A, B))[0].settle(None, "")
    one.clock.now += 60
    task = asyncio.create_task(Attempts(one.caller, plan(A, B, clock=one.clock)).run())
    await asyncio.sleep(0.01)
    assert one.figures.of(A.id).resting(one.clock.now)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    _, served = await run(one, A, B)
    assert served.deployment == A


async def test_figures_of_a_deployment_that_is_gone_are_let_go() -> None:
    one = calling()
    attempts, _ = await run(one)
    one.cooldowns.follow(serving(B))
    attempts.settle(None, "upstream_failed")
    assert len(one.figures) == 1
    assert one.figures.of(DeploymentId("a")).failures == 0
