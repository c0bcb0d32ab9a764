"""An executor that takes no task where it can, for the contract of executors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from routeiq.gateway.pipeline.caller import Caller
from routeiq.gateway.pipeline.execute import Executor, UnderWay
from routeiq.gateway.pipeline.gate import Gate
from routeiq.gateway.pipeline.passage import Passages
from routeiq.gateway.pipeline.tally import NO_TALLY, Tally
from routeiq.gateway.plan import Outcome, Plan
from routeiq.kit.asgi import Answer
from routeiq.kit.exchange import NONE_REPEATED, RawHeaders, Repeated
from tests.support.passing import TwinExchange, headers_in


class PassageFirst:
    """An executor: each plan by a passage, and what that leaves by the one that is tested beside it."""

    def __init__(self, caller: Caller) -> None:
        self._executor = Executor(caller)
        self._passages = Passages(caller, self._executor, Gate())

    async def execute(
        self, plan: Plan, answer: Answer, done: Callable[[Outcome], None], tally: Tally = NO_TALLY
    ) -> None:
        exchange, rest = _Forwarding(answer), _Rest(done)
        through = Answer(answer.send, [], exchange)
        if not self._passages.take(plan, through, rest.done, tally, rest):
            await self._executor.execute(plan, answer, done, tally)
            return
        try:
            under_way = await rest.news
        except asyncio.CancelledError:
            exchange.leave()
            raise
        if under_way is not None:
            await self._executor.execute(plan, answer, done, tally, under_way)


class _Forwarding(TwinExchange):
    """What it gets goes on to an answer of plain ASGI, which must not really wait."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self._answer = answer

    def start(
        self,
        status: int,
        headers: RawHeaders,
        repeated: Repeated = NONE_REPEATED,
        also: Repeated = NONE_REPEATED,
        lines: bytes = b"",
    ) -> None:
        super().start(status, headers, repeated, also, lines)
        at_once(self._answer.start(status, [*headers, *also, *headers_in(lines)], repeated))

    def part(self, data: bytes) -> bool:
        full = self._answer.part(data)
        assert full is not None, "plain ASGI has to be awaited"
        at_once(full)
        return super().part(data)

    def end(self, last: bytes = b"") -> None:
        at_once(self._answer.end(last))
        self._open = False


def at_once(sending: Awaitable[None]) -> None:
    """Raises: what it raises."""
    for _ in sending.__await__():
        raise AssertionError("it waits")


class _Rest:
    def __init__(self, done: Callable[[Outcome], None]) -> None:
        self._done = done
        self._loop = asyncio.get_running_loop()
        self.news: asyncio.Future[UnderWay | None] = self._loop.create_future()

    def done(self, outcome: Outcome) -> None:
        self._done(outcome)
        self._loop.call_soon(lambda: None if self.news.done() else self.news.set_result(None))

    def go_on(self, under_way: UnderWay) -> None:
        self.news.set_result(under_way)

    def fail(self, error: Exception) -> None:
        self.news.set_exception(error)
