"""When a deployment is put behind the others, for how long, and how it comes back."""

from __future__ import annotations

import pytest
from prometheus_client import generate_latest

from routeiq.config.state import Deployment, RoutingSettings
from routeiq.config.statuses import CooldownSettings
from routeiq.gateway.pipeline.cooldown import LONGEST_S, BreakerState
from routeiq.gateway.pipeline.figures import Live
from tests.support.executing import Calling, member, serving

A, B, ALONE = member("a"), member("b"), member("c", "alone")


class Breaking:
    """The breaker of `a`, with `b` beside it in its group."""

    def __init__(self, *deployments: Deployment, **settings: object) -> None:
        cooldown = CooldownSettings(**settings)  # type: ignore[arg-type]  # test data
        self.state = serving(*(deployments or (A, B, ALONE)), routing=RoutingSettings(cooldown=cooldown))
        self.calling = Calling(self.state)
        self.cooldowns = self.calling.cooldowns
        self.clock = self.calling.clock

    def live(self, one: Deployment = A) -> Live:
        return self.calling.figures.of(one.id)

    def fail(self, status: int = 503, times: int = 1, one: Deployment = A, after: float | None = None) -> bool:
        for _ in range(times):
            self.cooldowns.failed(self.live(one), status, self.clock.now, after)
        return self.live(one).resting(self.clock.now)

    def succeed(self, times: int = 1) -> None:
        for _ in range(times):
            self.cooldowns.succeeded(self.live(), self.clock.now)
            self.live().succeeded(self.clock())

    def metrics(self) -> str:
        return generate_latest(self.calling.registry).decode()


@pytest.mark.parametrize("status", [401, 402, 404, 429])
def test_some_failures_cool_at_once(status: int) -> None:
    breaking = Breaking()
    assert breaking.fail(status)
    assert breaking.live().reason == f"status_{status}"


@pytest.mark.parametrize("status", [400, 403, 409, 413, 422])
def test_what_the_caller_may_have_caused_does_not_count(status: int) -> None:
    breaking = Breaking()
    assert not breaking.fail(status, times=50)
    assert breaking.live().failures == 0


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 529])
def test_others_cool_after_the_allowed_fails_in_a_row(status: int) -> None:
    breaking = Breaking(allowed_fails=3)
    assert not breaking.fail(status, times=3)
    assert breaking.fail(status)


def test_an_answer_in_between_starts_the_row_again() -> None:
    breaking = Breaking()
    breaking.succeed(5)
    breaking.fail(times=3)
    breaking.succeed()
    assert not breaking.fail(times=1)


def test_more_than_half_of_five_in_a_minute_cool() -> None:
    breaking = Breaking(allowed_fails=99)
    breaking.succeed(2)
    assert not breaking.fail(times=2)
    assert breaking.fail()
    assert breaking.live().reason == "share_503"


def test_failures_of_another_minute_do_not_count() -> None:
    breaking = Breaking(allowed_fails=99)
    breaking.fail(times=4)
    breaking.clock.now += 60
    assert not breaking.fail(times=1)


def test_a_policy_by_status_replaces_the_rules_for_it() -> None:
    breaking = Breaking(by_status={429: 2, 503: 9})
    assert not breaking.fail(429, times=2)
    assert breaking.fail(429)
    assert not Breaking(by_status={503: 9}).fail(503, times=9)


def test_the_last_healthy_one_of_a_group_is_never_cooled() -> None:
    breaking = Breaking()
    assert not breaking.fail(429, times=50, one=ALONE)
    assert breaking.fail(429)
    assert not breaking.fail(429, times=50, one=B)


@pytest.mark.parametrize(
    ("own", "after", "seconds"),
    [(None, None, 5.0), (None, 30.0, 30.0), (2.0, 30.0, 2.0), (None, 86_400.0, LONGEST_S)],
)
def test_how_long(own: float | None, after: float | None, seconds: float) -> None:
    breaking = Breaking(member("a", cooldown_s=own), B)
    breaking.fail(429, after=after)
    assert breaking.live().rest_until == breaking.clock.now + seconds


@pytest.mark.parametrize("settings", [{"enabled": False}, {"cooldown_s": 0.0}])
def test_it_can_be_switched_off(settings: dict[str, object]) -> None:
    assert not Breaking(**settings).fail(429, times=50)


def test_a_new_state_that_switches_it_off_heals_all() -> None:
    breaking = Breaking()
    breaking.fail(429)
    off = RoutingSettings(cooldown=CooldownSettings(enabled=False))
    breaking.cooldowns.follow(serving(A, B, routing=off))
    assert not breaking.live().resting(breaking.clock.now)


def test_a_probe_that_succeeds_heals_and_one_that_fails_cools_again() -> None:
    breaking = Breaking()
    breaking.fail(429)
    breaking.clock.now += 6
    assert breaking.cooldowns.state_of(breaking.live()) is BreakerState.HALF_OPEN
    assert breaking.fail(500)
    assert breaking.live().reason == "probe_500"
    breaking.clock.now += 6
    breaking.succeed()
    assert breaking.cooldowns.state_of(breaking.live()) is BreakerState.CLOSED


def test_answers_to_calls_from_before_the_cooldown_tell_nothing() -> None:
    breaking = Breaking()
    before = breaking.clock.now - 1
    breaking.fail(429)
    breaking.cooldowns.succeeded(breaking.live(), before)
    assert breaking.live().resting(breaking.clock.now)
    breaking.clock.now += 6
    breaking.cooldowns.failed(breaking.live(), 500, before)
    assert not breaking.live().resting(breaking.clock.now)


def test_metrics_follow_the_breaker_and_forget_what_is_gone() -> None:
    breaking = Breaking()
    breaking.fail(429)
    assert 'gateway_deployment_state{deployment="a",model="g"} 2.0' in breaking.metrics()
    assert 'gateway_deployment_cooled_total{deployment="a",model="g"} 1.0' in breaking.metrics()
    breaking.clock.now += 6
    breaking.succeed()
    assert 'gateway_deployment_state{deployment="a",model="g"} 0.0' in breaking.metrics()
    breaking.cooldowns.follow(serving(B))
    assert 'deployment="a"' not in breaking.metrics()
    assert 'deployment="c"' not in breaking.metrics()


def test_a_call_that_outlives_its_deployment_leaves_no_trace() -> None:
    breaking = Breaking()
    gone = breaking.live()
    breaking.cooldowns.follow(serving(B))
    breaking.cooldowns.failed(gone, 429, breaking.clock.now)
    assert 'deployment="a"' not in breaking.metrics()
