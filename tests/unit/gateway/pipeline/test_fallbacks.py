"""Fallback groups of a request: names of the state, turned into deployments in balanced order."""

from __future__ import annotations

from routeiq.config.state import FallbackNames, ModelName, RoutingSettings, State
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.balance import Balancer
from routeiq.gateway.pipeline.context import Call
from routeiq.gateway.pipeline.fallbacks import plan_fallbacks
from routeiq.gateway.pipeline.figures import Figures
from routeiq.gateway.plan import Fallbacks
from tests.support.executing import FakeClock, member, plan, serving

A = member("a", "a")
B1, B2 = member("b1", "b", order=2), member("b2", "b", order=1)
C = member("c", "c")


def names(*found: str) -> tuple[ModelName, ...]:
    return tuple(ModelName(name) for name in found)


def planned(fallbacks: FallbackNames, name: str = "a", **settings: object) -> Fallbacks:
    routing = RoutingSettings(fallbacks={ModelName("a"): fallbacks}, **settings)  # type: ignore[arg-type]  # test data
    state: State = serving(A, B1, B2, C, routing=routing)
    found = state.routing.fallbacks_of(name, state.group(name)) or FallbackNames()
    return plan_fallbacks(state, Call(Endpoint.CHAT, {}, name, False), Balancer(Figures(state)), found)


def test_groups_are_in_the_order_of_the_list_and_balanced_within() -> None:
    assert planned(FallbackNames(names("b", "c"), names("c"), names("b"))) == Fallbacks(
        ((B2, B1), (C,)), ((C,),), ((B2, B1),)
    )


def test_auto_as_a_fallback_is_its_fallback_model_or_its_first() -> None:
    auto = {"auto_models": names("b", "c")}
    assert planned(FallbackNames(names("auto")), **auto).general == ((B2, B1),)
    assert planned(FallbackNames(names("auto")), **auto, fallback_model=ModelName("c")).general == ((C,),)


def test_a_group_that_is_not_there_is_left_out() -> None:
    assert planned(FallbackNames(names("auto", "gone", "c"))).general == ((C,),)


def test_plans_bound_their_calls() -> None:
    fallbacks = planned(FallbackNames(names("b", "c"), names("c")))
    clock = FakeClock()
    assert plan(A, clock=clock, retries=1, fallbacks=fallbacks).most_calls == 8
    assert plan(A, clock=clock, retries=1, fallbacks=fallbacks, by_status={429: 4}).most_calls == 20
