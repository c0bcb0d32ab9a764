"""A document and an overlay: each replaces its own part, and no two swaps meet."""

from __future__ import annotations

import asyncio

import pytest

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.config.state import State
from routeiq.gateway.overlay.in_force import InForce
from routeiq.gateway.overlay.merging import merging
from routeiq.gateway.state import StateHolder
from routeiq.kit.errors import ConfigurationError
from tests.support.documents import started, text_of


def added(version: int, *names: str) -> pb.Overlay:
    models = (pb.Model(id=name, model_name=name, litellm_params='{"model": "simulated/x"}') for name in names)
    return pb.Overlay(version=version, models=models)


def made(*names: str) -> tuple[InForce, StateHolder, list[State]]:
    start, seen = started(text_of(*names)), list[State]()
    holder = StateHolder(start.state, seen.append)
    return InForce(holder, start, merging("")), holder, seen


def served(holder: StateHolder) -> set[str]:
    return set(holder.current.groups) - {"all-MiniLM-L6-v2"}


async def test_each_stays_when_the_other_changes() -> None:
    in_force, holder, _ = made("a")
    await in_force.take_overlay(added(1, "x"))
    assert served(holder) == {"a", "x"}
    await in_force.take_document(started(text_of("b")))
    assert served(holder) == {"b", "x"}
    await in_force.take_overlay(added(2, "y"))
    assert served(holder) == {"b", "y"}
    assert holder.current.version.endswith(".s2")


async def test_an_entry_of_the_overlay_that_a_document_leaves_no_room_for_comes_back_with_the_next() -> None:
    in_force, holder, _ = made("a")
    await in_force.take_overlay(added(1, "taken"))
    text = text_of("a") + "routeiq: {auto: {name: taken}}\n"
    await in_force.take_document(started(text))
    assert served(holder) == {"a"}
    await in_force.take_document(started(text_of("a")))
    assert served(holder) == {"a", "taken"}


async def test_followers_see_each_state_once_and_in_order() -> None:
    in_force, holder, seen = made("a")
    documents = [started(text_of(f"m{number}")) for number in range(5)]
    overlays = [added(number, "x") for number in range(1, 6)]
    await asyncio.gather(*map(in_force.take_document, documents), *map(in_force.take_overlay, overlays))
    assert len(seen) == 10
    assert seen[-1] is holder.current
    assert served(holder) == {"m4", "x"}


async def test_what_cannot_be_merged_changes_nothing() -> None:
    start = started(text_of("a"))
    holder = StateHolder(start.state)

    def refuse(*_: object) -> State:
        raise ConfigurationError(["no"])

    in_force = InForce(holder, start, refuse)
    with pytest.raises(ConfigurationError):
        await in_force.take_overlay(added(1, "x"))
    assert (holder.current, in_force.start) == (start.state, start)
