"""Count and log what became of a request. No prompt, no completion, no key.

Metric names follow the OpenTelemetry GenAI conventions and contract 3.4, in Prometheus' spelling.
"""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.gate import Gate
from routeiq.gateway.plan import Outcome, Plan
from routeiq.kit.access_log import AccessLog, Line
from routeiq.kit.metrics import Counts, Durations

SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)


class Done(Line, tag="request.done"):
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


class Meter:
    """The gateway's metrics. Labels have few values: public model names, statuses, reasons."""

    def __init__(self, registry: CollectorRegistry, gate: Gate) -> None:
        self._log = AccessLog()
        self._service = self._log.service
        inside = Gauge("gateway_requests_in_flight", "Requests to models that run now", registry=registry)
        inside.set_function(lambda: gate.inside)
        self._requests = Counts(
            "gateway_request_total", "Requests by endpoint and status", ["endpoint", "status"], registry
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
        self._selection = Durations(
            "gateway_routing_decision_duration_seconds", "Time to choose a model", [], SECONDS, registry
        )

    def refused(self, endpoint: str, status: int) -> None:
        """A request that never had a plan."""
        self._requests.by[endpoint, str(status)] += 1

    def flush(self) -> None:
        """Write the last lines of the log."""
        self._log.flush()

    def selected(self, seconds: float) -> None:
        self._selection.observe(seconds)

    def done(self, context: Context, plan: Plan, outcome: Outcome) -> None:
        """A request that had a plan, whatever became of it."""
        decision, usage, endpoint = plan.decision, outcome.usage, plan.endpoint
        model = outcome.deployment.group if outcome.deployment else decision.model
        seconds = time.monotonic() - context.started
        fallback = decision.fallback or outcome.fallback
        self._requests.by[endpoint, str(outcome.status)] += 1
        self._duration.observe(seconds, (endpoint, model))
        self._decisions.by[decision.strategy, model, fallback] += 1
        if usage is not None:
            self._tokens.by[model, "input"] += usage.input_tokens
            self._tokens.by[model, "output"] += usage.output_tokens
        self._log.write(
            Done(
                plan.request_id, endpoint, outcome.status, model, decision.strategy, fallback, len(outcome.attempts),
                plan.stream, outcome.streamed_bytes, outcome.error, context.principal.key_id[:12],
                round(seconds * 1000, 1), service=self._service, timestamp=datetime.now(UTC),
            )
        )  # fmt: skip


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
