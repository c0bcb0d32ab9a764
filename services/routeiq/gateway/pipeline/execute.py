"""Execute a plan: attempt, relay, and say what became of it. It knows nothing of keys, budgets or routing.

The contract that any executor keeps stands in tests/contract/executor: another one can take this one's place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from routeiq.gateway.pipeline.attempt import LEFT, Attempts, Caller, Served
from routeiq.gateway.pipeline.describe import decision_headers
from routeiq.gateway.plan import Attempt, Outcome, Plan
from routeiq.gateway.upstream.relay import Relayed, passed_on, relay_stream, relay_whole
from routeiq.kit.asgi import Send

_NOTHING = Relayed(0, None)


class Executor:
    """Calls providers from this process."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def execute(self, plan: Plan, send: Send, done: Callable[[Outcome], None]) -> None:
        """Answer through `send`. `done` is called once, when all is over, also when this is cancelled or fails."""
        attempts = Attempts(self._caller, plan)
        served, relayed, status, error = None, _NOTHING, 499, LEFT
        try:
            served = await attempts.run()
            relayed = await _relay(plan, served, attempts.trail, send)
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
                attempts.settle(relayed.usage, error)
                done(_outcome(served, relayed, attempts.trail, status, error))


async def _relay(plan: Plan, served: Served, trail: Sequence[Attempt], send: Send) -> Relayed:
    headers = passed_on(served.headers)
    headers += decision_headers(plan, served.deployment, trail, served.fallback)
    if served.stream is not None:
        return await relay_stream(send, served.stream, headers)
    return await relay_whole(send, served.status, served.body or b"", headers)


def _outcome(served: Served | None, relayed: Relayed, trail: Sequence[Attempt], status: int, error: str) -> Outcome:
    return Outcome(
        status,
        served.deployment if served else None,
        tuple(trail),
        relayed.usage,
        relayed.bytes_sent,
        error,
        served.fallback if served else "",
    )
