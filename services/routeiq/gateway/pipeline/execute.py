"""Execute a plan: attempt, relay, and say what became of it. It knows nothing of keys, budgets or routing.

The contract that any executor keeps stands in tests/contract/executor: another one can take this one's place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.edits import StreamEdits, renamed
from routeiq.gateway.dialects.openai_answer import wants_usage
from routeiq.gateway.dialects.packing import Packing
from routeiq.gateway.dialects.stream_tokens import StreamTokens, whole_tokens
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.pipeline.attempt import CRASHED, LEFT, Attempts
from routeiq.gateway.pipeline.caller import Caller
from routeiq.gateway.pipeline.cost import cost_headers
from routeiq.gateway.pipeline.describe import RawHeaders, Shown
from routeiq.gateway.pipeline.served import Served
from routeiq.gateway.pipeline.tally import NO_TALLY, Tally
from routeiq.gateway.plan import Attempt, Outcome, Plan, Usage
from routeiq.gateway.upstream.provider import UpstreamResponse
from routeiq.gateway.upstream.relay import STREAM_KIND, WHOLE_KIND, Relayed, passed_on, relay_stream
from routeiq.gateway.upstream.request_body import USAGE_ON_DEMAND
from routeiq.kit.asgi import Answer
from routeiq.kit.exchange import Repeated
from routeiq.kit.redaction import without

UnderWay = tuple[Attempts, Awaitable[UpstreamResponse]]
"""A plan's attempts, of which the first is made, and what that will come to."""


class _Course:
    """How far one has come. Not in variables: of those mypyc believes in `finally` what is so at the end."""

    __slots__ = ("error", "relayed", "served", "status")

    def __init__(self) -> None:
        self.served: Served | None = None
        self.relayed = Relayed()
        self.status, self.error = 499, LEFT


class Executor:
    """Calls providers from this process."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._shown = PerDeployment(Shown)
        self._packing = PerDeployment(_unknown)

    async def execute(
        self,
        plan: Plan,
        answer: Answer,
        done: Callable[[Outcome], None],
        tally: Tally = NO_TALLY,
        under_way: UnderWay | None = None,
    ) -> None:
        """Answer. `done` is called once, when all is over, also when this is cancelled or fails.

        Args: tally: is told on the way.  under_way: where the plan is already being executed."""
        attempts, sent = under_way or (Attempts(self._caller, plan, tally), None)
        course = _Course()
        try:
            await self._answer(plan, attempts, sent, answer, tally, course)
        except asyncio.CancelledError:
            raise
        except BaseException:
            course.status, course.error = 500, CRASHED
            raise
        finally:
            self._end(course, attempts, done)

    async def _answer(
        self,
        plan: Plan,
        attempts: Attempts,
        sent: Awaitable[UpstreamResponse] | None,
        answer: Answer,
        tally: Tally,
        course: _Course,
    ) -> None:
        served = course.served = await attempts.run(sent)
        try:
            await self._say(plan, served, attempts.trail, answer, course.relayed, tally)
        except BaseException:
            await _close(served)
            raise
        course.status, course.error = served.status, served.error or course.relayed.error
        await _close(served)

    def _end(self, course: _Course, attempts: Attempts, done: Callable[[Outcome], None]) -> None:
        served, relayed, error = course.served, course.relayed, course.error
        usage = relayed.tokens()
        if served is not None and not error:
            self.learn(served.deployment, relayed)
        attempts.settle(usage, error)
        done(_outcome(served, relayed.bytes_sent, usage, attempts.trail, course.status, error))

    async def _say(
        self, plan: Plan, served: Served, trail: Sequence[Attempt], answer: Answer, relayed: Relayed, tally: Tally
    ) -> None:
        if served.stream is not None:
            headers, repeated = self.head(plan, served, trail)
            edits = self.edits(plan, served.deployment)
            relayed.counted = self.counting(plan, served.deployment)
            await relay_stream(answer, served.stream, headers, edits, relayed, tally, repeated)
        else:
            told(tally, served)
            body, headers, repeated = self.whole(plan, served, trail)
            await answer.whole(served.status, body, headers, repeated)
            relayed.bytes_sent, relayed.usage = len(body), served.usage

    def head(self, plan: Plan, served: Served, trail: Sequence[Attempt]) -> tuple[RawHeaders, Repeated]:
        """The headers of any answer."""
        return _head(self._shown.of(served.deployment), plan, served, trail)

    def edits(self, plan: Plan, deployment: Deployment) -> StreamEdits:
        """What is changed in a stream of `deployment`."""
        shown = self._shown.of(deployment)
        hide = plan.endpoint in USAGE_ON_DEMAND and not wants_usage(plan.body)
        return StreamEdits(plan.endpoint, model=shown.alias, hide_usage=hide, secrets=shown.secrets)

    def counting(self, plan: Plan, deployment: Deployment) -> StreamTokens:
        """What counts the tokens of a stream of `deployment`."""
        return StreamTokens(plan.endpoint, packed=self._packing.of(deployment).packed)

    def learn(self, deployment: Deployment, relayed: Relayed) -> None:
        """A stream has come to its end."""
        usage = relayed.tokens()
        if usage is not None and relayed.counted is not None:
            self._packing.of(deployment).learn(relayed.counted.events, usage.output_tokens - usage.reasoning)

    def whole(self, plan: Plan, served: Served, trail: Sequence[Attempt]) -> tuple[bytes, RawHeaders, Repeated]:
        """What the client gets of a whole answer or a refusal: its body, and its headers."""
        shown = self._shown.of(served.deployment)
        headers, repeated = _head(shown, plan, served, trail)
        if served.usage is not None:
            headers += cost_headers(served.deployment, served.usage)
        body = served.body or b""
        if shown.alias is not None and served.status < 400:
            body = renamed(body, shown.alias)
        return without(body, shown.secrets), headers, repeated


def _head(shown: Shown, plan: Plan, served: Served, trail: Sequence[Attempt]) -> tuple[RawHeaders, Repeated]:
    headers, repeated = shown.headers(plan, trail, served.fallback)
    headers += passed_on(served.headers, STREAM_KIND if served.body is None else WHOLE_KIND, shown.secrets)
    return headers, repeated


def told(tally: Tally, served: Served) -> None:
    """Of a whole answer, before the client gets it."""
    if served.usage is not None:
        tally.reported(served.usage)
    elif served.status < 400 and served.body:
        tally.relaying(0, whole_tokens(served.body))


def _unknown(_: Deployment) -> Packing:
    return Packing()


async def _close(served: Served) -> None:
    if served.response is not None:
        await served.response.close()


def _outcome(
    served: Served | None, sent: int, usage: Usage | None, trail: Sequence[Attempt], status: int, error: str
) -> Outcome:
    deployment, fallback = (served.deployment, served.fallback) if served is not None else (None, "")
    return Outcome(status, deployment, tuple(trail), usage, sent, error, fallback)
