"""Counters and histograms for the hot path: plain dictionaries, which prometheus_client reads when it is scraped.

The library's own objects take a lock and check their labels at every count, ten times what counting costs. One event
loop counts and is scraped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

Labels = tuple[str, ...]
SECONDS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""Buckets of OpenTelemetry's GenAI conventions."""


class Counts(Collector):
    """A counter. Count with `counts.by[labels] += n`, the labels' values in the order of their names."""

    def __init__(
        self,
        name: str,
        text: str,
        labels: Sequence[str],
        registry: CollectorRegistry,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """`before`: called at each scrape; what is to be in it may be counted there."""
        self._name, self._text, self._labels, self._before = name, text, labels, before
        self.by: defaultdict[Labels, float] = defaultdict(float)
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        return [self._family()]

    def collect(self) -> Iterable[Metric]:
        self._before()
        family = self._family()
        for values, count in self.by.items():
            family.add_metric([str(value) for value in values], count)
        return [family]

    def _family(self) -> CounterMetricFamily:
        return CounterMetricFamily(self._name, self._text, labels=self._labels)


class Spread:
    """How long something took, each time. `counts`: for each bucket, and for what is longer than all."""

    __slots__ = ("_bounds", "counts", "seconds")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.seconds = 0.0

    def add(self, seconds: float) -> None:
        place = 0
        for bound in self._bounds:
            if seconds <= bound:
                break
            place += 1
        self.counts[place] += 1
        self.seconds += seconds


class Durations(Collector):
    """A histogram of seconds. `buckets`: their upper bounds, ascending."""

    def __init__(
        self, name: str, text: str, labels: Sequence[str], buckets: Sequence[float], registry: CollectorRegistry
    ) -> None:
        self._name, self._text, self._labels = name, text, labels
        self._buckets = tuple(float(bound) for bound in buckets)
        self._by: dict[Labels, Spread] = {}
        registry.register(self)

    def of(self, labels: Labels) -> Spread:
        """For who counts there often."""
        found = self._by.get(labels)
        if found is None:
            found = self._by[labels] = Spread(self._buckets)
        return found

    def observe(self, seconds: float, labels: Labels = ()) -> None:
        self.of(labels).add(seconds)

    def describe(self) -> Iterable[Metric]:
        return [self._family()]

    def collect(self) -> Iterable[Metric]:
        family = self._family()
        for values, spread in self._by.items():
            family.add_metric([str(value) for value in values], self._cumulative(spread.counts), spread.seconds)
        return [family]

    def _cumulative(self, counts: Sequence[int]) -> list[tuple[str, float]]:
        found, so_far = [], 0.0
        for bound, count in zip((*map(str, self._buckets), "+Inf"), counts, strict=True):
            so_far += count
            found.append((bound, so_far))
        return found

    def _family(self) -> HistogramMetricFamily:
        return HistogramMetricFamily(self._name, self._text, labels=self._labels)
