"""The source that the settings name, its poller, and what becomes of what it reads."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NoReturn

from msgspec.structs import replace

from routeiq.config_sync.backoff import pause_s
from routeiq.config_sync.election_settings import HASettings
from routeiq.config_sync.facts import PollFacts, SourceNames
from routeiq.config_sync.figures import SyncMetrics
from routeiq.config_sync.intake import Intake, Origin, Taken
from routeiq.config_sync.named_artifacts import FetchArchive
from routeiq.config_sync.poller import BY_ITSELF, Asked, Poller
from routeiq.config_sync.polling import Polled
from routeiq.config_sync.sources.choice import source_of
from routeiq.config_sync.sources.document import Fetched, Source
from routeiq.config_sync.sources.settings import SourceSettings
from routeiq.config_sync.wiring import Sync, rules_of
from routeiq.kit.errors import RouteIQError

FILE = "file"


class SourcePoller:
    """See `polling.Poller`. Args: by_itself: whether what has changed goes out though nobody asks; else only the first
    document of all does."""

    def __init__(
        self, source: Source, intake: Intake, figures: SyncMetrics, interval_s: float, *, by_itself: bool
    ) -> None:
        self._name, self._intake, self.close = source.name, intake, source.close
        self._interval_s, self._by_itself = interval_s, by_itself
        self._poller = Poller(source, self._take, interval_s, unread=figures.poll_failed)
        self._waits = False

    async def run(self) -> NoReturn:
        if not self._by_itself:
            await self._first()
        await self._poller.run()
        raise AssertionError("it ends with its task")

    async def poll(self, *, force: bool, by: str) -> Polled:
        return await self._poll(Asked(by, force))

    def facts(self) -> PollFacts:
        facts = self._poller.facts
        return replace(facts, running=facts.running or self._waits)

    async def _poll(self, asked: Asked) -> Polled:
        try:
            found = await self._poller.poll(asked)
        except RouteIQError as error:
            return Polled(error=error.public_message)
        return Polled(found is not None, found[1] if found else None)

    async def _take(self, fetched: Fetched, asked: Asked) -> Taken:
        origin = Origin(self._name, fetched.etag, asked.by, fetched.folder)
        return await self._intake.take(fetched.bundle, origin, force=asked.force)

    async def _first(self) -> NoReturn:
        self._waits = True
        try:
            while (await self._intake.rollouts.record()).desired is None:
                await self._poll(BY_ITSELF)
                await asyncio.sleep(pause_s(self._poller.facts.consecutive_failures, self._interval_s))
            await asyncio.Event().wait()
        finally:
            self._waits = False
        raise AssertionError("nobody sets it")


def sync_of(ha: HASettings, settings: SourceSettings, document: Path | None) -> Sync:
    """Raises: ConfigurationError. Args: document: the file that the command line names."""
    source = source_of(settings, document)
    enabled = settings.enabled and source is not None
    rules = rules_of(ha, enabled=enabled, hot_reload=settings.hot_reload, interval_s=settings.interval_s)
    if source is None:
        return Sync(rules)

    def make(intake: Intake, figures: SyncMetrics) -> SourcePoller:
        return SourcePoller(source, intake, figures, settings.interval_s, by_itself=settings.hot_reload)

    return Sync(
        rules,
        names_of(source, settings),
        remote=source.kind != FILE,
        make=make if enabled else None,
        fetch=_archives(settings),
    )


def names_of(source: Source, settings: SourceSettings) -> SourceNames:
    """Without credentials: a source's name has none."""
    return SourceNames(
        source.kind, source.name, (settings.s3_bucket, settings.s3_key), (settings.gcs_bucket, settings.gcs_key),
        settings.configmap, source.name.removeprefix("file://") if source.kind == FILE else "",
    )  # fmt: skip


def _archives(settings: SourceSettings) -> FetchArchive:
    async def fetch(url: str) -> bytes:
        from routeiq.config_sync.sources.archives import Endpoints, fetch_archive  # noqa: PLC0415  # 20 MB to import

        return await fetch_archive(url, Endpoints(settings.s3_endpoint, settings.gcs_endpoint))

    return fetch
