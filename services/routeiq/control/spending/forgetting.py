"""Let go of alerts that nobody needs any more, once a day: months old, and of periods that are over for good, or of
holders that are gone. Those of an account's last period stay, since they keep the same one from being sent again."""

from __future__ import annotations

from datetime import timedelta

import structlog

from routeiq.control.store.alerts import let_go
from routeiq.kit.clock import Clock
from routeiq.kit.db import Database
from routeiq.kit.jobs import repeat

log = structlog.get_logger()

EVERY_S = 24 * 3600.0
KEPT = timedelta(days=90)


class Forgetting:
    """The job, in every replica: it does no harm twice."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def run(self) -> None:
        """Until it is cancelled."""
        await repeat(self.forget, EVERY_S, "alerts.kept")

    async def forget(self) -> int:
        """How many."""
        async with self._database.transaction() as session:
            gone = await let_go(session, self._clock() - KEPT)
        if gone:
            log.info("alerts.let_go", count=gone)
        return gone
