"""Execute a plan: attempt, relay, and say what became of it. It knows nothing of keys, budgets or routing.

The contract that any executor keeps stands in tests/contract/executor: another one can take this one's place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from routeiq.config.state import Deployment
from routeiq.gateway.dialects.edits import StreamEdits, renamed
from routeiq.gateway.dialects.openai_answer import wants_usage
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.pipeline.attempt import CRASHED, LEFT, Attempts
from routeiq.gateway.pipeline.caller import Caller
from routeiq.gateway.pipeline.cost import cost_headers
from routeiq.gateway.pipeline.describe import RawHeaders, Shown
from routeiq.gateway.pipeline.served import Served
from routeiq.gateway.plan import Attempt, Outcome, Plan, Usage
from routeiq.gateway.upstream.openai_calls import USAGE_ON_DEMAND
from routeiq.gateway.upstream.provider import UpstreamResponse
from routeiq.gateway.upstream.relay import STREAM_KIND, WHOLE_KIND, Relayed, passed_on, relay_stream
from routeiq.kit.asgi import Answer
from routeiq.kit.exchange import Repeated
from routeiq.kit.redaction import without

UnderWay = tuple[Attempts, Awaitable[UpstreamResponse]]
"""A plan's attempts, of which the first is made, and what that will come to."""


class Executor:
    """Calls providers from this process."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._shown = PerDeployment(Shown)

    async def execute(
        self,
        plan: Plan,
        answer: Answer,
        done: Callable[[Outcome], None],
        under_way: UnderWay | None = None,
    ) -> None:
        """Answer. `done` is called once, when all is over, also when this is cancelled or fails.

        Args: under_way: where the plan is already being executed."""
        attempts, sent = under_way or (Attempts(self._caller, plan), None)
        served, relayed, status, error = None, Relayed(), 499, LEFT
        try:
            served = await attempts.run(sent)
            try:
                await self._say(plan, served, attempts.trail, answer, relayed)
            except BaseException:
                await _close(served)
                raise
            status, error = served.status, served.error or relayed.error
            await _close(served)
        except asyncio.CancelledError:
            raise
        except BaseException:
            status, error = 500, CRASHED
            raise
        finally:
            usage = relayed.tokens()
            attempts.settle(usage, error)
            done(_outcome(served, relayed.bytes_sent, usage, attempts.trail, status, error))

    async def _say(
        self, plan: Plan, served: Served, trail: Sequence[Attempt], answer: Answer, relayed: Relayed
    ) -> None:
        if served.stream is not None:
            headers, repeated = self.head(plan, served, trail)
            edits = self.edits(plan, served.deployment)
            await relay_stream(answer, served.stream, headers, edits, relayed, repeated)
        else:
            body, headers, repeated = self.whole(plan, served, trail)
            await answer.whole(served.status, body, headers, repeated)
            relayed.bytes_sent, relayed.usage = len(body), served.usage

    def head(self, plan: Plan, served: Served, trail: Sequence[Attempt]) -> tuple[RawHeaders, Repeated]:
        """The headers of any answer."""
        shown = self._shown.of(served.deployment)
        headers, repeated = shown.headers(plan, trail, served.fallback)
        headers += passed_on(served.headers, STREAM_KIND if served.body is None else WHOLE_KIND, shown.secrets)
        return headers, repeated

    def edits(self, plan: Plan, deployment: Deployment) -> StreamEdits:
        """What is changed in a stream of `deployment`."""
        shown = self._shown.of(deployment)
        hide = plan.endpoint in USAGE_ON_DEMAND and not wants_usage(plan.body)
        return StreamEdits(plan.endpoint, model=shown.alias, hide_usage=hide, secrets=shown.secrets)

    def whole(self, plan: Plan, served: Served, trail: Sequence[Attempt]) -> tuple[bytes, RawHeaders, Repeated]:
        """What the client gets of a whole answer or a refusal: its body, and its headers."""
        shown = self._shown.of(served.deployment)
        headers, repeated = self.head(plan, served, trail)
        if served.usage is not None:
            headers += cost_headers(served.deployment, served.usage)
        body = served.body or b""
        if shown.alias is not None and served.status < 400:
            body = renamed(body, shown.alias)
        return without(body, shown.secrets), headers, repeated


async def _close(served: Served) -> None:
    if served.response is not None:
        await served.response.close()


def _outcome(
    served: Served | None, sent: int, usage: Usage | None, trail: Sequence[Attempt], status: int, error: str
) -> Outcome:
    deployment, fallback = (served.deployment, served.fallback) if served is not None else (None, "")
    return Outcome(status, deployment, tuple(trail), usage, sent, error, fallback)
