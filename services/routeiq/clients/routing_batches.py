"""Ask for decisions together: what comes within some milliseconds travels in one `RouteMany`.

A request that comes while nothing is under way does not wait; with each call that is, it waits a millisecond more, so
that a slow service gets few calls with many entries. Each request has its own answer, error and deadline; one that is
cancelled or late leaves the others alone. A batch may take as long as its most patient member, which is what the
service is told. Fail-open by decision: whatever goes wrong is a `RoutingUnavailable`, and the caller has a fallback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.routing import RoutingUnavailable
from routeiq.clients.routing_load import RoutingLoad
from routeiq.clients.routing_metrics import RoutingMetrics
from routeiq.kit.errors import RouteIQError

log = structlog.get_logger()

WAIT_S = 0.001
"""For each call under way."""
SIZE = 8
"""The service's own batch; a longer one would only make its first members wait for its last."""
PENDING = 1024
"""Requests without an answer. More than this, and the service is not keeping up: better a cheap choice now."""
_TOO_SLOW = frozenset({pb.FALLBACK_DEADLINE, pb.FALLBACK_OVERLOADED})


class SendsBatches(Protocol):
    """The part of `RoutingClient` that runs here."""

    async def route_many(
        self, request: pb.RouteManyRequest, *, timeout_s: float, subject: str = "", request_id: str = ""
    ) -> list[pb.RouteResult]: ...


@dataclass(slots=True, eq=False)
class _Waiter:
    prompt: pb.Prompt
    candidates: pb.CandidateSet
    cost_weight: float
    request_id: str
    timeout_s: float
    asked_at: float
    answer: asyncio.Future[pb.RouteResponse]

    @property
    def deadline(self) -> float:
        return self.asked_at + self.timeout_s

    def expire(self) -> None:
        self.fail("deadline")

    def fail(self, reason: str) -> None:
        if not self.answer.done():
            self.answer.set_exception(RoutingUnavailable(reason))

    def take(self, result: pb.RouteResult) -> None:
        if result.HasField("error"):
            log.warning("routing.entry_refused", request_id=self.request_id, error=result.error)
            self.fail("routing_unavailable")
        elif not self.answer.done():
            self.answer.set_result(result.response)


class RoutingBatches:
    """For many tasks of one loop. `close` it before its client."""

    def __init__(
        self,
        client: SendsBatches,
        metrics: RoutingMetrics,
        *,
        wait_s: float = WAIT_S,
        size: int = SIZE,
        pending: int = PENDING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._metrics = client, metrics
        self._wait_s, self._size, self._clock = wait_s, size, clock
        self._load = RoutingLoad(pending)
        self._queue: list[_Waiter] = []
        self._timer: asyncio.TimerHandle | None = None
        self._sending: set[asyncio.Task[None]] = set()

    @property
    def pending(self) -> int:
        """Requests without an answer."""
        return self._load.waiting

    @property
    def full(self) -> bool:
        """Whether `route` would say at once that the service is overloaded: its caller need not make a prompt."""
        return self._load.full

    async def route(
        self,
        prompt: pb.Prompt,
        candidates: pb.CandidateSet,
        *,
        cost_weight: float = 0.0,
        timeout_s: float,
        request_id: str = "",
    ) -> pb.RouteResponse:
        """One decision within `timeout_s`.

        Args: candidates: requests that pass the same object share it in a batch.
        Raises: RoutingUnavailable: late, overloaded, away, or it refused this request."""
        load = self._load
        if load.full:
            raise RoutingUnavailable("overloaded")
        loop = asyncio.get_running_loop()
        waiter = _Waiter(prompt, candidates, cost_weight, request_id, timeout_s, self._clock(), loop.create_future())
        expiry = loop.call_later(timeout_s, waiter.expire)
        load.waiting += 1
        self._queue.append(waiter)
        self._schedule(loop)
        try:
            response = await waiter.answer
            self._learn(waiter, response.fallback)
        except RoutingUnavailable as error:
            if error.reason == "deadline":
                load.late(waiter.asked_at, self._clock())
            raise
        else:
            return response
        finally:
            load.waiting -= 1
            expiry.cancel()

    async def close(self) -> None:
        """Whoever still waits gets RoutingUnavailable."""
        self._stop_timer()
        for waiter in self._queue:
            waiter.fail("routing_unavailable")
        self._queue = []
        tasks = list(self._sending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if len(self._queue) >= self._size or not self._sending:
            self._flush()
        elif self._timer is None:
            self._timer = loop.call_later(self._wait_s * len(self._sending), self._flush)

    def _flush(self) -> None:
        self._stop_timer()
        batch = [waiter for waiter in self._queue if not waiter.answer.done()]
        self._queue = []
        if batch:
            task = asyncio.create_task(self._send(batch), name="routing-batch")
            self._sending.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if self._queue and not self._sending:
            self._flush()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _send(self, batch: Sequence[_Waiter]) -> None:
        reason = "routing_unavailable"
        self._metrics.batch.observe(len(batch))
        try:
            results = await self._ask(batch)
            for waiter, result in zip(batch, results, strict=False):
                waiter.take(result)
        except RoutingUnavailable as error:
            reason = error.reason
        except RouteIQError as error:
            log.warning("routing.batch_refused", error=error.public_message)
        except Exception:  # the edge of a task: its waiters have a fallback
            log.exception("routing.batch_failed")
        finally:
            for waiter in batch:
                waiter.fail(reason)  # no-op for those that have their answer

    def _learn(self, waiter: _Waiter, fallback: pb.Fallback) -> None:
        """What was not learned says nothing of the speed, unless the service says that it was too slow."""
        if fallback == pb.FALLBACK_UNSPECIFIED:
            self._load.answered(waiter.asked_at, waiter.timeout_s, self._clock())
        elif fallback in _TOO_SLOW:
            self._load.late(waiter.asked_at, self._clock())

    async def _ask(self, batch: Sequence[_Waiter]) -> list[pb.RouteResult]:
        patience = max(waiter.deadline for waiter in batch) - self._clock()
        request_id = batch[0].request_id if len(batch) == 1 else ""
        return await self._client.route_many(_request(batch), timeout_s=max(patience, 0.0), request_id=request_id)


def _request(batch: Sequence[_Waiter]) -> pb.RouteManyRequest:
    """Candidate sets that are the same object travel once."""
    request = pb.RouteManyRequest()
    places: dict[int, int] = {}
    for waiter in batch:
        place = places.get(id(waiter.candidates))
        if place is None:
            place = places[id(waiter.candidates)] = len(places)
            request.candidate_sets.append(waiter.candidates)
        entry = request.entries.add(candidate_set=place)
        entry.prompt.CopyFrom(waiter.prompt)
        entry.objective.cost_weight = waiter.cost_weight
    return request
