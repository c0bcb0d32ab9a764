"""Make the calls of a plan until one answers: the first call here, every further one as `walk` says.

A stream counts as answered when its first data has come; after that nothing is tried again. When all fail, the caller
gets the last answer that an upstream really gave, and one of ours only where none did. Every call is counted in
`figures` while it lasts and told to `cooldowns` when it is over, however it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Final

import structlog

from routeiq.config.quota import Quota
from routeiq.config.state import Deployment
from routeiq.gateway.pipeline.caller import Caller
from routeiq.gateway.pipeline.failures import retry_after_s
from routeiq.gateway.pipeline.figures import Live
from routeiq.gateway.pipeline.served import Served, begun, busy, over_quota, refused, tell_cut, usage_of, verdict
from routeiq.gateway.pipeline.tally import NO_TALLY, Tally
from routeiq.gateway.pipeline.walk import Fallback, Walk
from routeiq.gateway.plan import Attempt, Plan, Usage
from routeiq.gateway.upstream.provider import UpstreamResponse, UpstreamTimeout
from routeiq.gateway.upstream.requests import UpstreamRequest
from routeiq.kit.errors import RouteIQError
from routeiq.kit.ticker import Within

log = structlog.get_logger()

NO_ANSWER: Final = 502
LEFT: Final = "client_disconnected"
CRASHED: Final = "internal_error"


class Attempts:
    """One request's calls. Made for one plan, used once: `run`, then `settle`. `trail` has every call that is over."""

    __slots__ = ("_begun", "_caller", "_clock", "_live", "_plan", "_quota", "_short", "_tally", "_ticket", "trail")

    def __init__(self, caller: Caller, plan: Plan, tally: Tally = NO_TALLY) -> None:
        self._caller = caller
        self._tally = tally
        self._clock = caller.figures.clock
        self._plan = plan
        self._live: Live | None = None
        """Whose call is under way, or whose answer is being relayed."""
        self._quota: Quota | None = None
        """What the last call's tokens count for."""
        self._ticket = 0
        self._begun = 0.0
        self._short = False
        """The call has less time than its deployment may take, because earlier ones used it up."""
        self.trail: list[Attempt] = []

    async def run(self, sent: Awaitable[UpstreamResponse] | None = None) -> Served:
        """The first good answer, else the last true one. Cancelled, it leaves no connection open.

        Args: sent: the first call, if it is made already; `open` was its beginning."""
        deployment, walk = self._plan.deployments[0], None
        now = self._clock()
        if sent is None and self._caller.figures.of(deployment.id).passed_over(now):
            walk = self._walk()
            deployment = walk.first(now)
        served = await self._try(deployment, 0, sent)
        if walk is not None:
            served.fallback = self._unlike(deployment, Fallback.UNAVAILABLE)
        if served.status < 400:
            return served
        if walk is None:
            walk = self._walk()
            walk.started()
        return await self._go_on(walk, served)

    def open(self, deployment: Deployment) -> UpstreamRequest | None:
        """Begin the call of a plan's first deployment. None: it is cooled or full or over its quota, or there is no
        time: `run` knows.

        Who opens must `run`, `settle` or `forget`."""
        plan, live, now = self._plan, self._caller.figures.of(deployment.id), self._clock()
        if live.passed_over(now) or plan.deadline <= now:
            return None
        quota = deployment.quota
        if quota is not None:
            if self._caller.quotas.take(quota):
                return None
            self._quota = quota
        self._begun, self._live, self._ticket = now, live, live.begin(now)
        self._tally.calling(deployment)
        limit, within = self._limit(deployment), plan.deadline - now
        if limit is not None and limit < within:
            within = limit
        return UpstreamRequest(plan.endpoint, plan.body, plan.stream, plan.headers, within, plan.request_id)

    def answered(self, deployment: Deployment) -> None:
        """The call that was opened has a good answer."""
        assert self._live is not None
        self._good(deployment, 0, self._live)

    def left(self, deployment: Deployment) -> None:
        """The client left during the call that was opened."""
        self._append(deployment, 499, LEFT, 0)
        if self._live is not None:
            self._release(self._live)

    async def again(self, deployment: Deployment) -> UpstreamResponse:
        """The call that was opened is made once more, in what is left of its time; it is still the same one."""
        plan, passed = self._plan, self._clock() - self._begun
        left = plan.deadline - self._begun
        within = min(self._limit(deployment) or left, left) - passed
        request = UpstreamRequest(
            plan.endpoint, plan.body, plan.stream, plan.headers, within, plan.request_id, fresh=True
        )
        return await self._caller.provider_of(deployment).send(request, deployment)

    def forget(self) -> None:
        """It was not made."""
        self._tally.called_off()
        if self._quota is not None:
            self._caller.quotas.give_back(self._quota)
        if self._live is not None:
            self._live.requests = max(self._live.requests - 1, 0)  # a new minute may have begun
            self._release(self._live)

    def _unlike(self, deployment: Deployment, reason: Fallback) -> str:
        """`reason` where the deployment is another model than the chosen one."""
        return "" if deployment.candidate == self._plan.deployments[0].candidate else reason

    def settle(self, usage: Usage | None, error: str) -> None:
        """The answer is relayed, or broken off as `error` says; a client that left says nothing of the deployment."""
        live = self._live
        if live is None:
            return
        self._release(live)
        if not error:
            now, stream = self._clock(), self._plan.stream
            seconds = each = self.trail[-1].seconds
            if usage is None:
                live.succeeded(now)
            else:
                tokens = usage.input_tokens + usage.output_tokens
                live.succeeded(now, tokens)
                if self._quota is not None:
                    self._caller.quotas.used(self._quota, tokens)
                if not stream and usage.output_tokens > 1:
                    each = seconds / usage.output_tokens
            live.measure(each, now, stream=stream)
        elif error != LEFT:
            self.trail[-1] = self.trail[-1].broken_off(error)
            self._caller.cooldowns.failed(live, NO_ANSWER, self._begun)

    def _walk(self) -> Walk:
        return Walk(self._plan, self._caller.figures, self._caller.chance)

    async def _go_on(self, walk: Walk, served: Served) -> Served:
        """After a failed first call."""
        kept = served
        while True:
            kind, _ = verdict(served)
            step = walk.next(served.deployment, served.status, kind, retry_after_s(served.headers), self._clock())
            if step is None:
                return kept
            if step.pause_s > 0:
                await self._caller.sleep(step.pause_s)
            served = await self._try(step.deployment, walk.number)
            served.fallback = walk.fallback or self._unlike(served.deployment, Fallback.UPSTREAM_FAILED)
            if not served.error or kept.error:
                kept = served
            if served.status < 400:
                return served

    async def _try(self, deployment: Deployment, group: int, sent: Awaitable[UpstreamResponse] | None = None) -> Served:
        """An answer. What raises a RouteIQError becomes one, so that headers can say who did not answer."""
        live = self._live
        if live is None:
            live, self._begun = self._caller.figures.of(deployment.id), self._clock()
            if live.in_flight >= live.max_parallel:
                return self._write(refused(self._plan, deployment, busy(deployment)), group)
            self._quota = deployment.quota
            if self._quota is not None and (wait_s := self._caller.quotas.take(self._quota)):
                return self._write(refused(self._plan, deployment, over_quota(deployment), wait_s), group)
            self._live, self._ticket = live, live.begin(self._begun)
        counts = True
        try:
            served = await self._call(deployment, sent)
        except RouteIQError as error:
            served = refused(self._plan, deployment, error)
            counts = not (self._short and isinstance(error, UpstreamTimeout))
        except BaseException as error:
            left = isinstance(error, asyncio.CancelledError)
            self._append(deployment, 499 if left else 500, LEFT if left else CRASHED, group)
            self._release(live)
            raise
        if served.status < 400:
            self._good(deployment, group, live, served.status)
            return served
        self._failed(live, served, counts=counts)
        return self._write(served, group)

    def _good(self, deployment: Deployment, group: int, live: Live, status: int = 200) -> None:
        if live.rest_until != 0.0:
            self._caller.cooldowns.succeeded(live, self._begun)
        self._append(deployment, status, "", group)

    def _failed(self, live: Live, served: Served, *, counts: bool) -> None:
        self._release(live)
        if counts:
            if served.status == 504:
                live.measure(self._clock() - self._begun, self._clock(), stream=self._plan.stream)
            self._caller.cooldowns.failed(live, served.status, self._begun, retry_after_s(served.headers))

    def _release(self, live: Live) -> None:
        live.release(self._ticket)
        self._live = None

    def _write(self, served: Served, group: int) -> Served:
        """Write a failed call down."""
        _, reason = verdict(served)
        log.info(
            "upstream.failed", request_id=self._plan.request_id, model=served.deployment.group,
            deployment=served.deployment.id, status=served.status, code=reason, attempt=len(self.trail) + 1,
        )  # fmt: skip
        self._append(served.deployment, served.status, reason, group)
        return served

    def _append(self, deployment: Deployment, status: int, reason: str, group: int) -> None:
        seconds = self._clock() - self._begun
        self.trail.append(Attempt(deployment.id, deployment.candidate, status, reason, seconds, group))

    async def _call(self, deployment: Deployment, sent: Awaitable[UpstreamResponse] | None) -> Served:
        plan = self._plan
        left = plan.deadline - self._begun
        self._short = left <= 0
        if self._short:
            raise UpstreamTimeout("The request's deadline passed before the model answered.")
        limit = self._limit(deployment) or left
        within = min(limit, left)
        self._short = limit >= left and bool(self.trail)
        if sent is not None:
            within -= self._clock() - self._begun
        else:
            request = UpstreamRequest(plan.endpoint, plan.body, plan.stream, plan.headers, within, plan.request_id)
            provider = self._caller.provider_of(deployment)
            self._tally.calling(deployment)
            sent = provider.send(request, deployment)
        try:
            with Within(self._caller.ticker, within):
                response = await sent
                try:
                    if plan.stream and response.status < 400:
                        return await begun(response, deployment)
                    body = await response.read()
                    await response.close()
                    usage = usage_of(body, deployment) if response.status < 400 else None
                    return Served(deployment, response.status, response.headers, body, usage=usage)
                except BaseException as error:
                    if isinstance(error, asyncio.CancelledError) and not plan.stream and response.status < 400:
                        tell_cut(self._tally, getattr(response, "came", b""))
                    await response.close()
                    raise
        except TimeoutError:
            raise UpstreamTimeout(f"The model `{deployment.group}` did not answer in time.") from None

    def _limit(self, deployment: Deployment) -> float | None:
        """Seconds that the deployment may take, if it says so."""
        return (deployment.stream_timeout_s if self._plan.stream else None) or deployment.timeout_s
