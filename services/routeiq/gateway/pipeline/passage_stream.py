"""A passage whose answer is a stream: begun, relayed and ended in call-backs.

It counts as answered with its first bytes, which decide whether it is one. Chunks go from the upstream's socket to the
client's in one call; where the client is slow, the upstream's is not read until the client has taken most of them.
"""

from __future__ import annotations

from collections.abc import Callable

from routeiq.gateway.pipeline.attempt import CRASHED, LEFT, Attempts
from routeiq.gateway.pipeline.passage_base import Passage, Rest, Shared
from routeiq.gateway.pipeline.served import Served
from routeiq.gateway.plan import Outcome, Plan
from routeiq.gateway.upstream.openai_calls import PromptCall
from routeiq.gateway.upstream.provider import Sink
from routeiq.gateway.upstream.relay import BROKEN, STREAMED, Relayed, last_event, sink_of
from routeiq.kit.asgi import Answer
from routeiq.kit.exchange import Exchange


class StreamPassage(Passage):
    """One of them."""

    __slots__ = ("_edits", "_relayed", "_sink")

    def __init__(
        self,
        shared: Shared,
        plan: Plan,
        answer: Answer,
        exchange: Exchange,
        attempts: Attempts,
        call: PromptCall,
        done: Callable[[Outcome], None],
        rest: Rest,
    ) -> None:
        super().__init__(shared, plan, answer, exchange, attempts, call, done, rest)
        self._relayed: Relayed | None = None
        """What has reached the client, once something may have."""
        self._sink: Sink | None = None
        """Takes the chunks, until the end of the stream."""

    def arrive(self) -> None:
        first = self._call.first()
        if first is None:
            self._hand_over()
        elif first:
            self._begin()

    def _begin(self) -> None:
        plan, attempts, call = self._plan, self._attempts, self._call
        deployment, head = plan.deployments[0], call.exchange.head
        assert head is not None, "something of its body is here"
        attempts.answered(deployment)
        self._relayed = Relayed()
        try:
            served = Served(deployment, 200, head, None)
            headers, repeated, self._edits = self._shared.executor.stream(plan, served, attempts.trail)
            self._answer.start_now(200, [*headers, *STREAMED], repeated)
        except Exception as error:  # noqa: BLE001  # the edge logs and answers it
            self._fail(error)
            return
        self._sink = sink_of(self._exchange.part, self._edits, self._relayed)
        self._pour()

    def _pour(self) -> None:
        """What is here, and what comes."""
        if self._sink is not None:
            self._call.exchange.pour(self._sink, self._pause_or_end)

    def _pause_or_end(self) -> None:
        if self._call.exchange.pauses:
            self._exchange.on_drained(self._pour)
        else:
            self._end(self._call.failure())

    def _end(self, failed: Exception | None) -> None:
        assert self._relayed is not None, "it was begun"
        try:
            if failed is None:
                last = self._edits.rest()
            elif isinstance(failed, BROKEN):
                last = last_event(failed, self._edits, self._relayed)
            else:
                raise failed
            self._answer.end_now(last)
        except Exception as error:  # noqa: BLE001  # the edge logs and answers it
            self._fail(error)
            return
        self._relayed.bytes_sent += len(last)
        self._over(200, self._relayed.error)

    def _fail(self, error: Exception) -> None:
        self._exchange.on_left(None)
        self._call.exchange.drop()
        self._over(500, CRASHED)
        self._rest.fail(error)

    def leave(self) -> None:
        if self._relayed is None:
            super().leave()
        else:
            self._call.exchange.drop()
            self._over(499, LEFT)

    def _over(self, status: int, error: str) -> None:
        assert self._relayed is not None, "it was begun"
        self._shared.gate.leave(self)
        self._sink = None
        usage = self._relayed.tokens()
        self._attempts.settle(usage, error)
        self._finish(status, usage, self._relayed.bytes_sent, error)
