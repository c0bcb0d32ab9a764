"""Our counters and histograms read as the library's own do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest

from routeiq.kit.metrics import Counts, Durations

BUCKETS = (0.01, 0.1, 1.0)


def lines(registry: CollectorRegistry) -> list[str]:
    """All but the times at which the library's objects were made, which ours do not tell."""
    return [line for line in generate_latest(registry).decode().splitlines() if "_created" not in line]


@given(st.lists(st.tuples(st.sampled_from(["a", 'b"\n']), st.integers(0, 9))))
def test_counts_read_as_the_librarys(counted: list[tuple[str, int]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    counts, counter = Counts("asked", "Asked", ["who"], ours), Counter("asked", "Asked", ["who"], registry=theirs)
    for who, number in counted:
        counts.by[who,] += number
        counter.labels(who).inc(number)
    assert lines(ours) == lines(theirs)


@given(st.lists(st.one_of(st.floats(0, 2), st.sampled_from(BUCKETS))))
def test_durations_read_as_the_librarys(observed: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    durations = Durations("took", "Took", ["who"], BUCKETS, ours)
    histogram = Histogram("took", "Took", ["who"], buckets=BUCKETS, registry=theirs)
    for seconds in observed:
        durations.observe(seconds, ("a",))
        histogram.labels("a").observe(seconds)
    assert lines(ours) == lines(theirs)


def test_a_name_is_given_once() -> None:
    registry = CollectorRegistry()
    Counts("asked", "Asked", [], registry)
    with pytest.raises(ValueError, match="Duplicated"):
        Counter("asked", "Asked", registry=registry)
