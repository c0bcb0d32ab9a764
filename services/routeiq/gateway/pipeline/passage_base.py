"""What passages have in common: how they end otherwise than with an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol

from routeiq.gateway.pipeline.attempt import LEFT, Attempts
from routeiq.gateway.pipeline.execute import Executor, UnderWay
from routeiq.gateway.pipeline.gate import Gate, shutting_down
from routeiq.gateway.pipeline.served import tell_cut
from routeiq.gateway.pipeline.tally import Tally
from routeiq.gateway.plan import Outcome, Plan, Usage
from routeiq.gateway.upstream.provider import Sink, UpstreamResponse
from routeiq.kit.asgi import Answer
from routeiq.kit.exchange import Exchange


class Rest(Protocol):
    """What becomes of a request whose passage ends otherwise than with an answer."""

    def go_on(self, under_way: UnderWay) -> None:
        """As a task, from the call that was made."""
        ...

    def fail(self, error: Exception) -> None:
        """With the answer to `error`; its outcome is reported."""
        ...


class UpstreamExchange(Protocol):
    """The part of `upstream.http_exchange.Exchange` that runs here."""

    @property
    def head(self) -> Mapping[str, str] | None: ...

    @property
    def pauses(self) -> bool: ...

    def call(self, callback: Callable[[], None], *, early: bool = False) -> None: ...

    def pour(self, sink: Sink, callback: Callable[[], None]) -> None: ...

    def call_off(self) -> None: ...

    def drop(self) -> None: ...


class Call(Protocol):
    """The part of `upstream.openai_calls.PromptCall` that runs here."""

    @property
    def exchange(self) -> UpstreamExchange: ...

    @property
    def stale(self) -> bool: ...

    def body(self) -> bytes | None: ...

    def begun(self) -> bool | None: ...

    def came(self) -> bytes: ...

    def failure(self) -> Exception | None: ...

    def response(self) -> Awaitable[UpstreamResponse]: ...


class Shared(NamedTuple):
    """What all of them use."""

    executor: Executor
    gate: Gate


class Passage:
    """One request that is under way without a task. `exchange` is its client's. What raises NotImplementedError is the
    subclass's: an abstract class would be interpreted, and what is compiled has no such base."""

    __slots__ = (
        "_answer", "_attempts", "_call", "_done", "_exchange", "_outcome", "_plan", "_rest", "_shared", "_tally",
    )  # fmt: skip

    def __init__(
        self,
        shared: Shared,
        plan: Plan,
        answer: Answer,
        exchange: Exchange,
        attempts: Attempts,
        call: Call,
        done: Callable[[Outcome], None],
        tally: Tally,
        rest: Rest,
    ) -> None:
        self._shared, self._plan, self._answer, self._exchange = shared, plan, answer, exchange
        self._attempts, self._call, self._done, self._tally, self._rest = attempts, call, done, tally, rest
        self._outcome: Outcome | None = None
        self._prepare()

    def _prepare(self) -> None:
        """While the upstream thinks."""
        raise NotImplementedError

    def arrive(self) -> None:
        """The upstream has answered, or will not."""
        raise NotImplementedError

    def _hand_over(self) -> None:
        """To a task, before anything of an answer is written."""
        self._shared.gate.leave(self)
        self._exchange.on_left(None)
        call, attempts = self._call, self._attempts
        call.exchange.call_off()
        sent = attempts.again(self._plan.deployments[0]) if call.stale else call.response()
        self._rest.go_on((attempts, sent))

    def _finish(self, status: int, usage: Usage | None, sent: int, error: str = "") -> None:
        """With an answer that was begun, or could not be."""
        deployment, trail = self._plan.deployments[0], tuple(self._attempts.trail)
        self._outcome = Outcome(status, deployment, trail, usage, sent, error)
        self._exchange.turn.end(self._report)

    def _report(self) -> None:
        outcome = self._outcome
        assert outcome is not None, "it is over"
        self._done(outcome)

    def leave(self) -> None:
        """The client has left, before anything of an answer was written. What of one is here was sent, and is paid
        for."""
        self._shared.gate.leave(self)
        came = self._call.came()
        if came:
            tell_cut(self._tally, came)
        self._call.exchange.drop()
        self._attempts.left(self._plan.deployments[0])
        self._done(Outcome(499, None, tuple(self._attempts.trail), None, 0, LEFT))

    def cancel(self) -> None:
        """The gate is being closed."""
        self._exchange.on_left(None)
        self.leave()
        self._rest.fail(shutting_down())
