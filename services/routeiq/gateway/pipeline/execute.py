"""Execute a plan: attempt, relay, and say what became of it. It knows nothing of keys, budgets or routing.

The contract that any executor keeps stands in tests/contract/executor: another one can take this one's place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from routeiq.gateway.dialects.edits import REDACTED, StreamEdits, renamed
from routeiq.gateway.dialects.openai_answer import wants_usage
from routeiq.gateway.pipeline.attempt import LEFT, Attempts, Caller, Served
from routeiq.gateway.pipeline.describe import decision_headers
from routeiq.gateway.plan import Attempt, Outcome, Plan, Usage
from routeiq.gateway.upstream.openai_compatible import USAGE_ON_DEMAND
from routeiq.gateway.upstream.refusals import secret_of
from routeiq.gateway.upstream.relay import Relayed, passed_on, relay_stream, relay_whole
from routeiq.kit.asgi import Answer


class Executor:
    """Calls providers from this process."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def execute(self, plan: Plan, answer: Answer, done: Callable[[Outcome], None]) -> None:
        """Answer. `done` is called once, when all is over, also when this is cancelled or fails."""
        attempts = Attempts(self._caller, plan)
        served, relayed, status, error = None, Relayed(), 499, LEFT
        try:
            served = await attempts.run()
            await _relay(plan, served, attempts.trail, answer, relayed)
            status, error = served.status, served.error or relayed.error
        except asyncio.CancelledError:
            raise
        except BaseException:
            status, error = 500, "internal_error"
            raise
        finally:
            try:
                if served is not None:
                    await served.close()
            finally:
                usage = relayed.tokens()
                attempts.settle(usage, error)
                done(_outcome(served, relayed.bytes_sent, usage, attempts.trail, status, error))


async def _relay(plan: Plan, served: Served, trail: Sequence[Attempt], answer: Answer, relayed: Relayed) -> None:
    deployment = served.deployment
    headers = passed_on(served.headers)
    headers += decision_headers(plan, deployment, trail, served.fallback)
    alias = deployment.group if deployment.group != deployment.model else None
    secret = secret_of(deployment)
    if served.stream is not None:
        hide = plan.endpoint in USAGE_ON_DEMAND and not wants_usage(plan.body)
        edits = StreamEdits(plan.endpoint, model=alias, hide_usage=hide, secret=secret)
        await relay_stream(answer, served.stream, headers, edits, relayed)
        return
    body = served.body or b""
    if alias is not None and served.status < 400:
        body = renamed(body, alias)
    if secret and secret in body:
        body = body.replace(secret, REDACTED)
    await relay_whole(answer, served.status, body, headers, relayed)


def _outcome(
    served: Served | None, sent: int, usage: Usage | None, trail: Sequence[Attempt], status: int, error: str
) -> Outcome:
    return Outcome(
        status,
        served.deployment if served else None,
        tuple(trail),
        usage,
        sent,
        error,
        served.fallback if served else "",
    )
