"""What the leader asks of whoever reads the source."""

from __future__ import annotations

import asyncio
from typing import NamedTuple, NoReturn, Protocol

from routeiq.config_sync.facts import PollFacts
from routeiq.config_sync.intake import Taken


class Polled(NamedTuple):
    """One poll. `fetched`: bytes came over; `taken`: what became of them; None: there were no new ones. `error`: why
    the source could not be read."""

    fetched: bool = False
    taken: Taken | None = None
    error: str = ""


class Poller(Protocol):
    async def run(self) -> NoReturn:
        """Poll again and again, until it is cancelled."""
        ...

    async def poll(self, *, force: bool, by: str) -> Polled:
        """Now. Args: force: whatever the source's version is, and what was refused before."""
        ...

    def facts(self) -> PollFacts: ...

    async def close(self) -> None:
        """Behind the last one."""
        ...


class NoPolling:
    """There is nothing to read."""

    async def run(self) -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")
