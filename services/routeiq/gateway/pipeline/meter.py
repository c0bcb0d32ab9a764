"""Count and log what became of a request. No prompt, no completion, no key.

Metric names follow the OpenTelemetry GenAI conventions and contract 3.4, in Prometheus' spelling.
"""

from __future__ import annotations

from collections import Counter as Tally
from contextlib import suppress

from prometheus_client import CollectorRegistry, Counter, Gauge

from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.gate import Gate
from routeiq.gateway.pipeline.kinds import GENERATE, Ended, Kind, Kinds, Way, ended
from routeiq.gateway.plan import Outcome, Plan
from routeiq.kit.access_log import AccessLog, json_text
from routeiq.kit.batch import Batch
from routeiq.kit.metrics import SECONDS, Counts, Durations

FAILED_4XX = frozenset({"401", "402", "404", "408", "429"})
"""What an upstream answers where it is not the caller who was wrong, as the breakers count it."""


class Meter:
    """The gateway's metrics. Labels have few values: public model names, statuses, reasons."""

    def __init__(self, registry: CollectorRegistry, gate: Gate) -> None:
        self._log = AccessLog()
        self._batch = Batch(self._count)
        self._kinds = Kinds(self._kind, json_text)
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
        self._batch.add(ended(context, plan, outcome))

    def _count(self, batch: list[Ended]) -> None:
        met, lines = self._kinds.add(batch)
        for kind in met:
            kind.fold(self._requests.by, self._decisions.by, self._tokens.by)
        self._log.write(lines)

    def _kind(self, way: Way) -> Kind:
        endpoint, status, group, entry, strategy, fallback, attempts, stream, error = way
        fields = {
            "endpoint": endpoint, "status": status, "model": group, "strategy": strategy, "fallback": fallback,
            "attempts": attempts, "stream": stream, "error": error,
        }  # fmt: skip
        event = "generate.done" if endpoint == GENERATE else "request.done"
        model = entry or group  # callers choose the names behind wildcards; labels have few values
        spread = self._duration.of((endpoint, model))
        line = self._log.begin(event, fields)
        return Kind(line, model, (endpoint, str(status)), (strategy, model, fallback), spread)


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
