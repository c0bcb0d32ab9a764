"""A request that nobody has to wait for: called upstream at once, answered when the upstream has, without a task.

That is the way of most: a whole answer, from a deployment that is fit, over a connection that is at hand. Whatever else
happens (a refusal, a broken connection, an answer that is too long or packed) becomes a task again, which goes on from
the call that was made; where its connection proved stale, it is sent once more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.usage import NotAnAnswer, read_usage
from routeiq.gateway.pipeline.attempt import CRASHED, LEFT, Attempts, Caller
from routeiq.gateway.pipeline.execute import Executor, UnderWay
from routeiq.gateway.pipeline.gate import Gate, shutting_down
from routeiq.gateway.pipeline.served import Served
from routeiq.gateway.plan import Outcome, Plan, Usage
from routeiq.gateway.upstream.openai_calls import PromptCall
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamRequest, UpstreamResponse
from routeiq.kit.asgi import Answer
from routeiq.kit.exchange import Exchange

Begin = Callable[[UpstreamRequest, Deployment], PromptCall | None]


class Rest(Protocol):
    """What becomes of a request whose passage ends otherwise than with an answer."""

    def go_on(self, under_way: UnderWay) -> None:
        """As a task, from the call that was made."""
        ...

    def fail(self, error: Exception) -> None:
        """With the answer to `error`; its outcome is reported."""
        ...


class Passages:
    """Makes them. What they share."""

    def __init__(self, caller: Caller, executor: Executor, gate: Gate) -> None:
        self.executor, self.gate = executor, gate
        self._caller = caller

    def take(self, plan: Plan, answer: Answer, done: Callable[[Outcome], None], rest: Rest) -> bool:
        """Whether the request is under way. If so, either `done` will be called or `rest` goes on."""
        exchange = answer.exchange
        called = self._call(plan) if exchange is not None and not plan.stream else None
        if exchange is None or called is None:
            return False
        attempts, call = called
        passage = Passage(self, plan, answer, exchange, attempts, call, done, rest)
        self.gate.add(passage)
        exchange.on_left(passage.leave)
        call.exchange.call(passage.arrive)
        return True

    def start(self, plan: Plan) -> UnderWay | None:
        """Call upstream for a stream; the task that relays it is made meanwhile. None: nothing is done."""
        called = self._call(plan)
        if called is None:
            return None
        attempts, call = called
        return attempts, _arrived(call, attempts, plan.deployments[0])

    def _call(self, plan: Plan) -> tuple[Attempts, PromptCall] | None:
        deployment = plan.deployments[0]
        begin: Begin | None = getattr(self._caller.provider_of(deployment), "begin", None)
        if begin is None:
            return None
        attempts = Attempts(self._caller, plan)
        request = attempts.open(deployment)
        if request is None:
            return None
        try:
            call = begin(request, deployment)
        except Exception:  # noqa: BLE001  # it is raised again in the task, which answers and counts it
            call = None
        if call is None:
            attempts.forget()
            return None
        return attempts, call


class Passage:
    """One of them."""

    __slots__ = ("_answer", "_attempts", "_call", "_done", "_exchange", "_plan", "_rest", "_shared")

    def __init__(
        self,
        shared: Passages,
        plan: Plan,
        answer: Answer,
        exchange: Exchange,
        attempts: Attempts,
        call: PromptCall,
        done: Callable[[Outcome], None],
        rest: Rest,
    ) -> None:
        self._shared, self._plan, self._answer, self._exchange = shared, plan, answer, exchange
        self._attempts, self._call, self._done, self._rest = attempts, call, done, rest

    def arrive(self) -> None:
        """The upstream has answered, or will not."""
        self._shared.gate.leave(self)
        self._exchange.on_left(None)
        body = self._call.body()
        try:
            usage = read_usage(body) if body is not None else None
        except NotAnAnswer:
            self._rest.go_on((self._attempts, _no_answer(self._plan.deployments[0])))
            return
        if body is None:
            self._hand_over()
        else:
            self._end(body, usage)

    def _hand_over(self) -> None:
        call, attempts = self._call, self._attempts
        sent = attempts.again(self._plan.deployments[0]) if call.stale else call.response()
        self._rest.go_on((attempts, sent))

    def _end(self, body: bytes, usage: Usage | None) -> None:
        plan, attempts = self._plan, self._attempts
        deployment, head = plan.deployments[0], self._call.exchange.head
        assert head is not None, "it has a body"
        attempts.answered(deployment)
        served = Served(deployment, 200, head, body, usage=usage)
        try:
            sent, headers, repeated = self._shared.executor.whole(plan, served, attempts.trail)
            self._answer.whole_now(200, sent, headers, repeated)
        except Exception as error:  # noqa: BLE001  # the edge logs and answers it
            attempts.settle(None, CRASHED)
            self._done(Outcome(500, deployment, tuple(attempts.trail), None, 0, CRASHED))
            self._rest.fail(error)
            return
        attempts.settle(usage, "")
        self._done(Outcome(200, deployment, tuple(attempts.trail), usage, len(sent)))

    def leave(self) -> None:
        """The client has left."""
        self._shared.gate.leave(self)
        self._call.exchange.drop()
        self._attempts.left(self._plan.deployments[0])
        self._done(Outcome(499, None, tuple(self._attempts.trail), None, 0, LEFT))

    def cancel(self) -> None:
        """The gate is being closed."""
        self._exchange.on_left(None)
        self.leave()
        self._rest.fail(shutting_down())


async def _arrived(call: PromptCall, attempts: Attempts, deployment: Deployment) -> UpstreamResponse:
    await call.arrival()
    return await (attempts.again(deployment) if call.stale else call.response())


async def _no_answer(deployment: Deployment) -> UpstreamResponse:
    raise UpstreamFailed(f"The answer of `{deployment.group}` is not a JSON object.")
