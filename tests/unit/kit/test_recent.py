"""What was served in the last seconds, from totals."""

from __future__ import annotations

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from routeiq.gateway.pipeline.gate import Gate
from routeiq.gateway.pipeline.meter import Meter
from routeiq.kit.recent import Recent


@dataclass
class Served:
    """`at`: seconds."""

    requests: int = 0
    failures: int = 0
    at: float = 0.0

    def totals(self) -> tuple[int, int]:
        return self.requests, self.failures

    def clock(self) -> float:
        return self.at


def test_they_are_those_of_the_last_ten_seconds() -> None:
    served = Served()
    recent = Recent(served.totals, clock=served.clock)
    seen = []
    for second in range(30):
        served.at, served.requests, served.failures = second, 100 * second, second
        seen.append(recent())
    assert seen[5] == (500, 5)
    assert set(seen[10:]) == {(1000, 10)}


def test_what_was_served_before_another_document_does_not_count() -> None:
    served = Served(requests=100, failures=100)
    recent = Recent(served.totals, clock=served.clock)
    served.at, served.requests = 1, 150
    assert recent() == (50, 0)
    recent.begin()
    served.at, served.requests, served.failures = 2, 160, 101
    assert recent() == (10, 1)


def test_looks_are_not_kept_for_ever() -> None:
    served = Served()
    recent = Recent(served.totals, clock=served.clock)
    for moment in range(10_000):
        served.at = moment / 10
        recent()
    assert len(recent._looks) < 110


def test_a_meter_tells_upstreams_failures_from_what_was_turned_away() -> None:
    meter = Meter(CollectorRegistry(), Gate(0))
    for status, planned in {"200": 7, "400": 2, "401": 3, "429": 1, "499": 1, "502": 2}.items():
        meter._requests.by["chat", status] += planned
    for status in (401, 401, 404, 429, 413, 503):
        meter.refused("chat", status)
    assert meter.totals() == (7 + 2 + 3 + 1 + 1 + 2 + 1, 3 + 1 + 2 + 1)
