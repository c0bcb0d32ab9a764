"""Which replica of config-sync leads. One holds a seat and renews it; the others take it when it is given up, or when
nobody has renewed it for as long as a lease lasts, by their own clock.

A leader that cannot renew steps down before its lease ends. What it writes is fenced besides, so that a pause at the
wrong moment costs nothing: see `rollouts`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Protocol

import structlog

from routeiq.config_sync.fleet_store import Keys
from routeiq.kit.bus_keys import KeyChanged, KeyExists
from routeiq.kit.errors import RouteIQError, Unavailable

log = structlog.get_logger()

LEASE_S = 10.0
RENEW_S = 3.0
LOOK_EVERY_S = 1.0
"""How often the others look: so soon one takes over from a leader that stopped in order."""
GIVE_UP_S = 2.0


class Held(NamedTuple):
    """`version` changes with each renewal."""

    holder: str
    version: str


class SeatTaken(RouteIQError):
    """Somebody else was first."""

    code = "seat_taken"


class Seat(Protocol):
    """Where it is written who leads. Raises: Unavailable: it cannot be reached."""

    async def look(self) -> Held | None:
        """None: nobody does."""
        ...

    async def take(self, holder: str, instead_of: Held | None) -> Held:
        """Take or renew it, if it is still `instead_of`'s. Raises: SeatTaken."""
        ...

    async def give_up(self, held: Held) -> None:
        """If it is still so."""
        ...


class NATSSeat:
    """A key in a bucket whose entries lapse."""

    def __init__(self, keys: Keys, name: str) -> None:
        self._keys, self._name = keys, name

    async def look(self) -> Held | None:
        entry = await self._keys.get(self._name)
        return Held(entry.value.decode(), str(entry.revision)) if entry else None

    async def take(self, holder: str, instead_of: Held | None) -> Held:
        value = holder.encode()
        try:
            if instead_of:
                revision = await self._keys.update(self._name, value, int(instead_of.version))
            else:
                revision = await self._keys.create(self._name, value)
        except (KeyChanged, KeyExists):
            raise SeatTaken("another one leads") from None
        return Held(holder, str(revision))

    async def give_up(self, held: Held) -> None:
        with suppress(KeyChanged):
            await self._keys.delete(self._name, int(held.version))


class Leadership(Protocol):
    """Whether this replica leads, and who does."""

    @property
    def leading(self) -> bool: ...

    @property
    def holder(self) -> str:
        """Empty: nobody, as far as is known here."""
        ...

    @property
    def expires_in_s(self) -> float | None:
        """Until when that is certain; None: it does not end."""
        ...

    async def run(self) -> None:
        """Until it is cancelled, which gives the seat up."""
        ...


class Alone:
    """There is one replica, which leads."""

    def __init__(self, replica: str) -> None:
        self.leading, self.holder, self.expires_in_s = True, replica, None

    async def run(self) -> None:
        await asyncio.Event().wait()


class Election:
    """Among several. Args: lease_s: for how long a leader may be silent.  renew_s: how often it renews."""

    def __init__(
        self,
        seat: Seat,
        replica: str,
        *,
        lease_s: float = LEASE_S,
        renew_s: float = RENEW_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._seat, self._replica, self._clock = seat, replica, clock
        self._lease_s, self._renew_s = lease_s, min(renew_s, lease_s / 3)
        self._mine: Held | None = None
        self._seen: Held | None = None
        self._seen_at = clock()
        """When the seat last changed, or was last renewed here."""
        self._unreachable = False

    @property
    def leading(self) -> bool:
        """It steps down a renewal before the others may take over."""
        return self._mine is not None and self._clock() - self._seen_at < self._lease_s - self._renew_s

    @property
    def holder(self) -> str:
        return self._seen.holder if self._seen else ""

    @property
    def expires_in_s(self) -> float | None:
        return max(self._lease_s - (self._clock() - self._seen_at), 0.0) if self._seen else None

    async def run(self) -> None:
        try:
            while True:
                await self.turn()
                await asyncio.sleep(self._renew_s if self._mine else min(LOOK_EVERY_S, self._renew_s))
        finally:
            await self._stop()

    async def turn(self) -> None:
        """Renew, or look whether the seat is free."""
        before = self.leading
        try:
            await (self._renew() if self._mine else self._look())
            self._unreachable = False
        except SeatTaken:
            self._mine = self._seen = None
        except Unavailable as error:
            if not self._unreachable:  # it is tried again every second
                log.info("leader.unreachable", reason=error.code)
            self._unreachable = True
        except Exception:  # the edge of the task
            log.exception("leader.failed")
        if self.leading is not before:
            log.info("leader.changed", leading=self.leading, holder=self.holder)

    async def _renew(self) -> None:
        begun = self._clock()
        self._mine = self._seen = await self._seat.take(self._replica, self._mine)
        self._seen_at = begun

    async def _look(self) -> None:
        begun = self._clock()
        held = await self._seat.look()
        if held is None or held != self._seen:
            self._seen, self._seen_at = held, begun
        if held is None or held.holder == self._replica or begun - self._seen_at >= self._lease_s:
            self._mine = self._seen = await self._seat.take(self._replica, held)
            self._seen_at = begun

    async def _stop(self) -> None:
        held, self._mine = self._mine, None
        if held is None:
            return
        with suppress(RouteIQError, TimeoutError):
            async with asyncio.timeout(GIVE_UP_S):
                await self._seat.give_up(held)
