"""Artifacts by id: from the folder of those that were fetched, else from the fleet's object store.

What comes from the store is checked before it is kept: that it is the artifact of that id, whole. Whether this service
may and can load it, the engine finds out."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import structlog

from routeiq.clients.artifact_parts import Parts, PartsInvalid, read_folder
from routeiq.clients.artifact_tar import pack, unpack
from routeiq.config.artifact_names import is_artifact_id
from routeiq.kit.errors import InvalidRequest, RouteIQError
from routeiq.routing.artifact import ArtifactInvalid
from routeiq.routing.artifact.cache import ArtifactCache
from routeiq.routing.engine import Engine, Loaded

log = structlog.get_logger()

NO_ID = "an artifact's id is 64 hex digits"


class NotKept(RouteIQError):
    """It was fetched, but there is no room for it here, or no leave."""

    status, type, code, expose = 507, "internal_error", "artifact_not_kept", True


class Objects(Protocol):
    """What holds tars by artifact id: `kit.bus_objects.ObjectBucket`."""

    async def get(self, name: str) -> bytes: ...

    async def exists(self, name: str) -> bool: ...

    async def add(self, name: str, data: bytes) -> None: ...


class Supply:
    """For one event loop."""

    def __init__(self, engine: Engine, cache: ArtifactCache, objects: Objects) -> None:
        self._engine, self._cache, self._objects = engine, cache, objects
        self._one = asyncio.Lock()

    async def open(self, artifact_id: str) -> Loaded:
        """Ready to be served: what the engine has in memory is taken from there.

        Raises: InvalidRequest: no id.  NotFound: the store has none.  ArtifactInvalid: it may not or cannot be loaded.
        Unavailable: the store does not answer.  NotKept: the disk takes it not."""
        if not is_artifact_id(artifact_id):
            raise InvalidRequest(NO_ID)
        kept = self._engine.kept(artifact_id)
        if kept is not None:
            return kept
        async with self._one:  # a fetch holds the artifact in memory
            return await self._open(artifact_id)

    async def _open(self, artifact_id: str) -> Loaded:
        path = await asyncio.to_thread(self._cache.path, artifact_id)
        if path is not None:
            try:
                return await self._engine.try_load(path, artifact_id)
            except ArtifactInvalid as error:  # the disk may have lost it, or it is signed anew in the store
                log.warning("artifact.cached_refused", artifact_id=artifact_id, reason=error.message)
        parts = await self._fetch(artifact_id)
        with _said(artifact_id):
            path = await asyncio.to_thread(self._cache.put, parts)
        del parts  # its bytes, before the engine reads them again
        return await self._engine.try_load(path, artifact_id)

    async def check(self, artifact_id: str) -> None:
        """Open what the store has under this id, whatever is kept here, and leave no trace of it. Raises: as `open`."""
        if not is_artifact_id(artifact_id):
            raise InvalidRequest(NO_ID)
        async with self._one:
            parts = await self._fetch(artifact_id)
            with _said(artifact_id):
                draft = await asyncio.to_thread(self._cache.write, parts)
            del parts
            try:
                await self._engine.try_load(draft, artifact_id)
            finally:
                await asyncio.to_thread(self._cache.remove, draft)

    async def _fetch(self, artifact_id: str) -> Parts:
        tar = await self._objects.get(artifact_id)
        with _said(artifact_id):
            parts = await asyncio.to_thread(unpack, tar)
        if parts.artifact_id != artifact_id:
            raise ArtifactInvalid(Path(artifact_id), [f"the store holds {parts.artifact_id} under its id"])
        log.info("artifact.fetched", artifact_id=artifact_id, bytes=len(tar))
        return parts

    async def give_back(self, artifact_id: str) -> None:
        """Put what was fetched back into the store if that has lost it; it is the same bytes whoever does it.

        Raises: Unavailable: the store does not answer.  PartsInvalid: the disk has not kept it."""
        async with self._one:
            path = await asyncio.to_thread(self._cache.path, artifact_id)
            if path is None or await self._objects.exists(artifact_id):
                return
            parts = await asyncio.to_thread(read_folder, path)
            if parts.artifact_id != artifact_id:
                raise PartsInvalid([f"{parts.artifact_id} is kept under its id"])
            tar = await asyncio.to_thread(pack, parts)
            del parts
            await self._objects.add(artifact_id, tar)
            log.info("artifact.given_back", artifact_id=artifact_id, bytes=len(tar))

    async def keep_only(self, artifact_ids: Collection[str]) -> None:
        """Clear the others away from the disk."""
        async with self._one:
            await asyncio.to_thread(self._cache.keep_only, artifact_ids)


@contextmanager
def _said(artifact_id: str) -> Iterator[None]:
    """What can be wrong with it, or with the disk, as this service says it."""
    try:
        yield
    except PartsInvalid as error:
        raise ArtifactInvalid(Path(artifact_id), error.problems) from None
    except OSError as error:
        raise NotKept(f"the artifact cannot be written to the cache: {error.strerror}") from error
