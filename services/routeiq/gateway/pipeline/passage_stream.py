"""A passage whose answer is a stream: begun, relayed and ended in call-backs.

It counts as answered with its first data, which decides whether it is one. Chunks go from the upstream's socket to the
client's in one call; where the client is slow, the upstream's is not read until the client has taken most of them. What
can be made ready is made while the upstream thinks.
"""

from __future__ import annotations

from routeiq.gateway.pipeline.attempt import CRASHED, LEFT
from routeiq.gateway.pipeline.passage_base import Passage
from routeiq.gateway.pipeline.served import Served
from routeiq.gateway.upstream.relay import BROKEN, STREAMED, Relayed, last_event, last_piece, sink_of


class StreamPassage(Passage):
    """One of them."""

    __slots__ = ("_begun", "_edits", "_over", "_relayed", "_sink")

    def _prepare(self) -> None:
        self._begun = self._over = False
        executor, deployment = self._shared.executor, self._plan.deployments[0]
        self._relayed = Relayed(counted=executor.counting(self._plan, deployment))
        self._edits = executor.edits(self._plan, deployment)
        self._sink = sink_of(self._exchange.part, self._edits, self._relayed, self._tally)

    def arrive(self) -> None:
        try:
            begun = self._call.begun()
        except Exception:  # noqa: BLE001  # it is raised again in the task, which answers; here nobody would
            begun = None
        if begun is None:
            self._hand_over()
        elif begun:
            self._begin()

    def _begin(self) -> None:
        plan, attempts, call = self._plan, self._attempts, self._call
        deployment, head = plan.deployments[0], call.exchange.head
        assert head is not None, "something of its body is here"
        self._begun = True
        attempts.answered(deployment)
        try:
            headers, repeated = self._shared.executor.head(plan, Served(deployment, 200, head, None), attempts.trail)
            self._answer.start_now(200, [*headers, *STREAMED], repeated)
        except Exception as error:  # noqa: BLE001  # the edge logs and answers it
            self._fail(error)
            return
        self._pour()

    def _pour(self) -> None:
        """What is here, and what comes."""
        if not self._over:
            self._call.exchange.pour(self._sink, self._pause_or_end)

    def _pause_or_end(self) -> None:
        if self._call.exchange.pauses:
            self._exchange.on_drained(self._pour)
        else:
            self._end(self._call.failure())

    def _end(self, failed: Exception | None) -> None:
        try:
            if failed is None:
                last = last_piece(self._edits, self._relayed, self._tally)
            elif isinstance(failed, BROKEN):
                last = last_event(failed, self._edits, self._relayed, self._tally)
            else:
                raise failed
            self._answer.end_now(last)
        except Exception as error:  # noqa: BLE001  # the edge logs and answers it
            self._fail(error)
            return
        self._relayed.bytes_sent += len(last)
        self._settle(200, self._relayed.error)

    def _fail(self, error: Exception) -> None:
        self._exchange.on_left(None)
        self._call.exchange.drop()
        self._settle(500, CRASHED)
        self._rest.fail(error)

    def leave(self) -> None:
        if not self._begun:
            super().leave()
        else:
            self._call.exchange.drop()
            self._settle(499, LEFT)

    def _settle(self, status: int, error: str) -> None:
        self._shared.gate.leave(self)
        self._over = True
        usage = self._relayed.tokens()
        if not error:
            self._shared.executor.learn(self._plan.deployments[0], self._relayed)
        self._attempts.settle(usage, error)
        self._finish(status, usage, self._relayed.bytes_sent, error)
