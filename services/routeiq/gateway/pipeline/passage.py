"""A request that nobody has to wait for: called upstream at once, answered when the upstream has, without a task.

That is the way of most: a whole answer or a stream, from a deployment that is fit, over a connection that is at hand.
Whatever else happens (a refusal, a broken connection, an answer that is too long or packed) becomes a task again, which
goes on from the call that was made; where its connection proved stale, it is sent once more.
"""

from __future__ import annotations

from collections.abc import Callable

from routeiq.config.state import Deployment
from routeiq.gateway.pipeline.attempt import Attempts
from routeiq.gateway.pipeline.caller import Caller
from routeiq.gateway.pipeline.execute import Executor
from routeiq.gateway.pipeline.gate import Gate
from routeiq.gateway.pipeline.passage_base import Call, Passage, Rest, Shared
from routeiq.gateway.pipeline.passage_stream import StreamPassage
from routeiq.gateway.pipeline.passage_whole import WholePassage
from routeiq.gateway.pipeline.tally import Tally
from routeiq.gateway.plan import Outcome, Plan
from routeiq.gateway.upstream.requests import UpstreamRequest
from routeiq.kit.asgi import Answer

Begin = Callable[[UpstreamRequest, Deployment], Call | None]


class Passages:
    """Makes them."""

    def __init__(self, caller: Caller, executor: Executor, gate: Gate) -> None:
        self._caller = caller
        self._shared = Shared(executor, gate)

    def take(self, plan: Plan, answer: Answer, done: Callable[[Outcome], None], tally: Tally, rest: Rest) -> bool:
        """Whether the request is under way. If so, either `done` will be called or `rest` goes on."""
        exchange = answer.exchange
        called = self._call(plan, tally) if exchange is not None else None
        if exchange is None or called is None:
            return False
        attempts, call = called
        stream, shared = plan.stream, self._shared
        if stream:
            passage: Passage = StreamPassage(shared, plan, answer, exchange, attempts, call, done, tally, rest)
        else:
            passage = WholePassage(shared, plan, answer, exchange, attempts, call, done, tally, rest)
        shared.gate.add(passage)
        exchange.on_left(passage.leave)
        call.exchange.call(passage.arrive, early=stream)
        return True

    def _call(self, plan: Plan, tally: Tally) -> tuple[Attempts, Call] | None:
        deployment = plan.deployments[0]
        begin: Begin | None = getattr(self._caller.provider_of(deployment), "begin", None)
        if begin is None:
            return None
        attempts = Attempts(self._caller, plan, tally)
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
