"""One request from begin to end: authenticate, admit, select, attempt, relay, meter.

Authentication has happened at the edge, in front of every path. What raises before the first byte is
answered in the route family's error shape by the edge; after it, the relay ends the stream with an event.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace
from opentelemetry.trace import Span

from routeiq.config.state import State
from routeiq.gateway.pipeline.admit import parse_call
from routeiq.gateway.pipeline.attempt import LEFT
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.execute import Executor
from routeiq.gateway.pipeline.gate import Gate, ShuttingDown
from routeiq.gateway.pipeline.meter import Meter
from routeiq.gateway.pipeline.select import Selector
from routeiq.gateway.pipeline.selection import Selection
from routeiq.gateway.pipeline.trace import describe_plan, finish_span
from routeiq.gateway.plan import Endpoint, Outcome, Plan
from routeiq.kit.asgi import Answer, DisconnectWatch, Receive, Scope, read_body
from routeiq.kit.error_bodies import Family
from routeiq.kit.principal import Principal
from routeiq.kit.telemetry import Telemetry

_SPANS = {endpoint: f"gateway {endpoint.value}" for endpoint in Endpoint}
_PLAIN = frozenset({b"traceparent", b"tracestate", b"accept-language"})
_BY_FAMILY: Mapping[Family, frozenset[bytes]] = {
    Family.OPENAI: _PLAIN | {b"openai-beta"},
    Family.ANTHROPIC: _PLAIN | {b"anthropic-beta", b"anthropic-version"},
}
SENT_UPSTREAM = {endpoint: _BY_FAMILY[endpoint.errors] for endpoint in Endpoint}
"""The caller's headers that may reach an upstream of the endpoint's dialect. No credential is ever among them."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages, wired. One instance serves every request."""

    selector: Selector
    executor: Executor
    meter: Meter
    telemetry: Telemetry
    gate: Gate

    async def run(
        self,
        scope: Scope,
        receive: Receive,
        answer: Answer,
        *,
        headers: Mapping[bytes, bytes],
        state: State,
        principal: Principal,
        request_id: str,
        endpoint: Endpoint,
        path_model: str | None = None,
    ) -> None:
        """Raises RouteIQError for what goes wrong before the first byte, and ShuttingDown at any time.

        Args: headers: the first value of each of the request's."""
        started = time.monotonic()
        gate = self.gate
        task = gate.enter()
        try:
            raw = await read_body(scope, receive, state.body_limit_bytes)
            call = parse_call(endpoint, raw, path_model)
            context = Context(request_id, principal, state, call, headers, started)
            with DisconnectWatch(receive, gate.ticker, exchange=answer.exchange):
                selection = self.selector.balanced(context)
                if selection is None:
                    selection = await self._learned(context)
                plan = _plan(context, selection)
                span = self.telemetry.start_span(_SPANS[endpoint], headers.get(b"traceparent"))
                if span is not None:
                    describe_plan(span, context, plan)
                await self.executor.execute(plan, answer, partial(self._finish, context, plan, span))
        except asyncio.CancelledError:
            gate.refuse_if_cut(task)
            raise
        finally:
            gate.leave(task)

    async def _learned(self, context: Context) -> Selection:
        begun = time.monotonic()
        selection = await self.selector.learned(context)
        self.meter.selected(time.monotonic() - begun)
        return selection

    def _finish(self, context: Context, plan: Plan, span: Span | None, outcome: Outcome) -> None:
        if outcome.error == LEFT and self.gate.closed:
            outcome = replace(outcome, status=ShuttingDown.status, error=ShuttingDown.code)
        self.meter.done(context, plan, outcome)
        if span is not None:
            finish_span(span, context, plan, outcome)


def _plan(context: Context, selection: Selection) -> Plan:
    routing, call, headers = context.state.routing, context.call, context.headers
    sent = SENT_UPSTREAM[call.endpoint]
    return Plan(
        context.request_id,
        call.endpoint,
        call.body,
        call.stream,
        () if sent.isdisjoint(headers) else _sent(headers, sent),
        selection.deployments,
        selection.decision,
        context.started + routing.timeout_s,
        routing.num_retries,
        context.state.version,
        selection.fallbacks,
        routing.retry_pause_s,
        routing.retry_statuses(selection.deployments[0].group),
    )


def _sent(headers: Mapping[bytes, bytes], names: frozenset[bytes]) -> tuple[tuple[str, str], ...]:
    return tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in headers.items() if k in names)
