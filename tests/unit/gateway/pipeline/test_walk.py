"""Which call comes next: in the group, after a pause, in a fallback group, or none."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from routeiq.config.state import Deployment
from routeiq.config.statuses import ANY_STATUS
from routeiq.gateway.pipeline.failures import Kind, kind_of
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.pipeline.walk import BACKOFF_S, Fallback, Step, Walk
from routeiq.gateway.plan import Fallbacks
from tests.support.executing import FakeClock, member, plan, serving

A, B, C, D = (member(name) for name in "abcd")
ALL = serving(A, B, C, D)


class Walking:
    """A walk whose every call fails; `fail` says how and returns the next step."""

    def __init__(self, *deployments: Deployment, **fields: object) -> None:
        self.clock = FakeClock()
        self.figures = Figures(ALL, clock=self.clock)
        self.walk = Walk(
            plan(*deployments, clock=self.clock, **fields),
            self.figures,
            random.Random(1),  # type: ignore[arg-type]
        )
        self.last = self.walk.first(self.clock.now)

    def fail(self, status: int = 503, kind: Kind | None = None, after: float | None = None) -> Step | None:
        step = self.walk.next(self.last, status, kind or kind_of(status), after, self.clock.now)
        if step:
            self.last = step.deployment
        return step

    def names(self, *statuses: int) -> list[str | None]:
        found = [self.fail(status) for status in statuses]
        return [step.deployment.id if step else None for step in found]


def fallback(*groups: Deployment) -> Fallbacks:
    return Fallbacks(tuple((one,) for one in groups))


def test_another_deployment_is_called_at_once_and_the_same_one_after_a_pause() -> None:
    walking = Walking(A, B)
    second, third = walking.fail(), walking.fail()
    assert (second, third and third.deployment) == (Step(B, 0.0), A)
    assert third is not None
    assert 0 < third.pause_s <= BACKOFF_S


@pytest.mark.parametrize("status", [401, 402, 403, 404, 501])
def test_an_error_of_the_deployment_never_comes_back_to_it(status: int) -> None:
    assert Walking(A, B, retries=5).names(status, status) == ["b", None]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_the_callers_own_error_is_final_with_fallbacks_too(status: int) -> None:
    assert Walking(A, B, fallbacks=fallback(C)).fail(status) is None


def test_retries_bound_the_calls_of_a_group() -> None:
    assert Walking(A, retries=2).names(503, 503, 503) == ["a", "a", None]


def test_every_fallback_group_has_its_own_retries() -> None:
    walking = Walking(A, retries=1, fallbacks=fallback(B, C))
    assert walking.names(*[503] * 6) == ["a", "b", "b", "c", "c", None]
    assert (walking.walk.number, walking.walk.fallback) == (2, Fallback.UPSTREAM_FAILED)


def test_max_retries_bounds_a_single_deployment() -> None:
    assert Walking(member("a", max_retries=0), member("b", max_retries=1), retries=9).names(*[503] * 4) == [
        "b", "b", None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("by_status", "status", "calls"),
    [({503: 0}, 503, 0), ({429: 5}, 429, 5), ({429: 5}, 503, 2), ({ANY_STATUS: 1}, 503, 1)],
)
def test_a_policy_by_status_replaces_the_number_of_retries(
    by_status: Mapping[int, int], status: int, calls: int
) -> None:
    walking = Walking(A, by_status=by_status)
    assert walking.names(*[status] * 7).count("a") == calls


@pytest.mark.parametrize("pause", [2.0, 30.0])
def test_retry_after_is_honoured(pause: float) -> None:
    assert Walking(A).fail(429, after=pause) == Step(A, pause)


@pytest.mark.parametrize("pause", [60.0, 61.0, 3600.0])
def test_a_retry_after_past_the_deadline_or_a_minute_is_passed_on(pause: float) -> None:
    assert Walking(A, within_s=60).fail(429, after=pause) is None


def test_with_a_fallback_nobody_waits_long() -> None:
    walking = Walking(A, fallbacks=fallback(B))
    assert walking.fail(429, after=30) == Step(B)


def test_while_one_has_asked_for_patience_the_others_are_called() -> None:
    walking = Walking(A, B, retries=3)
    assert walking.fail(429, after=20) == Step(B)
    again = walking.fail(503)
    assert again is not None
    assert again.deployment == B


def test_the_shortest_pause_of_the_settings_holds() -> None:
    assert Walking(A, pause_s=3).fail() == Step(A, 3)


def test_pauses_grow_and_stay_under_their_ceiling() -> None:
    walking = Walking(A, retries=9)
    pauses = [step.pause_s for _ in range(9) if (step := walking.fail())]
    assert all(pause <= min(8, BACKOFF_S * 2**n) for n, pause in enumerate(pauses))
    assert max(pauses) > BACKOFF_S


def test_past_the_deadline_there_is_no_next_call() -> None:
    walking = Walking(A, B, fallbacks=fallback(C))
    walking.clock.now += 60
    assert walking.fail() is None


@pytest.mark.parametrize(
    ("kind", "special", "reason"),
    [
        (Kind.CONTEXT_WINDOW, Fallbacks(((B,),), ((C,), (D,)), ()), Fallback.CONTEXT_WINDOW),
        (Kind.CONTENT_POLICY, Fallbacks(((B,),), (), ((C,), (D,))), Fallback.CONTENT_POLICY),
    ],
)
def test_a_special_error_goes_to_its_own_list_at_once(kind: Kind, special: Fallbacks, reason: Fallback) -> None:
    walking = Walking(A, fallbacks=special)
    assert walking.fail(400, kind) == Step(C)
    assert walking.walk.fallback == reason
    assert walking.fail(400, kind) == Step(D)
    assert walking.fail(400, kind) is None


@pytest.mark.parametrize("kind", [Kind.CONTEXT_WINDOW, Kind.CONTENT_POLICY])
def test_a_special_error_without_a_list_goes_to_the_general_one(kind: Kind) -> None:
    assert Walking(A, fallbacks=fallback(B)).fail(400, kind) == Step(B)


def test_a_special_error_without_any_list_is_final() -> None:
    assert Walking(A, member("a2", candidate="a")).fail(400, Kind.CONTEXT_WINDOW) is None


def test_a_special_error_of_a_learned_choice_goes_to_the_next_best_model() -> None:
    copy = member("a2", candidate="a")
    walking = Walking(A, copy, B)
    assert walking.fail(400, Kind.CONTEXT_WINDOW) == Step(B)
    assert (walking.walk.fallback, walking.walk.number) == (Fallback.CONTEXT_WINDOW, 0)


def test_a_deployment_that_was_called_is_not_called_again_as_a_fallback() -> None:
    walking = Walking(A, B, retries=1, fallbacks=Fallbacks(((A, B), (B, C))))
    assert walking.names(503, 503, 503) == ["b", "c", "c"]


def test_who_is_cooled_comes_after_who_only_failed_once() -> None:
    walking = Walking(A, B)
    walking.figures.of(B.id).rest_until = walking.clock.now + 5
    assert walking.names(503, 503) == ["a", "a"]


def test_a_fallback_comes_before_who_is_cooled() -> None:
    walking = Walking(member("a", max_retries=0), B, fallbacks=fallback(C))
    walking.figures.of(B.id).rest_until = walking.clock.now + 5
    assert walking.names(503) == ["c"]


def test_where_all_are_cooled_they_are_called_all_the_same() -> None:
    clock = FakeClock()
    figures = Figures(ALL, clock=clock)
    for one in (A, B):
        figures.of(one.id).rest_until = clock.now + 5
    assert Walk(plan(A, B, clock=clock), figures, random.Random(1)).first(clock.now) == A
