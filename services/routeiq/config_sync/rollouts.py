"""The fleet's rollouts, as one leader conducts them.

Each change is made of the record as it stands in NATS, written there under compare-and-set, and carried out after that;
so it does not matter where a leader dies, nor whether two take themselves for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from msgspec.structs import replace

from routeiq.config_sync import manual_rollback, rollout
from routeiq.config_sync.fleet_store import FleetStore, Stale
from routeiq.config_sync.history import followed, with_refusal
from routeiq.config_sync.record import Fate, Plan, Record, Release
from routeiq.config_sync.rollout import Offer
from routeiq.config_sync.roster import Roster, named
from routeiq.kit.errors import Unavailable

log = structlog.get_logger()

TRIES = 5
YOUNG_S = 10.0
"""So soon after a take-over a canary that is not heard may only not have been heard yet, as after NATS came back."""
ENDED = (Fate.DONE, Fate.ROLLED_BACK, Fate.SUPERSEDED)

Change = Callable[[Record, Roster, int], Record]
Count = Callable[[str], None]


class NotLeading(Unavailable):
    """Another one leads."""

    code = "not_leading"


class WhoLives(Protocol):
    """Reads the roster."""

    async def __call__(self) -> Roster: ...


class Rollouts:
    """Args: store: of the record and the keys.  clock: gives Unix time in seconds.  ended: called with the fate of each
    rollout that ends here.

    Raises, each method: NotLeading: another one has taken over.  Unavailable: NATS is away."""

    def __init__(
        self, store: FleetStore, roster: WhoLives, clock: Callable[[], float], ended: Count = lambda fate: None
    ) -> None:
        self._store, self._roster, self._clock, self._count = store, roster, clock, ended
        self._holder, self._leads_since = "", 0.0
        self._known = Record()

    @property
    def known(self) -> Record:
        """As it was last read or written here."""
        return self._known

    async def record(self) -> Record:
        """As it stands, whoever leads."""
        return (await self._store.read()).record

    async def take_over(self, holder: str) -> Record:
        """Go on from where the last leader was. A record that was lost is written again as it was known here, else as
        the fleet follows it."""
        self._holder, self._leads_since = holder, self._clock()
        for _ in range(TRIES):
            stored = await self._store.read()
            found = self._known if stored.lost or stored.record.wish < self._known.wish else stored.record
            if stored.lost and not found.wish:
                found = followed(await self._store.wanted())
            taken = replace(found, holder=holder)
            try:
                await self._store.write(taken, stored.revision)
                await self._store.agree(taken)
            except Stale:
                continue
            self._known = taken
            return taken
        raise Unavailable("The state of the fleet changes too fast to be taken over.")

    async def offer(self, release: Release, plan: Plan, *, force: bool = False) -> Offer:
        """Roll it out, unless the fleet has it or it was refused before."""
        came: list[Offer] = [Offer.UNCHANGED]

        def change(record: Record, roster: Roster, now_ms: int) -> Record:
            changed, came[0] = rollout.begin(record, release, plan, roster, now_ms, force=force)
            return changed

        await self._change(change)
        return came[0]

    async def go_on(self) -> Record:
        """The next step, if there is one now; and the keys as they shall be, whoever changed them."""

        def change(record: Record, roster: Roster, now_ms: int) -> Record:
            unknown = record.canary is not None and not named(roster, record.canary.replicas)
            young = self._clock() - self._leads_since < YOUNG_S
            return record if unknown and young else rollout.advance(record, roster, now_ms)

        return await self._change(change, only_under_way=True)

    async def roll_back(self, to: int | None, by: str) -> Record:
        """Raises: NotFound: no such release.  NothingToRollBack."""
        return await self._change(lambda record, roster, now: manual_rollback.roll_back(record, to, by, roster, now))

    async def refuse(self, release: Release, reason: str, errors: Sequence[str]) -> Record:
        """Remember that it is not valid; it never went out."""

        def change(record: Record, _: Roster, now_ms: int) -> Record:
            refused = rollout.refusal(release, record.good, reason, now_ms)
            return with_refusal(record, replace(refused, errors=tuple(errors))) if refused else record

        return await self._change(change)

    async def _change(self, change: Change, *, only_under_way: bool = False) -> Record:
        for _ in range(TRIES):
            record, revision, _ = await self._store.read()
            if record.holder != self._holder or not revision:
                raise NotLeading("Another replica of config-sync leads now.")
            changed = record
            if record.rollout or not only_under_way:
                changed = change(record, await self._roster(), int(self._clock() * 1000))
            try:
                if changed is not record:
                    await self._store.write(changed, revision)
                    self._say(record, changed)
                await self._store.agree(changed)
            except Stale:
                continue
            self._known = changed
            return changed
        raise Unavailable("The state of the fleet changes too fast.")

    def _say(self, before: Record, after: Record) -> None:
        for past in after.history:
            old = before.past(past.release.number)
            if past.fate in ENDED and (old is None or old.fate is not past.fate):
                self._count(past.fate.value)
        phase = after.rollout.phase.value if after.rollout else "idle"
        number = after.desired.release.number if after.desired else 0
        log.info("rollout.changed", phase=phase, wish=after.wish, desired=number)
