"""Deliver alerts from the outbox, each by one replica, with retries.

One that was delivered is not sent again, but by a process that dies between the other side's answer and its own
commit: then, and when the other side's answer is lost, it comes twice. Addresses pass the outbound policy as the
operator's own: redirects are not followed, and the suite's own servers are refused.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog

from routeiq.control.spending.destinations import SLACK
from routeiq.control.spending.wording import slack_of
from routeiq.control.store import alerts as store
from routeiq.control.store.tables import BudgetAlert
from routeiq.kit.clock import Clock
from routeiq.kit.db import Database
from routeiq.kit.errors import RouteIQError
from routeiq.kit.jobs import repeat
from routeiq.kit.outbound import OutboundGuard

if TYPE_CHECKING:
    import aiohttp

log = structlog.get_logger()

EVERY_S = 2.0
TIMEOUT_S = 10.0
LEASE = timedelta(seconds=60)
GOODBYE_S = 2.0
"""For what is under way when control is stopped: so that it is not sent again."""
AT_ONCE = 20
MOST_ATTEMPTS = 40
FIRST_PAUSE_S, LONGEST_PAUSE_S = 5.0, 3600.0
"""Between attempts; it doubles. All of them take a day and a half."""


class Delivery:
    """The job, in every replica. Args: urls: by the destination's name."""

    def __init__(self, database: Database, clock: Clock, urls: Mapping[str, str], guard: OutboundGuard) -> None:
        self._database, self._clock, self._urls, self._guard = database, clock, urls, guard

    async def run(self) -> None:
        """Until it is cancelled."""
        await repeat(self._deliver_all, EVERY_S, "alerts.waiting")

    async def _deliver_all(self) -> None:
        while await self.deliver():
            pass

    async def deliver(self) -> int:
        """Some of those whose time has come. How many."""
        async with self._database.transaction() as session:
            claimed = await store.claim(session, self._clock(), lease=LEASE, most=AT_ONCE, most_attempts=MOST_ATTEMPTS)
        if claimed:
            async with self._opened() as client:
                await _to_the_end(asyncio.gather(*(self._try(one, client) for one in claimed), return_exceptions=True))
        return len(claimed)

    async def _try(self, alert: BudgetAlert, client: aiohttp.ClientSession) -> None:
        """Who is no longer configured is left out."""
        event, to = alert.payload["event"], [one for one in alert.payload["to"] if one in self._urls]
        reached = await asyncio.gather(*(self._send(name, event, client) for name in to))
        left = [name for name, done in zip(to, reached, strict=True) if not done]
        now = self._clock()
        if not left:
            columns: dict[str, object] = {"delivered_at": now}
        else:
            pause_s = min(FIRST_PAUSE_S * 2 ** (alert.attempts - 1), LONGEST_PAUSE_S)
            columns = {"at": now + timedelta(seconds=pause_s)}
            if alert.attempts >= MOST_ATTEMPTS:
                log.error("alert.given_up", kind=alert.kind, threshold=alert.threshold, destinations=left)
        async with self._database.transaction() as session:
            await store.settle(session, alert, {"to": left, "event": event}, **columns)

    async def _send(self, name: str, event: Mapping[str, Any], client: aiohttp.ClientSession) -> bool:
        import aiohttp  # noqa: PLC0415  # 8 MB, for who has alerts

        body = json.dumps(slack_of(event) if name == SLACK else event)
        url, headers = self._urls[name], {"content-type": "application/json"}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                self._guard.check_url(url)
                async with client.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                    status = answer.status
        except (aiohttp.ClientError, OSError, ValueError, RouteIQError) as error:
            log.warning("alert.undelivered", destination=name, error=type(error).__name__)
            return False
        if not 200 <= status < 300:
            log.warning("alert.undelivered", destination=name, status=status)
            return False
        return True

    def _opened(self) -> aiohttp.ClientSession:
        import aiohttp  # noqa: PLC0415  # as above

        from routeiq.kit.outbound.aiohttp_transport import GuardMiddleware, connector  # noqa: PLC0415  # as above

        return aiohttp.ClientSession(
            connector=connector(self._guard, limit=4),
            middlewares=(GuardMiddleware(self._guard),),
            cookie_jar=aiohttp.DummyCookieJar(),
        )


async def _to_the_end(sending: asyncio.Future[list[BaseException | None]]) -> None:
    """Raises: whatever one of them met, when all are done."""
    try:
        done = await asyncio.shield(sending)
    except asyncio.CancelledError:
        await asyncio.wait([sending], timeout=GOODBYE_S)
        sending.cancel()
        raise
    for error in done:
        if error is not None:
            raise error
