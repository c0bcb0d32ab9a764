"""The order of a group's deployments by strategy, and what comes before any strategy."""

from __future__ import annotations

from collections import Counter

import pytest

from routeiq.config.state import Deployment, RoutingSettings
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.figures import Figures, Live
from tests.support.executing import FakeClock, member, serving


class Balancing:
    def __init__(self, *deployments: Deployment, strategy: str = "simple-shuffle", **settings: object) -> None:
        self.deployments = deployments
        self.clock = FakeClock()
        self.figures = Figures(serving(*deployments), clock=self.clock)
        self.settings = RoutingSettings(strategy=strategy, **settings)  # type: ignore[arg-type]  # test data
        for one in deployments:
            self.live(one).turn(self.clock.now)

    def live(self, one: Deployment) -> Live:
        return self.figures.of(one.id)

    def measure(self, one: Deployment, seconds: float, *, stream: bool = False) -> None:
        self.live(one).measure(seconds, self.clock.now, stream=stream)

    def order(self, *, stream: bool = False) -> str:
        found = Balancer(self.figures).order(self.deployments, self.settings, stream=stream)
        assert sorted(found, key=self.deployments.index) == list(self.deployments)
        return "".join(one.id for one in found)

    def firsts(self, times: int = 400) -> Counter[str]:
        return Counter(self.order()[0] for _ in range(times))


A, B, C = member("a"), member("b"), member("c")


def test_one_deployment_is_given_back_as_it_is() -> None:
    balancing = Balancing(A)
    assert Balancer(balancing.figures).order(balancing.deployments, balancing.settings) is balancing.deployments


@pytest.mark.parametrize("strategy", ["simple-shuffle", "llmrouter-knn", "provider-budget-routing"])
def test_shuffle_follows_the_weights(strategy: str) -> None:
    firsts = Balancing(member("a", weight=9), member("b", weight=1), member("c", weight=0), strategy=strategy).firsts()
    assert firsts["a"] > 300
    assert 10 < firsts["b"] < 90
    assert firsts["c"] == 0


def test_least_busy() -> None:
    balancing = Balancing(A, B, C, strategy="least-busy")
    for one, requests in ((A, 2), (C, 1)):
        for _ in range(requests):
            balancing.live(one).begin(balancing.clock.now)
    assert balancing.order() == "bca"


def test_equals_are_shared_by_chance() -> None:
    firsts = Balancing(A, B, strategy="least-busy").firsts()
    assert 130 < firsts["a"] < 270


def test_latency_tries_the_unmeasured_first_and_then_the_fastest() -> None:
    balancing = Balancing(A, B, C, strategy="latency-based-routing")
    balancing.measure(A, 0.3)
    balancing.measure(B, 0.1)
    assert balancing.order() == "cba"
    balancing.measure(C, 0.2)
    assert balancing.order() == "bca"


def test_latency_of_streams_is_their_own() -> None:
    balancing = Balancing(A, B, strategy="latency-based-routing")
    for one, unary, stream in ((A, 0.1, 0.9), (B, 0.2, 0.4)):
        balancing.measure(one, unary)
        balancing.measure(one, stream, stream=True)
    assert (balancing.order(), balancing.order(stream=True)) == ("ab", "ba")


def test_within_the_buffer_of_the_fastest_chance_decides() -> None:
    balancing = Balancing(A, B, C, strategy="latency-based-routing", latency_buffer=0.5)
    for one, seconds in ((A, 0.10), (B, 0.14), (C, 0.16)):
        balancing.measure(one, seconds)
    firsts = balancing.firsts()
    assert firsts["c"] == 0
    assert 130 < firsts["b"] < 270


@pytest.mark.parametrize("field", ["in_flight", "failures_in_row"])
def test_an_unmeasured_deployment_does_not_draw_every_request(field: str) -> None:
    balancing = Balancing(A, B, strategy="latency-based-routing")
    balancing.measure(A, 0.3)
    setattr(balancing.live(B), field, 1)
    assert balancing.order() == "ab"


def test_an_old_measurement_is_none() -> None:
    balancing = Balancing(A, B, strategy="latency-based-routing", latency_ttl_s=60.0)
    balancing.measure(A, 9.0)
    balancing.clock.now += 61
    balancing.measure(B, 0.1)
    assert balancing.order() == "ab"


def test_cheapest_first_and_unknown_prices_last() -> None:
    dear, cheap = member("a", input_price=2e-6, output_price=1e-6), member("b", input_price=1e-6, output_price=1e-6)
    assert Balancing(dear, cheap, member("c", input_price=1e-9), strategy="cost-based-routing").order() == "bac"


@pytest.mark.parametrize("strategy", ["usage-based-routing", "usage-based-routing-v2"])
def test_least_used_by_share_of_tpm_or_by_tokens(strategy: str) -> None:
    for limits, order in ((({"tpm": 1000}, {"tpm": 100}), "ab"), (({}, {}), "ba")):
        one, other = member("a", **limits[0]), member("b", **limits[1])
        balancing = Balancing(one, other, strategy=strategy)
        balancing.live(one).tokens, balancing.live(other).tokens = 60, 50
        assert balancing.order() == order


@pytest.mark.parametrize("limit", [{"rpm": 1}, {"tpm": 10}])
@pytest.mark.parametrize(
    ("strategy", "order"),
    [
        ("usage-based-routing", "ba"),
        ("cost-based-routing", "ba"),
        ("latency-based-routing", "ba"),
        ("least-busy", "ab"),
    ],
)
def test_past_its_limits_a_deployment_comes_last_until_the_minute_is_over(
    limit: dict[str, object], strategy: str, order: str
) -> None:
    full = member("a", input_price=0.0, output_price=0.0, order=1, **limit)
    balancing = Balancing(full, member("b", order=2), strategy=strategy)
    live = balancing.live(full)
    live.requests, live.tokens = 1, 10
    assert balancing.order() == order
    balancing.clock.now += 60
    assert balancing.order() == "ab"


def test_order_comes_before_the_strategy_and_none_after_all() -> None:
    assert Balancing(A, member("b", order=2), member("c", order=1, weight=0)).order() == "cba"


def test_cooled_and_full_ones_come_last_whatever_their_order() -> None:
    first, full = member("a", order=1), member("b", order=2, max_parallel=1)
    balancing = Balancing(first, full, C)
    balancing.live(first).rest_until = balancing.clock.now + 5
    balancing.live(full).begin(balancing.clock.now)
    assert balancing.order() == "cab"
