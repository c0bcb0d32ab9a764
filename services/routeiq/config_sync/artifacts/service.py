"""What may be done with the fleet's artifacts: push one, want one, go back, compare two.

Nothing moves before routing has opened an artifact, where a routing service is there to ask. Which release then rolls
out, and how, is the rollout's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

import structlog

from routeiq.api.routing.v1 import routing_pb2 as pb
from routeiq.clients.artifact_parts import Parts, PartsInvalid
from routeiq.clients.artifact_tar import unpack
from routeiq.config_sync.artifacts.card import Card, card_of
from routeiq.config_sync.artifacts.difference import Difference, difference
from routeiq.config_sync.artifacts.store import ArtifactStore
from routeiq.kit.errors import Unavailable

log = structlog.get_logger()

VALIDATE_TIMEOUT_S = 60.0
NOT_JUDGED = "no routing service could be asked whether it loads; each judges it when it is to serve it"


Upload = Callable[[], Awaitable[bytes]]
"""Takes the tar that a client sends."""


class Moved(NamedTuple):
    """A rollout of another artifact has begun. release: its number; 0: the fleet has it already.
    previous_id: what was wanted before; empty: each replica's own."""

    artifact_id: str
    previous_id: str
    release: int
    phase: str


class State(NamedTuple):
    """wanted: the artifact that is desired of all; empty: each replica's own.
    in_use: all that the last releases name, as a rollback may want them."""

    wanted: str
    in_use: frozenset[str]


class Fleet(Protocol):
    """The rollout, as far as artifacts go. Any replica of config-sync takes these; the leader does them."""

    async def now(self) -> State:
        """Without NATS as it was last known."""
        ...

    async def promote(self, artifact_id: str, by: str) -> Moved:
        """Raises: RouteIQError: the document names its artifact, routing refuses this one, or nobody leads."""
        ...

    async def roll_back_artifact(self, by: str) -> Moved:
        """To the one that was wanted before. Raises: RouteIQError: the document names one, there is none, or nobody
        leads."""
        ...


class Judge(Protocol):
    """A routing service: `clients.routing.RoutingClient`."""

    async def validate_artifact(
        self, directory: str = "", *, artifact_id: str = "", timeout_s: float = 0, subject: str = ""
    ) -> pb.ValidateArtifactResponse: ...


class Pushed(NamedTuple):
    """created: it was not there before.  judged: routing has opened it."""

    card: Card
    created: bool
    judged: bool


class ArtifactService:
    """For one event loop. Args: judge: None: there is no routing service to ask."""

    def __init__(self, store: ArtifactStore, fleet: Fleet, judge: Judge | None) -> None:
        self._store, self._fleet, self._judge = store, fleet, judge
        self._one = asyncio.Semaphore(1)  # whoever is in it holds an artifact in memory

    async def cards(self) -> tuple[list[Card], str]:
        """The newest first; and the id of the one that is desired of all, empty: each replica's own."""
        return await self._store.cards(), (await self._fleet.now()).wanted

    async def push(self, upload: Upload, by: str) -> Pushed:
        """Keep an artifact. What routing refuses is not kept. Raises: PartsInvalid, with every problem; Unavailable;
        what `upload` does, which is called when it is this one's turn."""
        async with self._one:
            parts = await asyncio.to_thread(unpack, await upload())
            card = card_of(parts, datetime.now(UTC), by)
            former = await self._store.card(card.artifact_id)
            judged = await self._put(parts, card, former)
            del parts
            wanted, in_use = await self._fleet.now()
            await self._store.clear(in_use | {wanted})
        created = former is None
        log.info("artifact.pushed", artifact_id=card.artifact_id, by=by, created=created, judged=judged)
        return Pushed(card, created, judged)

    async def _put(self, parts: Parts, card: Card, former: Card | None) -> bool:
        """A signed one takes the place of the same artifact without a signature, never the other way round. What is
        refused leaves what was there before. Returns: whether routing has opened it. Raises: PartsInvalid."""
        if former is not None and former.signed_by and card.signed_by is None:
            return await self.judge(card.artifact_id)
        before = await self._store.get(card.artifact_id) if former is not None else None
        await self._store.put(parts, card)
        try:
            return await self.judge(card.artifact_id)
        except PartsInvalid:
            if before is None or former is None:
                await self._store.remove(card.artifact_id)
            else:
                await self._store.put(before, former)
            raise

    async def promote(self, artifact_id: str, by: str) -> Moved:
        """Want it of all. Raises: NoSuchArtifact; RouteIQError: the document names one, routing refuses it."""
        await self._store.need(artifact_id)
        return await self._fleet.promote(artifact_id, by)

    async def roll_back(self, by: str) -> Moved:
        """Want the one before. Raises: RouteIQError: the document names its artifact, or there is none."""
        return await self._fleet.roll_back_artifact(by)

    async def compare(self, a: str, b: str) -> Difference:
        """Raises: NoSuchArtifact."""
        async with self._one:
            first, second = await self._store.get(a), await self._store.get(b)
            return await asyncio.to_thread(difference, first, second)

    async def judge(self, artifact_id: str) -> bool:
        """Let routing open it. Returns: whether one was there to do so. Raises: PartsInvalid: it was refused."""
        if self._judge is None:
            return False
        try:
            found = await self._judge.validate_artifact(artifact_id=artifact_id, timeout_s=VALIDATE_TIMEOUT_S)
        except Unavailable:
            return False
        if not found.valid:
            raise PartsInvalid(list(found.errors))
        return True
