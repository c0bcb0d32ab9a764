"""What is derived from a deployment is made once, and goes with it."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

from routeiq.config.state import Deployment
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.state import StateHolder
from tests.support.twins import deployment, state


class Derived:
    def __init__(self, of: Deployment) -> None:
        self.of = of


def test_it_is_made_once_for_each_deployment_and_each_maker() -> None:
    one, other, a, b = PerDeployment(Derived), PerDeployment(Derived), deployment("a"), deployment("b")
    assert one.of(a) is one.of(a)
    assert one.of(a).of is a
    assert len({id(made.of(of)) for made in (one, other) for of in (a, b)}) == 4


def test_a_changed_deployment_has_its_own() -> None:
    """Also under the same id, and while requests that began before still use the old one."""
    kept, a = PerDeployment(Derived), deployment("a")
    before = kept.of(a)
    changed = replace(a, api_key="another")
    assert kept.of(changed).of is changed
    assert kept.of(a) is before


def test_it_goes_when_the_state_does() -> None:
    kept = PerDeployment(Derived)
    holder = StateHolder(state(deployment("a", api_key="secret")))
    (group,) = holder.current.groups.values()
    gone = weakref.ref(kept.of(group.deployments[0]))
    del group
    holder.swap(state(deployment("a")))
    gc.collect()
    assert gone() is None


def test_it_is_no_part_of_what_a_deployment_says() -> None:
    one, other = deployment("a"), deployment("a")
    PerDeployment(Derived).of(one)
    assert one == other
    assert "Derived" not in repr(one)
