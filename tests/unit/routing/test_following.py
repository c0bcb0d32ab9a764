"""What an engine counts of its questions, and which artifacts it holds."""

from __future__ import annotations

import pytest

from routeiq.kit.errors import InvalidRequest
from routeiq.routing.candidates import Candidate
from routeiq.routing.engine import Engine, Loaded, Question
from routeiq.routing.engine.batching import EncodeFailed
from tests.support.routing import BrokenEncoder, twin_loaded


async def test_a_failure_counts_and_a_wrong_question_does_not(engine: Engine) -> None:
    await engine.route(Question("one"))
    engine.swap(twin_loaded(BrokenEncoder(name="broken")))
    with pytest.raises(EncodeFailed):
        await engine.route(Question("another"))
    with pytest.raises(InvalidRequest):
        await engine.route(Question("two", (Candidate("same"), Candidate("same"))))
    assert engine.totals() == (2, 1)


async def test_the_served_and_the_previous_one_are_kept(engine: Engine) -> None:
    first = engine.loaded
    second, third = (twin_loaded(name=name) for name in ("second", "third"))
    assert first is not None
    for one in (second, third):
        engine.swap(one)
    kept = [engine.kept(one.artifact.artifact_id) for one in (first, second, third)]
    assert kept == [None, second, third]
    assert engine.kept("") is None


async def test_what_is_served_already_is_not_swapped(engine: Engine) -> None:
    served = engine.loaded
    assert served is not None

    async def opening() -> Loaded:
        return served

    await engine.serve(opening())
    assert (engine.loaded, engine.previous) == (served, None)
