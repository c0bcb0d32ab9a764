"""Count and log what became of a request. No prompt, no completion, no key.

Metric names follow the OpenTelemetry GenAI conventions and contract 3.4, in Prometheus' spelling.
"""

from __future__ import annotations

import time
from collections import Counter as Tally
from contextlib import suppress
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from routeiq.config.state import Deployment
from routeiq.gateway.pipeline.context import Context, Purpose
from routeiq.gateway.pipeline.gate import Gate
from routeiq.gateway.plan import Decision, Endpoint, Outcome, Plan
from routeiq.kit.access_log import AccessLog, Line
from routeiq.kit.batch import Batch
from routeiq.kit.metrics import SECONDS, Counts, Durations


class Done(Line, tag="request.done", gc=False):
    """The log's line for a request."""

    request_id: str
    endpoint: str
    status: int
    model: str
    strategy: str
    fallback: str
    attempts: int
    stream: bool
    bytes: int
    error: str
    key_id: str
    ms: float


class Generated(Done, tag="generate.done", gc=False):
    """The same for one of the LLM Gateway API."""

    service_name: str
    task_type: str


FAILED_4XX = frozenset({"401", "402", "404", "408", "429"})
"""What an upstream answers where it is not the caller who was wrong, as the breakers count it."""
_TEXTS = {status: str(status) for status in range(200, 600)}
GENERATE = "generate"
"""Its endpoint, in metrics and lines."""
_Ended = tuple[str, Endpoint, bool, Decision, Outcome, Deployment, str, float, float, Purpose | None]
"""Request id, endpoint, stream, decision, outcome, who served or should have, key id, seconds, time of the end, and
what else was said of it."""


class Meter:
    """The gateway's metrics. Labels have few values: public model names, statuses, reasons."""

    def __init__(self, registry: CollectorRegistry, gate: Gate) -> None:
        self._log = AccessLog()
        self._batch = Batch(self._count)
        self._turned_away: Tally[str] = Tally()
        """Requests that never had a plan, by status."""
        inside = Gauge("gateway_requests_in_flight", "Requests to models that run now", registry=registry)
        inside.set_function(lambda: gate.inside)
        self._requests = Counts(
            "gateway_request_total", "Requests by endpoint and status", ["endpoint", "status"], registry, self.flush
        )
        self._unread = Counts(
            "gateway_http_refusals", "Requests that are no HTTP, too large or too slow, by status", ["status"], registry
        )
        self._duration = Durations(
            "gen_ai_client_operation_duration_seconds",
            "From request to last byte",
            ["operation", "model"],
            SECONDS,
            registry,
        )
        self._tokens = Counts(
            "gen_ai_client_token_usage", "Tokens as upstreams reported them", ["model", "type"], registry
        )
        self._decisions = Counts(
            "gateway_routing_decisions",
            "Decisions by strategy, model and fallback",
            ["strategy", "model", "fallback"],
            registry,
        )

    def refused(self, endpoint: str, status: int) -> None:
        """A request that never had a plan."""
        self._requests.by[endpoint, str(status)] += 1
        self._turned_away[str(status)] += 1

    def totals(self) -> tuple[int, int]:
        """Requests since the start, and those of them that failed by no fault of the caller's. What was turned away
        with a 4xx is neither."""
        self.flush()
        seen = Tally[str]()
        for (_, status), count in self._requests.by.items():
            seen[status] += int(count)
        for status, count in self._turned_away.items():
            seen[status] -= count if status < "500" else 0
        return seen.total(), sum(count for status, count in seen.items() if status >= "500" or status in FAILED_4XX)

    def unread(self, status: int) -> None:
        """A request that the server itself refused: it had no endpoint yet."""
        self._unread.by[(str(status),)] += 1

    def flush(self) -> None:
        """Count and log what waits for it."""
        self._batch.flush()

    def done(self, context: Context, plan: Plan, outcome: Outcome) -> None:
        """A request that had a plan, whatever became of it. It is counted and logged a moment later."""
        seconds = time.monotonic() - context.started
        key_id = context.caller.principal.key_id
        ended = time.time()
        deployment = outcome.deployment or plan.deployments[0]
        self._batch.add(
            (
                plan.request_id, plan.endpoint, plan.stream, plan.decision, outcome, deployment, key_id, seconds, ended,
                context.purpose,
            )
        )  # fmt: skip

    def _count(self, batch: list[_Ended]) -> None:
        requests, decisions, tokens = self._requests.by, self._decisions.by, self._tokens.by
        observe, service, lines = self._duration.observe, self._log.service, list[Done]()
        for request_id, asked, stream, decision, outcome, served, key_id, seconds, ended, purpose in batch:
            endpoint = asked if purpose is None else GENERATE
            usage, fallback = outcome.usage, decision.fallback or outcome.fallback
            model = served.entry or served.group  # callers choose the names behind wildcards; labels have few values
            status = outcome.status
            requests[endpoint, _TEXTS.get(status) or str(status)] += 1
            observe(seconds, (endpoint, model))
            decisions[decision.strategy, model, fallback] += 1
            if usage is not None:
                tokens[model, "input"] += usage.input_tokens
                tokens[model, "output"] += usage.output_tokens
            facts = (
                request_id, endpoint, status, served.group, decision.strategy, fallback,
                len(outcome.attempts), stream, outcome.streamed_bytes, outcome.error, key_id[:12],
                int(seconds * 10_000 + 0.5) / 10,  # milliseconds; `round` takes four times as long
            )  # fmt: skip
            at = datetime.fromtimestamp(ended, UTC)
            if purpose is None:
                lines.append(Done(*facts, service=service, timestamp=at))
            else:
                lines.append(Generated(*facts, purpose.service, purpose.task_type, service=service, timestamp=at))
        self._log.write(lines)


class DeploymentMeter:
    """The breakers, by public model name and deployment id. Ids are as many as the document has entries."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["model", "deployment"]
        self._state = Gauge("gateway_deployment_state", "0 healthy, 1 half-open, 2 cooled", labels, registry=registry)
        self._cooled = Counter(
            "gateway_deployment_cooled", "How often a deployment was put behind the others", labels, registry=registry
        )

    def state(self, model: str, deployment: str, state: int) -> None:
        self._state.labels(model, deployment).set(state)

    def cooled(self, model: str, deployment: str) -> None:
        self._cooled.labels(model, deployment).inc()

    def forget(self, model: str, deployment: str) -> None:
        """The deployment is gone."""
        for metric in (self._state, self._cooled):
            with suppress(KeyError):  # it was never cooled
                metric.remove(model, deployment)
