"""Requests and tokens a minute, of a caller's key, user, team and membership: all of them let a request in, or none
counts it.

A request takes its tokens in advance, as far as they can be estimated, and settles at its end: what it came to less
than that is given back, what it came to more is counted when it is known. One that never reached a model gives back
all. One whose estimate is more than a whole limit is let in where nothing else is counted in the minute (see
`kit.counters`). Nobody waits, and who has no such limit pays for one look.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import ceil
from typing import Final, NoReturn

from prometheus_client import CollectorRegistry

from routeiq.config.state import Deployment
from routeiq.gateway.callers.rates import RateSet
from routeiq.gateway.pipeline.context import Context
from routeiq.gateway.pipeline.served import DeploymentBusy, OverQuota
from routeiq.gateway.pipeline.token_estimate import estimate
from routeiq.gateway.plan import Outcome
from routeiq.gateway.spending.request_size import RequestSize
from routeiq.kit.asgi import Answer
from routeiq.kit.counters import Limit, MemoryCounters
from routeiq.kit.errors import RateLimited, Unavailable
from routeiq.kit.metrics import Counts

NOT_CALLED: Final = frozenset({DeploymentBusy.code, OverQuota.code})
"""Attempts that ended before they reached a model."""
BYTES_PER_EVENT: Final = 200
"""Of a stream that did not come to its end: an event with one token has about as many."""
LEFT: Final = 499


class RateLimitExceeded(RateLimited):
    """Of a caller's own."""


class LimitsUnavailable(Unavailable):
    """Redis is away, and the settings would rather refuse than count alone."""

    code = "limits_unavailable"


class Taken:
    """What one request was let in with. `settle` it once. `reserved`: tokens, those of the prompt among them.  `ends`:
    of which minute."""

    __slots__ = ("counters", "ends", "limits", "prompt", "reserved", "stream")

    def __init__(
        self, counters: MemoryCounters, limits: tuple[Limit, ...], prompt: int, reserved: int, ends: int, stream: bool
    ) -> None:
        self.counters, self.limits = counters, limits
        self.prompt, self.reserved = prompt, reserved
        self.ends, self.stream = ends, stream

    def settle(self, outcome: Outcome) -> None:
        """By what became of it."""
        tokens = self._tokens(outcome) - self.reserved
        requests = 0 if outcome.status < 400 or _reached(outcome) else -1
        for limit in self.limits:
            amount = tokens if limit.tokens else requests
            if amount:
                self.counters.add(limit.key, amount, self.ends)

    def _tokens(self, outcome: Outcome) -> int:
        usage = outcome.usage
        if usage is not None:
            return usage.input_tokens + usage.output_tokens
        if not outcome.attempts or (outcome.status >= 400 and outcome.status != LEFT):
            return 0
        if self.stream or outcome.status == LEFT:
            return self.prompt + outcome.streamed_bytes // BYTES_PER_EVENT
        return self.reserved  # a whole answer that does not say


def _reached(outcome: Outcome) -> bool:
    """Whether a model was called."""
    return any(one.reason not in NOT_CALLED for one in outcome.attempts)


class RateLimits:
    """Of one gateway. Args: counters: of this process or of several, but of a class that is compiled: it is called at
    once.  closed: without the counts of the other gateways nobody who has a limit is let in."""

    def __init__(self, counters: MemoryCounters, registry: CollectorRegistry, *, closed: bool = False) -> None:
        self._counters, self._closed = counters, closed
        self._refused = Counts(
            "gateway_rate_limited", "Requests that a limit by the minute refused", ["holder", "type"], registry
        )

    def look(self, context: Context, answer: Answer) -> None:
        """Before others are put to work for a request that cannot be let in. Nothing is taken. Raises: as `take`."""
        rates = context.caller.rates
        if rates is not None and rates.of_any_model.limits:
            self._check()
            chosen = rates.of_any_model
            full = self._counters.full(chosen.limits)
            if full is not None:
                self._refuse(chosen, full, answer)

    def take(
        self, context: Context, deployment: Deployment, answer: Answer, size: RequestSize | None = None
    ) -> Taken | None:
        """Let a request in, and have its answer say what is left; None: nothing limits it. Args: deployment: which is
        to serve it.  size: the request's, if somebody has looked.  Raises: RateLimitExceeded.  LimitsUnavailable."""
        rates = context.caller.rates
        if rates is None:
            return None
        chosen = rates.of(_names(context, deployment)) if rates.differ else rates.of_any_model
        if not chosen.limits:
            return None
        if self._closed:
            self._check()
        call, prompt, output = context.call, 0, 0
        if chosen.counts_tokens:
            prompt, output = estimate(RequestSize(call.endpoint, call.body) if size is None else size)
        counters, tokens = self._counters, prompt + output
        full = counters.take(chosen.limits, tokens)
        if full is not None:
            self._refuse(chosen, full, answer)
        left, wait_s = counters.left(chosen.limits), self._wait_s()
        if answer.exchange is None:
            headers, also = chosen.headers(left, counters.ends, wait_s)
            answer.add(headers, also)
        else:
            lines, also = chosen.lines(left, counters.ends, wait_s)
            answer.add_lines(lines, also)
        return Taken(counters, chosen.limits, prompt, tokens, counters.ends, call.stream)

    def _check(self) -> None:
        if self._closed and self._counters.alone:
            raise LimitsUnavailable("Limits cannot be checked now.")

    def _wait_s(self) -> int:
        """Whole seconds until the minute ends."""
        left_s = self._counters.wait_s()
        wait_s = int(left_s)
        return wait_s + (wait_s < left_s)

    def _refuse(self, chosen: RateSet, full: Limit, answer: Answer) -> NoReturn:
        """Raises: RateLimitExceeded."""
        counters, rate = self._counters, chosen.rate_of(full)
        (left,) = counters.left([full])
        ends = datetime.fromtimestamp(counters.ends, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        headers, also = chosen.headers(counters.left(chosen.limits), counters.ends, self._wait_s(), full)
        answer.add([*headers, (b"rate_limit_type", rate.type.encode()), (b"reset_at", ends.encode())], also)
        self._refused.by[rate.descriptor, rate.type] += 1
        raise RateLimitExceeded(
            f"Rate limit exceeded for {rate.descriptor}: {rate.value}. Limit type: {rate.type}. "
            f"Current limit: {full.most}, Remaining: {max(left, 0)}. Limit resets at: {ends}",
            retry_after_s=max(ceil(counters.wait_s()), 1),
        )


def _names(context: Context, deployment: Deployment) -> tuple[str, ...]:
    """What the model is called: as asked for, by the caller's aliases, and as the document has it that serves."""
    asked = context.call.model
    return (asked, *context.caller.models.stands_for(asked), deployment.group, deployment.entry or asked)
