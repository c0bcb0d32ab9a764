"""One request from begin to end: authenticate, admit, select, attempt, relay, meter.

Authentication has happened at the edge, in front of every path. What raises before the first byte is
answered in the route family's error shape by the edge; after it, the relay ends the stream with an event.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from opentelemetry.trace import Tracer

from routeiq.config.state import State
from routeiq.gateway.dialects.edits import REDACTED, StreamEdits, renamed
from routeiq.gateway.dialects.openai_answer import wants_usage
from routeiq.gateway.pipeline.admit import parse_call
from routeiq.gateway.pipeline.attempt import Attempts, Served
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.describe import decision_headers
from routeiq.gateway.pipeline.gate import Gate, ShuttingDown
from routeiq.gateway.pipeline.meter import Meter
from routeiq.gateway.pipeline.select import Selector
from routeiq.gateway.pipeline.trace import describe_plan, finish_span, start_span
from routeiq.gateway.plan import Endpoint, Outcome, Plan
from routeiq.gateway.upstream.openai_compatible import USAGE_ON_DEMAND
from routeiq.gateway.upstream.refusals import secret_of
from routeiq.gateway.upstream.relay import Relayed, passed_on, relay_stream, relay_whole
from routeiq.kit.asgi import Answer, ClientDisconnected, DisconnectWatch, Receive, Scope, read_body
from routeiq.kit.error_bodies import Family
from routeiq.kit.errors import RouteIQError
from routeiq.kit.principal import Principal

NOBODY_LEFT = (0, "")
_PLAIN = frozenset({b"traceparent", b"tracestate", b"accept-language"})
SENT_UPSTREAM: Mapping[Family, frozenset[bytes]] = {
    Family.OPENAI: _PLAIN | {b"openai-beta"},
    Family.ANTHROPIC: _PLAIN | {b"anthropic-beta", b"anthropic-version"},
}
"""The caller's headers that may reach an upstream of the endpoint's dialect. No credential is ever among them."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages, wired. One instance serves every request."""

    selector: Selector
    attempts: Attempts
    meter: Meter
    tracer: Tracer
    gate: Gate

    async def run(
        self,
        scope: Scope,
        receive: Receive,
        answer: Answer,
        *,
        state: State,
        principal: Principal,
        request_id: str,
        endpoint: Endpoint,
        path_model: str | None = None,
    ) -> None:
        """Raises RouteIQError for what goes wrong before the first byte, and ShuttingDown at any time."""
        started = time.monotonic()
        with self.gate.enter():
            raw = await read_body(scope, receive, state.body_limit_bytes)
            call = parse_call(endpoint, raw, path_model)
            context = Context(request_id, principal, state, call, tuple(scope["headers"]), started)
            with DisconnectWatch(receive):
                plan = await self._plan(context)
                await self._execute(context, plan, answer)

    async def _plan(self, context: Context) -> Plan:
        begun = time.monotonic()
        selection = await self.selector.select(context)
        self.meter.selected(time.monotonic() - begun)
        endpoint = context.call.endpoint
        sent = SENT_UPSTREAM[endpoint.errors]
        return Plan(
            request_id=context.request_id,
            endpoint=endpoint,
            body=context.call.body,
            stream=context.call.stream,
            headers=tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in context.headers if k in sent),
            deployments=selection.deployments,
            decision=selection.decision,
            deadline=context.started + context.state.routing.timeout_s,
            retries=context.state.routing.num_retries,
            state_version=context.state.version,
        )

    async def _execute(self, context: Context, plan: Plan, answer: Answer) -> None:
        span = start_span(self.tracer, plan.endpoint.value)
        describe_plan(span, context, plan)
        served, relayed, left = None, Relayed(), NOBODY_LEFT
        try:
            served = await self.attempts.run(plan)
            await _relay(plan, served, answer, relayed)
        except RouteIQError as error:
            left = (error.status, error.code)
            raise
        except Exception:
            left = (500, "internal_error")
            raise
        except asyncio.CancelledError:
            left = (503, ShuttingDown.code) if self.gate.closed else (499, ClientDisconnected.code)
            raise
        finally:
            if served is not None:
                await served.close()
            outcome = _outcome(served, relayed, *left)
            self.meter.done(context, plan, outcome)
            finish_span(span, outcome)


def _outcome(served: Served | None, relayed: Relayed, status: int, error: str) -> Outcome:
    """`status` and `error` are of what ended the request early; 0 and empty for an answer that went its way."""
    if served is None:
        return Outcome(status, None, 0, None, 0, error)
    return Outcome(
        status or served.status,
        served.deployment,
        served.attempts,
        relayed.tokens(),
        relayed.bytes_sent,
        error or served.error or relayed.error,
    )


async def _relay(plan: Plan, served: Served, answer: Answer, relayed: Relayed) -> None:
    headers = passed_on(served.headers)
    headers += decision_headers(plan, served.deployment, served.attempts)
    alias = served.deployment.group if served.deployment.group != served.deployment.model else None
    if served.stream is not None:
        hide = plan.endpoint in USAGE_ON_DEMAND and not wants_usage(plan.body)
        edits = StreamEdits(plan.endpoint, model=alias, hide_usage=hide, secret=secret_of(served.deployment))
        await relay_stream(answer, served.stream, headers, edits, relayed)
        return
    body = served.body or b""
    whole = renamed(body, alias) if alias and served.status < 400 else body
    secret = secret_of(served.deployment)
    if secret and secret in whole:
        whole = whole.replace(secret, REDACTED)
    await relay_whole(answer, served.status, whole, headers, relayed)
