"""A fleet in memory: replicas that follow the keys `desired` and `canary` as `clients.fleet_follower` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from routeiq.api.fleet.v1 import fleet_pb2 as pb
from routeiq.config_sync.fleet_store import FleetStore
from routeiq.config_sync.record import Record, Release
from routeiq.config_sync.rollouts import Rollouts
from routeiq.config_sync.roster import Replica
from tests.support.buckets import MemoryKeys

NAMES = ("gateway.a", "gateway.b", "gateway.c", "gateway.d", "routing.a", "routing.b")


def release(document: str = "one", artifact: str = "", promoted: str = "") -> Release:
    return Release(document=document, artifact=artifact, promoted=promoted, config_version=f"c{document}")


@dataclass
class TwinReplica:
    """`broken`: documents that it cannot apply."""

    name: str
    broken: set[str] = field(default_factory=set)
    has: int = 0
    document: str = ""
    wish: int = 0
    error: str = ""
    figures: tuple[int, int] = (0, 0)
    deaf: bool = False
    """It lives and applies nothing."""

    def follow(self, keys: MemoryKeys) -> None:
        wanted = self._wanted(keys)
        if wanted is None or wanted.wish == self.wish or self.deaf:
            return
        self.wish, self.error = wanted.wish, ""
        if wanted.release.document in self.broken:
            self.error = "config.yaml:3: it cannot be"
        else:
            self.has, self.document = wanted.release.number, wanted.release.document

    def _wanted(self, keys: MemoryKeys) -> pb.Wanted | None:
        canary = keys.held.get("canary")
        if canary and self.name in (tried := pb.Wanted.FromString(canary.value)).replicas:
            return tried
        desired = keys.held.get("desired")
        return pb.Wanted.FromString(desired.value) if desired else None

    @property
    def said(self) -> Replica:
        return Replica(self.name, self.name.split(".")[0], self.has, self.wish, self.error, *self.figures)


class Fleet:
    """`at`: the time in seconds. `rollouts` is the leader of it."""

    def __init__(self, names: Sequence[str] = NAMES) -> None:
        self.keys, self.at = MemoryKeys(), 1_800_000_000.0
        self.replicas = {name: TwinReplica(name) for name in names}
        self.ended: list[str] = []
        self.rollouts = self.leader()

    def leader(self) -> Rollouts:
        return Rollouts(FleetStore(self.keys), self.roster, lambda: self.at, self.ended.append)

    async def roster(self) -> list[Replica]:
        return [one.said for one in self.replicas.values()]

    def follow(self) -> None:
        for one in self.replicas.values():
            one.follow(self.keys)

    async def run(self, seconds: float, step_s: float = 1.0) -> Record:
        """Everybody does what there is to do, once a step."""
        for _ in range(int(seconds / step_s)):
            self.follow()
            await self.rollouts.go_on()
            self.at += step_s
        self.follow()
        return self.rollouts.known

    def documents(self) -> set[str]:
        """What is served."""
        return {one.document for one in self.replicas.values()}

    def has(self, document: str) -> list[str]:
        return sorted(name for name, one in self.replicas.items() if one.document == document)
