"""Which artifact a document means, by its id; what it keeps in a folder of its own is stored for all to have."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Protocol

from routeiq.clients.artifact_parts import Parts, read_folder
from routeiq.clients.artifact_tar import unpack
from routeiq.config.artifact_names import is_artifact_id, is_directory
from routeiq.kit.errors import InvalidRequest

BY_DOCUMENT = "document"
"""Who is said to have pushed an artifact that a document names by its place."""
FetchArchive = Callable[[str], Awaitable[bytes]]
"""The URL of an archive -> its bytes. Raises: RouteIQError."""


class Artifacts(Protocol):
    """`artifacts.store.ArtifactStore`."""

    async def need(self, artifact_id: str) -> None:
        """Raises: NotFound: there is none."""
        ...

    async def keep(self, parts: Parts, by: str, in_use: Collection[str]) -> None:
        """For all to have."""
        ...


class NamedArtifacts:
    """See `intake.NameArtifact`. Raises, besides: PartsInvalid: it is not a whole artifact.  Unavailable.

    Args: in_use: the artifacts that may be wanted again, which no new one displaces."""

    def __init__(
        self,
        artifacts: Artifacts,
        fetch: FetchArchive | None = None,
        in_use: Callable[[], Collection[str]] = frozenset,
    ) -> None:
        self._artifacts, self._fetch, self._in_use = artifacts, fetch, in_use

    async def __call__(self, named: str, folder: Path | None) -> str:
        if is_artifact_id(named):
            await self._artifacts.need(named)
            return named
        if not is_directory(named):
            return await self._from_archive(named)
        if folder is None:
            return ""  # of each routing service's own disk
        return await self._keep(await asyncio.to_thread(lambda: read_folder(folder / Path(named).expanduser())))

    async def _from_archive(self, url: str) -> str:
        if self._fetch is None:
            raise InvalidRequest(f"{url}: no archive can be fetched here; push the artifact and name its id")
        packed = await self._fetch(url)
        return await self._keep(await asyncio.to_thread(unpack, packed))

    async def _keep(self, parts: Parts) -> str:
        await self._artifacts.keep(parts, BY_DOCUMENT, self._in_use())
        return parts.artifact_id
