"""One request from begin to end: authenticate, admit, select, attempt, relay, meter.

Authentication has happened at the edge, in front of every path. What raises before the first byte is
answered in the route family's error shape by the edge; after it, the relay ends the stream with an event.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from opentelemetry.trace import Span, Tracer

from routeiq.config.state import State
from routeiq.gateway.pipeline.admit import parse_call
from routeiq.gateway.pipeline.attempt import Attempts, Served
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.describe import decision_headers
from routeiq.gateway.pipeline.meter import Meter
from routeiq.gateway.pipeline.select import Selector
from routeiq.gateway.pipeline.trace import describe_plan, finish_span, start_span
from routeiq.gateway.plan import Endpoint, Outcome, Plan
from routeiq.gateway.upstream.relay import Relayed, passed_on, relay_stream, relay_whole
from routeiq.kit.asgi import Receive, Scope, Send, cancel_on_disconnect, read_body
from routeiq.kit.errors import RouteIQError
from routeiq.kit.principal import Principal

SENT_UPSTREAM = frozenset({b"openai-beta", b"traceparent", b"tracestate", b"accept-language"})
"""The caller's headers that may reach an OpenAI-dialect upstream. No credential is ever among them."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages, wired. One instance serves every request."""

    selector: Selector
    attempts: Attempts
    meter: Meter
    tracer: Tracer

    async def run(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        state: State,
        principal: Principal,
        request_id: str,
        endpoint: Endpoint,
    ) -> None:
        """Raises RouteIQError for what goes wrong before the first byte."""
        started = time.monotonic()
        raw = await read_body(scope, receive, state.body_limit_bytes)
        call = parse_call(endpoint, raw)
        context = Context(request_id, principal, state, call, tuple(scope["headers"]), started)
        async with cancel_on_disconnect(receive):
            plan = await self._plan(context)
            await self._execute(context, plan, send)

    async def _plan(self, context: Context) -> Plan:
        begun = time.monotonic()
        selection = await self.selector.select(context)
        self.meter.selected(time.monotonic() - begun)
        return Plan(
            request_id=context.request_id,
            endpoint=context.call.endpoint,
            body=context.call.body,
            stream=context.call.stream,
            headers=tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in context.headers if k in SENT_UPSTREAM),
            deployments=selection.deployments,
            decision=selection.decision,
            deadline=context.started + context.state.routing.timeout_s,
            retries=context.state.routing.num_retries,
            state_version=context.state.version,
        )

    async def _execute(self, context: Context, plan: Plan, send: Send) -> None:
        span = start_span(self.tracer, plan.endpoint.value)
        describe_plan(span, context, plan)
        outcome = Outcome(499, None, 0, None, 0, "client_disconnected")
        try:
            outcome = await self._serve(plan, send)
        except RouteIQError as error:
            outcome = Outcome(error.status, None, 0, None, 0, error.code)
            raise
        except Exception:
            outcome = Outcome(500, None, 0, None, 0, "internal_error")
            raise
        finally:
            self._finish(context, plan, outcome, span)

    async def _serve(self, plan: Plan, send: Send) -> Outcome:
        served = await self.attempts.run(plan)
        try:
            relayed = await _relay(plan, served, send)
        finally:
            await served.close()
        return Outcome(
            served.status,
            served.deployment,
            served.attempts,
            relayed.usage,
            relayed.bytes_sent,
            served.error or relayed.error,
        )

    def _finish(self, context: Context, plan: Plan, outcome: Outcome, span: Span) -> None:
        self.meter.done(context, plan, outcome)
        finish_span(span, outcome)


async def _relay(plan: Plan, served: Served, send: Send) -> Relayed:
    headers = passed_on(served.headers)
    headers += decision_headers(plan, served.deployment, served.attempts)
    if served.stream is not None:
        return await relay_stream(send, served.stream, headers)
    return await relay_whole(send, served.status, served.body or b"", headers)
