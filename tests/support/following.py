"""A fleet's wishes, and replicas that follow them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.clients.fleet_buckets import FleetBuckets
from routeiq.clients.fleet_follower import Applying, FleetFollower
from routeiq.clients.fleet_names import CANARY, DESIRED
from routeiq.config.bundle import Bundle
from routeiq.kit.bus_keys import Entry
from tests.support.buses import running
from tests.support.waiting import PATIENCE_S, until

SERVICE = "gateway"


class Keys(Protocol):
    async def put(self, key: str, value: bytes) -> int: ...

    async def delete(self, key: str, revision: int | None = None) -> None: ...

    async def entries(self) -> dict[str, Entry]: ...


class Objects(Protocol):
    async def put(self, name: str, data: bytes) -> None: ...


def document(text: str) -> Bundle:
    return Bundle("config.yaml", {"config.yaml": text})


def release(number: int, text: str = "", **fields: Any) -> pb.Release:
    """One whose document says `text`; empty: none."""
    return pb.Release(
        number=number, document=document(text).digest if text else "", config_version=f"c{number}", **fields
    )


class Leader:
    """What config-sync writes. Its wishes are numbered."""

    def __init__(self, wishes: Keys, roster: Keys, documents: Objects) -> None:
        self._wishes, self._roster, self._documents = wishes, roster, documents
        self.wish = 0

    async def store(self, *texts: str) -> None:
        for text in texts:
            await self._documents.put(document(text).digest, document(text).pack())

    async def want(self, wanted: pb.Release) -> int:
        return await self._put(DESIRED, wanted)

    async def try_first(self, wanted: pb.Release, *replicas: str) -> int:
        return await self._put(CANARY, wanted, [f"{SERVICE}.{one}" for one in replicas])

    async def end_trial(self) -> None:
        await self._wishes.delete(CANARY)

    async def roster(self) -> Mapping[str, pb.Replica]:
        entries = await self._roster.entries()
        return {key: pb.Replica.FromString(entry.value) for key, entry in entries.items()}

    async def heard(self, true: Callable[[Mapping[str, pb.Replica]], bool], within_s: float = PATIENCE_S) -> None:
        """Until the roster is so."""
        async with asyncio.timeout(within_s):
            while not true(await self.roster()):
                await asyncio.sleep(0.02)

    async def _put(self, key: str, wanted: pb.Release, replicas: list[str] | None = None) -> int:
        self.wish += 1
        message = pb.Wanted(release=wanted, replicas=replicas, wish=self.wish)
        await self._wishes.put(key, message.SerializeToString())
        return self.wish


class Replica:
    """One that applies what it is told to, and notes it. `fails`: why it does not."""

    def __init__(self, buckets: FleetBuckets, name: str = "one", **options: Any) -> None:
        self.follower = FleetFollower(buckets, SERVICE, name, self._apply, lambda: (7, 2), **options)
        self.asked: list[Applying] = []
        self.fails: Exception | None = None
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    @property
    def numbers(self) -> list[int]:
        """Of the releases that it was asked to apply."""
        return [one.release.number for one in self.asked]

    @property
    def texts(self) -> list[str | None]:
        """Of their documents."""
        return [one.bundle.files["config.yaml"] if one.bundle else None for one in self.asked]

    async def has(self, number: int) -> None:
        """Until it serves that release."""
        await until(lambda: self.follower.applied.number == number)

    async def _apply(self, applying: Applying) -> None:
        self.asked.append(applying)
        await self.may_go_on.wait()
        if self.fails is not None:
            raise self.fails


@asynccontextmanager
async def following(*replicas: Replica) -> AsyncIterator[None]:
    async with running(*(asyncio.create_task(one.follower.run()) for one in replicas)):
        yield
