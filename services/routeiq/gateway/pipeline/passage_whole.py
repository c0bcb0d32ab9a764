"""A passage whose answer comes, and goes, whole."""

from __future__ import annotations

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.usage import NotAnAnswer, read_usage
from routeiq.gateway.pipeline.attempt import CRASHED
from routeiq.gateway.pipeline.execute import told
from routeiq.gateway.pipeline.passage_base import Passage
from routeiq.gateway.pipeline.served import Served
from routeiq.gateway.plan import Usage
from routeiq.gateway.upstream.provider import UpstreamFailed, UpstreamResponse


class WholePassage(Passage):
    """One of them."""

    __slots__ = ()

    def _prepare(self) -> None:
        """There is nothing: what is said depends on all of the answer."""

    def arrive(self) -> None:
        self._shared.gate.leave(self)
        self._exchange.on_left(None)
        try:
            body = self._call.body()
            usage = read_usage(body) if body is not None else None
        except NotAnAnswer:
            self._rest.go_on((self._attempts, _no_answer(self._plan.deployments[0])))
            return
        except Exception as error:  # noqa: BLE001  # it is raised again in the task, which answers; here nobody would
            self._rest.go_on((self._attempts, _failed(error)))
            return
        if body is None:
            self._hand_over()
        else:
            self._end(body, usage)

    def _end(self, body: bytes, usage: Usage | None) -> None:
        plan, attempts = self._plan, self._attempts
        deployment, head = plan.deployments[0], self._call.exchange.head
        assert head is not None, "it has a body"
        attempts.answered(deployment)
        served = Served(deployment, 200, head, body, usage=usage)
        told(self._tally, served)
        try:
            sent, headers, repeated = self._shared.executor.whole(plan, served, attempts.trail)
            self._answer.whole_now(200, sent, headers, repeated)
        except Exception as error:  # noqa: BLE001  # the edge logs and answers it
            attempts.settle(None, CRASHED)
            self._finish(500, None, 0, CRASHED)
            self._rest.fail(error)
            return
        attempts.settle(usage, "")
        self._finish(200, usage, len(sent))


async def _no_answer(deployment: Deployment) -> UpstreamResponse:
    raise UpstreamFailed(f"The answer of `{deployment.group}` is not a JSON object.")


async def _failed(error: Exception) -> UpstreamResponse:
    raise error
