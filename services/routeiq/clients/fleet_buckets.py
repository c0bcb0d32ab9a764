"""What a replica needs of the fleet: the wishes, the roster, and the documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn, Protocol

from routeiq.clients.fleet_names import DOCUMENTS, FLEET, REPLICAS
from routeiq.kit.bus import Bus
from routeiq.kit.bus_keys import Entry, KeyBucket
from routeiq.kit.bus_objects import ObjectBucket


class Wishes(Protocol):
    """As `KeyBucket`."""

    async def watch(self, told: Callable[[Mapping[str, Entry]], None]) -> NoReturn: ...


class Roster(Protocol):
    """As `KeyBucket`."""

    async def put(self, key: str, value: bytes) -> int: ...

    async def delete(self, key: str, revision: int | None = None) -> None: ...


class Objects(Protocol):
    """As `ObjectBucket`."""

    async def get(self, name: str) -> bytes: ...


@dataclass(frozen=True, slots=True)
class FleetBuckets:
    wishes: Wishes
    roster: Roster
    documents: Objects

    @classmethod
    def over(cls, bus: Bus) -> FleetBuckets:
        """Those of a bus that somebody else starts and closes."""
        return cls(KeyBucket(bus, FLEET), KeyBucket(bus, REPLICAS), ObjectBucket(bus, DOCUMENTS))
