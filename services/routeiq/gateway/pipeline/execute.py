"""Execute a plan: attempt, relay, and say what became of it. It knows nothing of keys, budgets or routing.

The contract that any executor keeps stands in tests/contract/executor: another one can take this one's place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from routeiq.gateway.dialects.edits import REDACTED, StreamEdits, renamed
from routeiq.gateway.dialects.openai_answer import wants_usage
from routeiq.gateway.per_deployment import PerDeployment
from routeiq.gateway.pipeline.attempt import LEFT, Attempts, Caller, Served
from routeiq.gateway.pipeline.describe import Shown
from routeiq.gateway.plan import Attempt, Outcome, Plan, Usage
from routeiq.gateway.upstream.openai_compatible import USAGE_ON_DEMAND
from routeiq.gateway.upstream.relay import Relayed, passed_on, relay_stream
from routeiq.kit.asgi import Answer


class Executor:
    """Calls providers from this process."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._shown = PerDeployment(Shown)

    async def execute(self, plan: Plan, answer: Answer, done: Callable[[Outcome], None]) -> None:
        """Answer. `done` is called once, when all is over, also when this is cancelled or fails."""
        attempts = Attempts(self._caller, plan)
        served, relayed, status, error = None, Relayed(), 499, LEFT
        try:
            served = await attempts.run()
            await self._relay(plan, served, attempts.trail, answer, relayed)
            status, error = served.status, served.error or relayed.error
        except asyncio.CancelledError:
            raise
        except BaseException:
            status, error = 500, "internal_error"
            raise
        finally:
            try:
                if served is not None and served.response is not None:
                    await served.response.close()
            finally:
                usage = relayed.tokens()
                attempts.settle(usage, error)
                done(_outcome(served, relayed.bytes_sent, usage, attempts.trail, status, error))

    async def _relay(
        self, plan: Plan, served: Served, trail: Sequence[Attempt], answer: Answer, relayed: Relayed
    ) -> None:
        shown = self._shown.of(served.deployment)
        headers, repeated = shown.headers(plan, trail, served.fallback)
        headers += passed_on(served.headers)
        if served.stream is not None:
            hide = plan.endpoint in USAGE_ON_DEMAND and not wants_usage(plan.body)
            edits = StreamEdits(plan.endpoint, model=shown.alias, hide_usage=hide, secret=shown.secret)
            await relay_stream(answer, served.stream, headers, edits, relayed, repeated)
            return
        body = served.body or b""
        if shown.alias is not None and served.status < 400:
            body = renamed(body, shown.alias)
        if shown.secret and shown.secret in body:
            body = body.replace(shown.secret, REDACTED)
        await answer.whole(served.status, body, headers, repeated)
        relayed.bytes_sent, relayed.usage = len(body), served.usage


def _outcome(
    served: Served | None, sent: int, usage: Usage | None, trail: Sequence[Attempt], status: int, error: str
) -> Outcome:
    deployment, fallback = (served.deployment, served.fallback) if served is not None else (None, "")
    return Outcome(status, deployment, tuple(trail), usage, sent, error, fallback)
