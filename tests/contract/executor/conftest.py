"""The executors under test. Another one (a native data plane) adds a line to `EXECUTORS` and passes the same tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import pytest

from routeiq.gateway.pipeline.execute import Executor
from routeiq.gateway.plan import Outcome, Plan
from routeiq.kit.asgi import Answer
from tests.support.executing import Calling, Says
from tests.support.passage_first import PassageFirst
from tests.support.prompt_calls import Way, prompt


class AnyExecutor(Protocol):
    async def execute(self, plan: Plan, answer: Answer, done: Callable[[Outcome], None]) -> None: ...


def in_process(calling: Calling) -> AnyExecutor:
    return Executor(calling.caller)


def by_passage(way: Way) -> Callable[[Calling], AnyExecutor]:
    def made(calling: Calling) -> AnyExecutor:
        prompt(calling, way)
        return PassageFirst(calling.caller)

    return made


EXECUTORS: Mapping[str, Callable[[Calling], AnyExecutor]] = {
    "in-process": in_process,
    **{f"passage, {way.value}": by_passage(way) for way in Way},
}
Script = Mapping[str, Sequence[Says]]


@pytest.fixture(params=EXECUTORS)
def executor_of(request: pytest.FixtureRequest) -> Callable[[Calling], AnyExecutor]:
    return EXECUTORS[request.param]
