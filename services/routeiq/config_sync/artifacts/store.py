"""The fleet's artifacts, pushed or brought by a document: tars in the object store, a card beside each for lists, the
oldest cleared away.

What is put here is whole, and is the artifact of its id. Whether a router can load it, routing says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

import structlog
from pydantic import ValidationError

from routeiq.clients.artifact_parts import Parts, PartsInvalid
from routeiq.clients.artifact_tar import pack, unpack
from routeiq.config.artifact_names import is_artifact_id
from routeiq.config_sync.artifacts.card import Card, card_of, signer
from routeiq.config_sync.objects import Objects
from routeiq.kit.bus_keys import BucketSpec, Entry, KeyExists
from routeiq.kit.errors import NotFound

log = structlog.get_logger()

CARDS = BucketSpec("routeiq-artifact-cards")
"""What lists show, by artifact id."""
MOST_KEPT = 30
MOST_SEEN = 300
"""Of whose cards is remembered who had pushed them."""
UNKNOWN = "unknown"
"""Who pushed what lost its card, where nobody remembers."""


class Keys(Protocol):
    """`kit.bus_keys.KeyBucket`."""

    async def get(self, key: str) -> Entry | None: ...

    async def put(self, key: str, value: bytes) -> int: ...

    async def create(self, key: str, value: bytes) -> int: ...

    async def delete(self, key: str) -> None: ...

    async def entries(self) -> dict[str, Entry]: ...


class NoSuchArtifact(NotFound):
    code = "artifact_not_found"


class ArtifactStore:
    """For one event loop. Args: most: how many are kept beside those in use. Raises, each method: BusUnavailable."""

    def __init__(self, objects: Objects, cards: Keys, most: int = MOST_KEPT) -> None:
        self._objects, self._cards, self._most = objects, cards, most
        self._seen: dict[str, Card] = {}
        self._foreign: set[str] = set()
        """What is stored under an artifact's id, and is not that."""

    async def cards(self) -> list[Card]:
        """The newest first."""
        found = self._read(await self._cards.entries())
        return sorted(found, key=lambda card: (card.pushed_at, card.artifact_id), reverse=True)

    async def keep(self, parts: Parts, by: str, in_use: Collection[str]) -> None:
        """Put it here unless it is, and make room. A signed one takes the place of the same artifact without a
        signature, never the other way round. Raises: PartsInvalid: a field of its manifest is of another kind."""
        former = await self.card(parts.artifact_id)
        if former is None or (parts.signature is not None and former.signed_by != signer(parts)):
            await self.put(parts, card_of(parts, datetime.now(UTC), by))
            await self.clear({*in_use, parts.artifact_id})

    async def put(self, parts: Parts, card: Card) -> None:
        """Keep it, in place of what is here under its id."""
        await self._objects.put(parts.artifact_id, await asyncio.to_thread(pack, parts))
        await self._cards.put(parts.artifact_id, card.model_dump_json().encode())

    async def card(self, artifact_id: str) -> Card | None:
        """None: it is not here, all of it."""
        entry = await self._cards.get(artifact_id)
        card = _read(entry.value) if entry is not None else None
        return card if card is not None and await self._objects.exists(artifact_id) else None

    async def get(self, artifact_id: str) -> Parts:
        """Raises: NoSuchArtifact; PartsInvalid: somebody else has put what is there."""
        if not is_artifact_id(artifact_id):
            raise NoSuchArtifact("An artifact's id is 64 hex digits.")
        try:
            tar = await self._objects.get(artifact_id)
        except NotFound:
            raise NoSuchArtifact(f"There is no artifact {artifact_id}. `routeiq artifact list` names them.") from None
        return await asyncio.to_thread(unpack, tar)

    async def has(self, artifact_id: str) -> bool:
        """All of it."""
        return is_artifact_id(artifact_id) and await self._objects.exists(artifact_id)

    async def need(self, artifact_id: str) -> None:
        """Raises: NoSuchArtifact."""
        if not await self.has(artifact_id):
            raise NoSuchArtifact(f"There is no artifact {artifact_id[:64]}. `routeiq artifact list` names them.")

    async def remove(self, artifact_id: str) -> None:
        """Also one that is not there. The card first: what a list shows can be had."""
        await self._cards.delete(artifact_id)
        await self._objects.delete(artifact_id)

    async def clear(self, in_use: Collection[str]) -> None:
        """All but the newest ones and those in use; and what killed writers have left."""
        for card in (await self.cards())[self._most :]:
            if card.artifact_id not in in_use:
                log.info("artifact.cleared", artifact_id=card.artifact_id, pushed_at=card.pushed_at.isoformat())
                await self.remove(card.artifact_id)
        await self.sweep()

    async def sweep(self) -> int:
        """Clear away what killed writers have left. Returns: of how many."""
        return await self._objects.sweep()

    async def mend(self) -> None:
        """Give a card to each that has none, as when somebody else has put it back that was lost."""
        entries = await self._cards.entries()
        self._read(entries)
        for artifact_id in await self._objects.names():
            if artifact_id not in entries and artifact_id not in self._foreign and await self.has(artifact_id):
                await self._describe(artifact_id)

    def _read(self, entries: Mapping[str, Entry]) -> list[Card]:
        """Those that can be read, which are remembered."""
        found = [card for entry in entries.values() if (card := _read(entry.value)) is not None]
        self._seen |= {card.artifact_id: card for card in found}
        for forgotten in list(self._seen)[:-MOST_SEEN]:
            del self._seen[forgotten]
        return found

    async def _describe(self, artifact_id: str) -> None:
        seen = self._seen.get(artifact_id)
        pushed_at, pushed_by = (seen.pushed_at, seen.pushed_by) if seen else (datetime.now(UTC), UNKNOWN)
        try:
            card = card_of(await self._own(artifact_id), pushed_at, pushed_by)
        except PartsInvalid as error:
            self._foreign.add(artifact_id)
            log.warning("artifact.unlisted", artifact_id=artifact_id, reason=error.message)
            return
        with suppress(KeyExists):
            await self._cards.create(artifact_id, card.model_dump_json().encode())
        if not await self._objects.exists(artifact_id):  # somebody has removed it meanwhile
            await self._cards.delete(artifact_id)

    async def _own(self, artifact_id: str) -> Parts:
        parts = await self.get(artifact_id)
        if parts.artifact_id != artifact_id:
            raise PartsInvalid([f"the store holds {parts.artifact_id} under its id"])
        return parts


def _read(card: bytes) -> Card | None:
    """None: another release wrote it, and this one cannot read it."""
    try:
        return Card.model_validate_json(card)
    except ValidationError:
        return None
