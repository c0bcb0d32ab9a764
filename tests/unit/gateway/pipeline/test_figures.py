"""Live figures: what they count, and that they stay as few as the state's deployments."""

from __future__ import annotations

from math import inf

import pytest

from routeiq.config.state import DeploymentId
from routeiq.gateway.pipeline.figures import Figures
from tests.support.executing import FakeClock, member, serving

A, B = member("a", max_parallel=3, cooldown_s=7.0), member("b")


def test_a_minute_starts_at_nothing() -> None:
    clock = FakeClock()
    live = Figures(serving(A), clock=clock).of(A.id)
    live.begin(clock.now)
    live.tokens += 5
    live.begin(clock.now + 60)
    assert (live.requests, live.tokens, live.in_flight) == (1, 0, 2)


def test_latency_is_smoothed_and_forgotten() -> None:
    live = Figures(serving(A)).of(A.id)
    assert live.latency(0.0, 60, stream=True) is None
    live.measure(1.0, 10.0, stream=True)
    live.measure(2.0, 10.0, stream=True)
    live.measure(4.0, 10.0, stream=False)
    assert live.latency(20.0, 60, stream=True) == pytest.approx(1.3)
    assert live.latency(20.0, 60, stream=False) == 4.0
    assert live.latency(80.0, 60, stream=True) is None


def test_a_new_state_keeps_what_stays_and_drops_what_is_gone() -> None:
    figures = Figures(serving(A, B))
    kept = figures.of(A.id)
    kept.begin(0.0)
    gone = figures.follow(serving(member("a", max_parallel=None), member("c")))
    assert [live.id for live in gone] == ["b"]
    assert (figures.of(A.id) is kept, kept.in_flight, kept.max_parallel, len(figures)) == (True, 1, inf, 2)
    assert [peer.id for peer in kept.peers] == ["a", "c"]


def test_settings_of_the_deployment_are_taken_over() -> None:
    live = Figures(serving(A, B)).of(A.id)
    assert (live.max_parallel, live.cooldown_s, live.group) == (3, 7.0, "g")


def test_an_unknown_deployment_is_not_kept() -> None:
    figures = Figures()
    figures.of(DeploymentId("x")).begin(0.0)
    assert (len(figures), figures.of(DeploymentId("x")).in_flight) == (0, 0)


def test_only_the_release_of_the_probe_ends_it() -> None:
    live = Figures(serving(A)).of(A.id)
    before = live.begin(0.0)
    live.rest_until = 5.0
    assert live.resting(4.0)
    assert not live.resting(6.0)
    probe = live.begin(6.0)
    assert live.resting(6.0)
    assert live.begin(6.0) == 0
    live.release(before)
    assert live.resting(6.0)
    live.release(probe)
    assert not live.resting(6.0)


def test_a_full_deployment_is_passed_over() -> None:
    live = Figures(serving(A)).of(A.id)
    for _ in range(3):
        live.begin(0.0)
    assert live.passed_over(0.0)
    live.release(0)
    assert not live.passed_over(0.0)
