"""One request from begin to end: authenticate, admit, select, attempt, relay, meter.

Authentication has happened at the edge, in front of every path. What raises before the first byte is
answered in the route family's error shape by the edge; after it, the relay ends the stream with an event.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.accounting import Account, Accounting, within
from routeiq.gateway.pipeline.admit import context_of
from routeiq.gateway.pipeline.attempt import LEFT
from routeiq.gateway.pipeline.context import Arrival, Context
from routeiq.gateway.pipeline.execute import Executor, UnderWay
from routeiq.gateway.pipeline.gate import Entered, Gate, ShuttingDown
from routeiq.gateway.pipeline.learned import Unasked
from routeiq.gateway.pipeline.meter import Meter
from routeiq.gateway.pipeline.passage import Passages
from routeiq.gateway.pipeline.planning import plan_of
from routeiq.gateway.pipeline.select import Selector, Unresolved, Waiting
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.pipeline.spend import Reserved
from routeiq.gateway.pipeline.tally import Tally
from routeiq.gateway.pipeline.trace import finish_span
from routeiq.gateway.plan import Outcome, Plan
from routeiq.kit.asgi import Answer, DisconnectWatch, Receive, Scope, never, read_body
from routeiq.kit.exchange import Work
from routeiq.kit.telemetry import Telemetry

if TYPE_CHECKING:
    from routeiq.kit.spans import OpenSpan

_SPANS: Final = {endpoint: f"gateway {endpoint.value}" for endpoint in Endpoint}
GENERATED: Final = "gateway generate"
"""The span of a request of the LLM Gateway API."""

Done = Callable[[Outcome], None]
Planned = tuple[Plan, Done, Tally]
Decided = Waiting | Selection | Planned
"""How far a request has come that is to be served."""


class Guard(Protocol):
    """Of one request."""

    def around(self, work: Work) -> Work:
        """A task's work, in which what it raises becomes an answer."""
        ...


class Pipeline:
    """The stages, wired. One instance serves every request."""

    __slots__ = ("_traces", "accounting", "executor", "gate", "meter", "passages", "selector", "telemetry")

    def __init__(
        self,
        selector: Selector,
        executor: Executor,
        meter: Meter,
        telemetry: Telemetry,
        gate: Gate,
        passages: Passages,
        accounting: Accounting,
    ) -> None:
        self.selector, self.executor, self.meter, self.telemetry = selector, executor, meter, telemetry
        self.gate, self.passages, self.accounting = gate, passages, accounting
        self._traces = telemetry.traces

    async def run(self, arrival: Arrival, scope: Scope, receive: Receive, answer: Answer) -> None:
        """Raises RouteIQError for what goes wrong before the first byte, and ShuttingDown at any time."""
        started = time.monotonic()
        with self.gate.entered():
            raw = await read_body(scope, receive, arrival.state.body_limit_bytes)
            context = context_of(arrival, raw, started)
            await self._serve(context, answer, receive, self.selector.at_once(context))

    def begin(self, arrival: Arrival, raw: bytes, answer: Answer, guard: Guard) -> Work | None:
        """The same for a request that is whole, without a task if it can be answered without one.

        Returns: what is to be run as its task; None: it is under way. Raises: as `run`, before the first byte."""
        self.gate.check()
        context = context_of(arrival, raw, time.monotonic())
        selection = self.selector.at_once(context)
        if not isinstance(selection, Selection):
            return self.serve(context, answer, selection)
        accounting = self.accounting
        if accounting.waits(context.caller):
            return self.serve(context, answer, selection)
        exchange = answer.exchange
        assert exchange is not None, "it is whole"
        exchange.turn.call(_Way(self, context, answer, guard, selection).begin)
        return None

    def serve(self, context: Context, answer: Answer, decided: Decided, under_way: UnderWay | None = None) -> Work:
        """As a task, a request that is whole, was let in, and whose answer has an exchange."""
        return self._admitted(self.gate.admitted(), context, answer, decided, under_way)

    async def _admitted(
        self,
        place: Entered,
        context: Context,
        answer: Answer,
        decided: Decided,
        under_way: UnderWay | None,
    ) -> None:
        with place:
            await self._serve(context, answer, never, decided, under_way)

    async def _serve(
        self,
        context: Context,
        answer: Answer,
        receive: Receive,
        decided: Decided,
        under_way: UnderWay | None = None,
    ) -> None:
        with DisconnectWatch(receive, self.gate.ticker, exchange=answer.exchange):
            if isinstance(decided, Unasked | Unresolved):
                self.accounting.limits.look(context, answer)
                decided = await self.selector.later(context, decided)
            if isinstance(decided, Selection):
                reserved = await self.accounting.reserve(context, decided, answer)
                decided = self.planned(context, decided, answer, reserved)
            plan, done, tally = decided
            await self.executor.execute(plan, answer, done, tally, under_way)

    def planned(self, context: Context, selection: Selection, answer: Answer, reserved: Reserved | None) -> Planned:
        """From here on `done` counts the request, and settles what it took.

        Args: reserved: as `accounting` says.  Raises: as `Accounting.begin`: nothing is taken then."""
        plan = plan_of(context, within(selection, reserved))
        account = self.accounting.begin(context, plan, answer, reserved)
        answer.counted = True
        span = self._span(context, plan) if self._traces else None
        return plan, _End(self, context, plan, span, account).reached, account.recording

    def _span(self, context: Context, plan: Plan) -> OpenSpan | None:
        name = _SPANS[plan.endpoint] if context.purpose is None else GENERATED
        return self.telemetry.start_span(name, context.headers.get(b"traceparent"))


class _End:
    """Of a request that had a plan."""

    __slots__ = ("_account", "_context", "_pipeline", "_plan", "_span")

    def __init__(
        self, pipeline: Pipeline, context: Context, plan: Plan, span: OpenSpan | None, account: Account
    ) -> None:
        self._pipeline, self._context, self._plan = pipeline, context, plan
        self._span, self._account = span, account

    def reached(self, outcome: Outcome) -> None:
        """Once: it is settled, counted and told."""
        pipeline, context, plan, span = self._pipeline, self._context, self._plan, self._span
        if outcome.error == LEFT and pipeline.gate.closed:
            outcome = outcome.said(ShuttingDown.status, ShuttingDown.code, outcome.streamed_bytes)
        self._account.settle(plan, outcome)
        pipeline.meter.done(context, plan, outcome)
        if span is not None:
            finish_span(span, context, plan, outcome)


class _Way:
    """Of a request that is answered without a task, as far as that goes."""

    __slots__ = ("_answer", "_context", "_guard", "_pipeline", "_planned", "_selection")

    def __init__(
        self, pipeline: Pipeline, context: Context, answer: Answer, guard: Guard, selection: Selection
    ) -> None:
        self._pipeline, self._context, self._answer = pipeline, context, answer
        self._guard, self._selection = guard, selection
        self._planned: Planned | None = None

    def begin(self) -> None:
        """Take what it takes and call upstream, once all requests of this turn are read and selected."""
        pipeline, context, answer = self._pipeline, self._context, self._answer
        try:
            pipeline.gate.check()  # others of this turn may be inside since
            reserved = pipeline.accounting.reserve_now(context, self._selection, answer)
            planned = self._planned = pipeline.planned(context, self._selection, answer, reserved)
            plan, done, tally = planned
            if not pipeline.passages.take(plan, answer, done, tally, self):
                self._run(pipeline.serve(context, answer, planned))
        except Exception as error:  # noqa: BLE001  # the guard answers it
            self.fail(error)

    def go_on(self, under_way: UnderWay) -> None:
        planned = self._planned
        assert planned is not None, "it is under way"
        self._run(self._pipeline.serve(self._context, self._answer, planned, under_way))

    def fail(self, error: Exception) -> None:
        self._run(_failed(error))

    def _run(self, work: Work) -> None:
        exchange = self._answer.exchange
        assert exchange is not None, "a passage has one"
        exchange.run(self._guard.around(work))


async def _failed(error: Exception) -> None:
    raise error
