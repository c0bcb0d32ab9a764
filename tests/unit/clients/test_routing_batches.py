"""Requests that travel together: each has its own answer, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingUnavailable
from routeiq.clients.routing_batches import RoutingBatches
from routeiq.clients.routing_metrics import RoutingMetrics
from routeiq.kit.errors import InvalidRequest
from tests.support.waiting import LONGER_S, PATIENCE_S

BOTH = pb.CandidateSet(candidates=[pb.Candidate(name="small"), pb.Candidate(name="large")])


class TwinService:
    """Answers each entry with its own text as the model; `refuse` names those that fail alone."""

    def __init__(
        self,
        *,
        after_s: float = 0.0,
        fails: Exception | None = None,
        refuse: tuple[str, ...] = (),
        fallback: pb.Fallback = pb.FALLBACK_UNSPECIFIED,
    ) -> None:
        self.after_s, self.fails, self.refuse, self.fallback = after_s, fails, refuse, fallback
        self.requests: list[pb.RouteManyRequest] = []
        self.timeouts: list[float] = []
        self.request_ids: list[str] = []
        self.short_by = 0

    async def route_many(
        self, request: pb.RouteManyRequest, *, timeout_s: float, subject: str = "", request_id: str = ""
    ) -> list[pb.RouteResult]:
        self.requests.append(request)
        self.timeouts.append(timeout_s)
        self.request_ids.append(request_id)
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.sleep(self.after_s)
        except TimeoutError:
            raise RoutingUnavailable("deadline") from None
        if self.fails:
            raise self.fails
        return [self._result(entry.prompt.text[0]) for entry in request.entries][: len(request.entries) - self.short_by]

    def _result(self, text: str) -> pb.RouteResult:
        if text in self.refuse:
            return pb.RouteResult(error="no")
        return pb.RouteResult(response=pb.RouteResponse(selected_model=text, fallback=self.fallback))


@asynccontextmanager
async def batching(service: TwinService, **options: float) -> AsyncIterator[RoutingBatches]:
    made = RoutingBatches(service, RoutingMetrics(CollectorRegistry()), **options)  # type: ignore[arg-type]  # test data
    try:
        yield made
    finally:
        await made.close()


async def ask(batches: RoutingBatches, text: str, timeout_s: float = PATIENCE_S, among: pb.CandidateSet = BOTH) -> str:
    prompt = pb.Prompt(text=[text])
    answer = await batches.route(prompt, among, cost_weight=0.5, timeout_s=timeout_s, request_id=f"r-{text}")
    return answer.selected_model


async def ask_all(batches: RoutingBatches, texts: list[str]) -> list[str]:
    return list(await asyncio.gather(*(ask(batches, text) for text in texts)))


async def test_a_lone_request_is_sent_at_once_with_its_id() -> None:
    service = TwinService()
    async with batching(service, wait_s=LONGER_S) as batches:
        assert await ask(batches, "a") == "a"
    assert service.request_ids == ["r-a"]
    assert service.requests[0].entries[0].objective.cost_weight == 0.5


async def test_requests_while_another_is_under_way_travel_together() -> None:
    service = TwinService(after_s=0.02)
    async with batching(service) as batches:
        assert await ask_all(batches, list("abcde")) == list("abcde")
    assert [len(request.entries) for request in service.requests] == [1, 4]
    assert service.request_ids[1] == ""


async def test_a_full_batch_does_not_wait() -> None:
    service = TwinService()
    async with batching(service, wait_s=LONGER_S, size=3) as batches:
        await ask_all(batches, list("abcd"))
    assert [len(request.entries) for request in service.requests] == [1, 3]


async def test_the_more_calls_are_under_way_the_longer_a_batch_waits() -> None:
    service = TwinService(after_s=0.3)
    async with batching(service, wait_s=0.02) as batches:
        asked = []
        for number in range(20):
            asked.append(asyncio.create_task(ask(batches, str(number))))
            await asyncio.sleep(0.01)
        assert await asyncio.gather(*asked) == [str(number) for number in range(20)]
    sizes = [len(request.entries) for request in service.requests]
    assert sizes[0] == 1
    assert len(sizes) <= 8  # with a fixed wait there are ten at least
    assert max(sizes) >= 4


async def test_what_waits_is_sent_when_nothing_is_under_way_any_more() -> None:
    service = TwinService(after_s=0.02)
    async with batching(service, wait_s=LONGER_S) as batches, asyncio.timeout(PATIENCE_S):
        assert await ask_all(batches, ["a", "b"]) == ["a", "b"]
    assert [len(request.entries) for request in service.requests] == [1, 1]


async def test_after_late_answers_fewer_may_wait_and_after_timely_ones_more() -> None:
    service = TwinService(after_s=0.06)
    async with batching(service) as batches:
        late = await asyncio.gather(*(ask(batches, str(n), 0.03) for n in range(20)), return_exceptions=True)
        assert {one.reason for one in late if isinstance(one, RoutingUnavailable)} == {"deadline"}
        more = await asyncio.gather(*(ask(batches, str(n)) for n in range(20)), return_exceptions=True)
        refused = [one for one in more if isinstance(one, RoutingUnavailable)]
        assert {one.reason for one in refused} == {"overloaded"}
        assert 4 <= len(refused) <= 10
        again = await asyncio.gather(*(ask(batches, str(n)) for n in range(20)), return_exceptions=True)
        assert sum(isinstance(one, RoutingUnavailable) for one in again) < len(refused)


@pytest.mark.parametrize("reason", [pb.FALLBACK_DEADLINE, pb.FALLBACK_OVERLOADED])
async def test_a_service_that_says_it_is_slow_gets_fewer(reason: pb.Fallback) -> None:
    async with batching(TwinService(fallback=reason)) as batches:
        assert await ask_all(batches, list("abcdefgh")) == list("abcdefgh")
        answers = await asyncio.gather(*(ask(batches, text) for text in "abcdefgh"), return_exceptions=True)
    assert sum(isinstance(one, RoutingUnavailable) for one in answers) >= 2


async def test_a_prompt_without_text_says_nothing_of_the_speed() -> None:
    async with batching(TwinService(after_s=0.02, fallback=pb.FALLBACK_NO_PROMPT)) as batches:
        for _ in range(2):
            assert await ask_all(batches, list("abcdefgh")) == list("abcdefgh")


async def test_equal_candidates_travel_once() -> None:
    service, other = TwinService(), pb.CandidateSet(candidates=[pb.Candidate(name="other")])
    async with batching(service) as batches:
        await asyncio.gather(ask(batches, "first"), *(ask(batches, x, among=s) for x in "ab" for s in (BOTH, other)))
    request = service.requests[1]
    assert [len(one.candidates) for one in request.candidate_sets] == [2, 1]
    assert [entry.candidate_set for entry in request.entries] == [0, 1, 0, 1]


async def test_an_entry_fails_alone() -> None:
    async with batching(TwinService(refuse=("b",))) as batches:
        answers = await asyncio.gather(*(ask(batches, text) for text in "abc"), return_exceptions=True)
    assert (answers[0], answers[2]) == ("a", "c")
    assert isinstance(answers[1], RoutingUnavailable)
    assert answers[1].reason == "routing_unavailable"


async def test_answers_that_are_missing_are_no_answers() -> None:
    service = TwinService()
    service.short_by = 1
    async with batching(service) as batches:
        with pytest.raises(RoutingUnavailable):
            await ask(batches, "a")


@pytest.mark.parametrize("fault", [RoutingUnavailable("routing_unavailable"), InvalidRequest("no"), ValueError("bug")])
async def test_whatever_goes_wrong_each_waiter_can_fall_back(fault: Exception) -> None:
    async with batching(TwinService(fails=fault)) as batches:
        answers = await asyncio.gather(*(ask(batches, text) for text in "abc"), return_exceptions=True)
        assert all(isinstance(one, RoutingUnavailable) and one.reason == "routing_unavailable" for one in answers)
        assert batches.pending == 0


async def test_the_impatient_leave_and_the_patient_get_their_answer() -> None:
    service = TwinService(after_s=2.0)
    async with batching(service) as batches:
        first = asyncio.create_task(ask(batches, "first"))
        await asyncio.sleep(0)
        hasty, patient = asyncio.create_task(ask(batches, "hasty", 0.03)), asyncio.create_task(ask(batches, "patient"))
        with pytest.raises(RoutingUnavailable) as caught:
            await hasty
        assert (caught.value.reason, first.done(), patient.done()) == ("deadline", False, False)
        assert (await patient, await first) == ("patient", "first")
    assert service.timeouts[1] == pytest.approx(PATIENCE_S, abs=PATIENCE_S / 2)


async def test_a_request_that_is_cancelled_cancels_nobody_else() -> None:
    service = TwinService(after_s=0.05)
    async with batching(service) as batches:
        first, second, third = (asyncio.create_task(ask(batches, text)) for text in "abc")
        await asyncio.sleep(0.01)
        second.cancel()
        assert (await first, await third) == ("a", "c")
        with pytest.raises(asyncio.CancelledError):
            await second


async def test_what_is_cancelled_before_it_is_sent_is_not_sent() -> None:
    service = TwinService(after_s=0.05)
    async with batching(service, wait_s=0.2) as batches:
        first, second = (asyncio.create_task(ask(batches, text)) for text in "ab")
        await asyncio.sleep(0.005)
        second.cancel()
        await first
        await asyncio.sleep(0.25)
    assert len(service.requests) == 1


async def test_beyond_the_limit_the_answer_is_overloaded_at_once() -> None:
    async with batching(TwinService(after_s=0.02), pending=3) as batches:
        answers = await asyncio.gather(*(ask(batches, text) for text in "abcde"), return_exceptions=True)
        assert answers[:3] == ["a", "b", "c"]
        assert [one.reason for one in answers[3:] if isinstance(one, RoutingUnavailable)] == ["overloaded"] * 2
        assert await ask(batches, "later") == "later"


async def test_closing_answers_who_waits() -> None:
    async with batching(TwinService(after_s=60), wait_s=LONGER_S) as batches:
        waiting = [asyncio.create_task(ask(batches, text)) for text in "abc"]
        await asyncio.sleep(0.01)
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(one, RoutingUnavailable) for one in answers)


async def test_sizes_are_counted() -> None:
    registry = CollectorRegistry()
    batches = RoutingBatches(TwinService(), RoutingMetrics(registry))
    await ask_all(batches, list("abcd"))
    await batches.close()
    assert "gateway_routing_batch_size_sum 4.0" in generate_latest(registry).decode()


@dataclass(frozen=True)
class Request:
    """In milliseconds. `leaves` is when its client goes away."""

    comes: int
    patience: int
    leaves: int | None


requests = st.lists(
    st.builds(Request, st.integers(0, 6), st.integers(1, 12), st.none() | st.integers(0, 8)), min_size=1, max_size=30
)
faults = st.none() | st.sampled_from([RoutingUnavailable("deadline"), InvalidRequest("no"), ValueError("bug")])


@settings(max_examples=60, deadline=None)
@given(requests, st.integers(0, 8), faults, st.integers(1, 9), st.integers(2, 20), st.sets(st.integers(0, 29)))
def test_everybody_gets_an_answer_of_their_own_or_a_reason(
    wanted: list[Request], takes: int, fault: Exception | None, size: int, limit: int, refused: set[int]
) -> None:
    async def one(batches: RoutingBatches, number: int, request: Request) -> None:
        await asyncio.sleep(request.comes / 1000)
        asked = asyncio.create_task(ask(batches, str(number), request.patience / 1000))
        if request.leaves is not None:
            await asyncio.sleep(request.leaves / 1000)
            asked.cancel()
        with contextlib.suppress(asyncio.CancelledError, RoutingUnavailable):
            assert await asked == str(number)
            assert number not in refused

    async def all_of_them() -> None:
        service = TwinService(after_s=takes / 1000, fails=fault, refuse=tuple(map(str, refused)))
        async with batching(service, size=size, pending=limit) as batches, asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*(one(batches, number, request) for number, request in enumerate(wanted)))
            assert batches.pending == 0
        assert all(len(request.entries) <= size for request in service.requests)

    asyncio.run(all_of_them())
