"""Serve the artifact that the fleet wants, and begin with it after a restart, also where NATS is away.

What is wanted is opened beside what serves and then swapped in one step. The one before stays in memory, so that the
way back takes no time; on the disk stay the two."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from routeiq.kit.errors import RouteIQError
from routeiq.routing.artifact.cache import ArtifactCache
from routeiq.routing.engine import Engine, Loaded
from routeiq.routing.supply import Supply

log = structlog.get_logger()


class Following:
    """For one event loop; one wish at a time. Args: own: the service's own artifact, where the fleet wants none."""

    def __init__(self, engine: Engine, supply: Supply, cache: ArtifactCache, own: Path) -> None:
        self._engine, self._supply, self._cache, self._own = engine, supply, cache, own
        self._own_id = ""

    async def begin(self) -> None:
        """Serve what was wanted last if it is still here, else the service's own.

        Raises: ArtifactInvalid, EncoderInvalid: neither can be served."""
        wanted = await asyncio.to_thread(self._cache.wanted)
        path = await asyncio.to_thread(self._cache.path, wanted)
        if path is not None:
            try:
                await self._engine.serve(self._engine.try_load(path, wanted))
            except RouteIQError as error:
                log.warning("artifact.cached_refused", artifact_id=wanted, reason=error.message)
            else:
                return
        await self._engine.serve(self._open_own())

    async def want(self, artifact_id: str) -> None:
        """Serve it; empty: the service's own. What is served stays if this raises.

        Raises: what `Supply.open` does."""
        await self._engine.serve(self._supply.open(artifact_id) if artifact_id else self._open_own())
        try:
            await asyncio.to_thread(self._cache.remember, artifact_id)
            await self._clear()
        except OSError as error:  # it serves; at the next start it may have to be fetched again
            log.warning("artifact.not_remembered", artifact_id=artifact_id, reason=error.strerror)

    async def _open_own(self) -> Loaded:
        kept = self._engine.kept(self._own_id)
        if kept is not None:
            return kept
        loaded = await self._engine.try_load(self._own)
        self._own_id = loaded.artifact.artifact_id
        return loaded

    async def _clear(self) -> None:
        held = (self._engine.loaded, self._engine.previous)
        await self._supply.keep_only({one.artifact.artifact_id for one in held if one is not None})
