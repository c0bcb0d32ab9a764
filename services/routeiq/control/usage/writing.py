"""The ledger's writing side, as jobs that run beside control's requests: intake, which waits for NATS where there is
none, housekeeping, and folding."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence

from prometheus_client import CollectorRegistry

from routeiq.clients.usage_stream import CONTROL, USAGE_STREAM
from routeiq.control.usage.folding import Folding
from routeiq.control.usage.housekeeping import Housekeeping
from routeiq.control.usage.intake import Intake
from routeiq.control.usage.intake_counts import IntakeCounts
from routeiq.control.usage.ledger import Ledger, Spend
from routeiq.kit.bus import Bus
from routeiq.kit.bus_consumer import BusConsumer
from routeiq.kit.clock import Clock
from routeiq.kit.db import Database


def writing(
    database: Database, bus: Bus, spend: Spend, clock: Clock, keep_days: int, registry: CollectorRegistry
) -> Sequence[Callable[[], Coroutine[None, None, None]]]:
    """They run until they are cancelled; what was taken and not written by then comes again.

    Args: keep_days: of records; 0: for ever."""
    source = BusConsumer(bus, USAGE_STREAM, CONTROL)
    intake = Intake(source, Ledger(database, spend, clock), IntakeCounts(registry, clock))
    return [intake.run, Housekeeping(database, clock, keep_days).run, Folding(database, clock).run]
