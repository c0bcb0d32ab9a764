"""Count and log what became of a request. No prompt, no completion, no key.

Metric names follow the OpenTelemetry GenAI conventions and contract 3.4, in Prometheus' spelling.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Generic, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.gate import Gate
from routeiq.gateway.plan import Outcome, Plan
from routeiq.kit.access_log import AccessLog

Metric = TypeVar("Metric", Counter, Histogram)
SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)


class Children(dict[tuple[str, ...], Metric], Generic[Metric]):
    """A metric by its label values, each looked up in the library once: that costs more than counting."""

    def __init__(self, metric: Metric) -> None:
        super().__init__()
        self._metric: Metric = metric

    def __missing__(self, labels: tuple[str, ...]) -> Metric:
        child: Metric = self._metric.labels(*labels)
        self[labels] = child
        return child


class Meter:
    """The gateway's metrics. Labels have few values: public model names, statuses, reasons."""

    def __init__(self, registry: CollectorRegistry, gate: Gate) -> None:
        self._log = AccessLog()
        inside = Gauge("gateway_requests_in_flight", "Requests to models that run now", registry=registry)
        inside.set_function(lambda: gate.inside)
        requests = Counter(
            "gateway_request_total", "Requests by endpoint and status", ["endpoint", "status"], registry=registry
        )
        duration = Histogram(
            "gen_ai_client_operation_duration_seconds",
            "From request to last byte",
            ["operation", "model"],
            buckets=SECONDS,
            registry=registry,
        )
        tokens = Counter(
            "gen_ai_client_token_usage", "Tokens as upstreams reported them", ["model", "type"], registry=registry
        )
        decisions = Counter(
            "gateway_routing_decisions",
            "Decisions by strategy, model and fallback",
            ["strategy", "model", "fallback"],
            registry=registry,
        )
        self._requests = Children(requests)
        self._duration = Children(duration)
        self._tokens = Children(tokens)
        self._decisions = Children(decisions)
        self._selection = Histogram(
            "gateway_routing_decision_duration_seconds", "Time to choose a model", buckets=SECONDS, registry=registry
        )

    def refused(self, endpoint: str, status: int) -> None:
        """A request that never had a plan."""
        self._requests[endpoint, str(status)].inc()

    def flush(self) -> None:
        """Write the last lines of the log."""
        self._log.flush()

    def selected(self, seconds: float) -> None:
        self._selection.observe(seconds)

    def done(self, context: Context, plan: Plan, outcome: Outcome) -> None:
        """A request that had a plan, whatever became of it."""
        model = outcome.deployment.group if outcome.deployment else plan.decision.model
        seconds = time.monotonic() - context.started
        self._requests[plan.endpoint.value, str(outcome.status)].inc()
        self._duration[plan.endpoint.value, model].observe(seconds)
        fallback = plan.decision.fallback or outcome.fallback
        self._decisions[plan.decision.strategy, model, fallback].inc()
        if outcome.usage is not None:
            self._tokens[model, "input"].inc(outcome.usage.input_tokens)
            self._tokens[model, "output"].inc(outcome.usage.output_tokens)
        self._log.write(
            "request.done",
            {
                "request_id": plan.request_id,
                "endpoint": plan.endpoint.value,
                "status": outcome.status,
                "model": model,
                "strategy": plan.decision.strategy,
                "fallback": fallback,
                "attempts": len(outcome.attempts),
                "stream": plan.stream,
                "bytes": outcome.streamed_bytes,
                "error": outcome.error,
                "key_id": context.principal.key_id[:12],
                "ms": round(seconds * 1000, 1),
            },
        )


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
