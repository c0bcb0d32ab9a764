"""Who lives, read from the bucket in which each replica puts itself.

The bucket may be lost with the server and then fills again within seconds. Until these have passed, who was seen before
counts as it was: a fleet that is not heard for a moment has not gone away. And it may keep what it should let lapse, as
one that somebody has made by hand does: whose entry stays as it is for as long as that does not live either.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog
from google.protobuf.message import DecodeError

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.fleet_names import REPLICA_TTL_S, REPORT_EVERY_S
from routeiq.config_sync.roster import Replica, Roster
from routeiq.kit.bus_keys import Entry

log = structlog.get_logger()

GRACE_S = 2 * REPORT_EVERY_S


class Entries(Protocol):
    async def entries(self) -> Mapping[str, Entry]: ...


class LiveReplicas:
    """Call it for the roster. Raises: Unavailable: NATS is away."""

    def __init__(self, bucket: Entries, clock: Callable[[], float] = time.monotonic) -> None:
        self._bucket, self._clock = bucket, clock
        self._seen: dict[str, tuple[float, Replica]] = {}
        self._reports: dict[str, tuple[int, float]] = {}
        """By name: the last report's revision, and when it was first seen."""

    async def __call__(self) -> Roster:
        now, found = self._clock(), await self._bucket.entries()
        self._reports = {name: self._report(name, entry, now) for name, entry in found.items()}
        for name, entry in found.items():
            silent_s = now - self._reports[name][1]
            if silent_s < REPLICA_TTL_S and (replica := replica_of(name, entry.value)):
                self._seen[name] = now, replica
        self._seen = {name: one for name, one in self._seen.items() if now - one[0] < GRACE_S}
        return [one for _, (_, one) in sorted(self._seen.items())]

    def _report(self, name: str, entry: Entry, now: float) -> tuple[int, float]:
        before = self._reports.get(name)
        return before if before and before[0] == entry.revision else (entry.revision, now)


def replica_of(name: str, raw: bytes) -> Replica | None:
    """As it put itself there; None: no replica did."""
    try:
        said = pb.Replica.FromString(raw)
    except DecodeError:
        log.warning("replica.unreadable", key=name)
        return None
    return Replica(
        name, said.service or name.partition(".")[0], said.applied, said.wish, said.error, said.requests,
        said.failures, said.version,
    )  # fmt: skip
