"""What only the leader does because somebody asks: reload, roll back, promote an artifact. JSON in, JSON out."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from routeiq.config_sync.history import refused_now
from routeiq.config_sync.intake import Intake, Taken
from routeiq.config_sync.leader_requests import Action, Said
from routeiq.config_sync.manual_rollback import NothingToRollBack, other_artifact, target
from routeiq.config_sync.polling import Polled, Poller
from routeiq.config_sync.record import Fate, Phase, Record, Release
from routeiq.config_sync.rollout import Offer, current
from routeiq.config_sync.rollouts import Rollouts, WhoLives
from routeiq.config_sync.shown import late_names, release_shown, replicas_shown, rollout_shown
from routeiq.kit.errors import RouteIQError

SETTLED_S = 5.0
"""How long an answer waits for the replicas."""
LOOK_EVERY_S = 0.1

TRIGGERED = "Config reload triggered"


class SyncOff(RouteIQError):
    """There is no source to read."""

    status, type, code = 409, "conflict_error", "config_sync_disabled"


@dataclass(frozen=True, slots=True)
class LeaderActions:
    """`poller`: None: config sync is off. `remote`: whether the source is elsewhere."""

    rollouts: Rollouts
    intake: Intake
    replicas: WhoLives
    poller: Poller | None
    remote: bool

    def actions(self) -> Mapping[str, Action]:
        return {
            "reload": self.reload,
            "rollback": self.roll_back,
            "promote": self.promote,
            "rollback_artifact": self.roll_back_artifact,
        }

    async def reload(self, said: Said) -> Said:
        """`{force, by}` -> contract 1.3's union. Raises: SyncOff."""
        if self.poller is None:
            raise SyncOff("Config sync is off (CONFIG_SYNC_ENABLED), or has no source.")
        before = await self.rollouts.record()
        polled = await self.poller.poll(force=bool(said["force"]), by=str(said["by"]))
        record = await self._settled()
        return {
            **_outcome(self._taken(polled, record), record, await self._late(record)),
            "synced_from_remote": polled.fetched and self.remote,
            **_versions(before, record),
            **await self._standing(record),
        }

    def _taken(self, polled: Polled, record: Record) -> Polled:
        """Where the source has nothing new, it may still have what was refused."""
        last = self.poller.facts() if self.poller and not (polled.error or polled.taken) else None
        refused = last and refused_now(record, last.etag)
        if not refused:
            return polled
        lines = refused.errors or (refused.reason,)
        return polled._replace(taken=Taken(Offer.REFUSED, Release(refused.document), lines))

    async def roll_back(self, said: Said) -> Said:
        """`{to, by}`. Raises: NotFound, NothingToRollBack: also where nobody could fetch its document."""
        before = await self.rollouts.record()
        to = said["to"]
        await self._need_document(before, None if to is None else int(to))
        begun = await self.rollouts.roll_back(None if to is None else int(to), str(said["by"]))
        record = await self._settled()
        return {
            **_rolled_back(begun, record, await self._late(record)),
            **_versions(before, record),
            **await self._standing(record),
        }

    async def _need_document(self, record: Record, to: int | None) -> None:
        under_way = record.rollout is not None and to is None
        release = record.good if under_way else target(record, to)
        if release and release.document and not await self.intake.documents.exists(release.document):
            raise NothingToRollBack(f"The document of release {release.number} is not kept any more.", param="to")

    async def promote(self, said: Said) -> Said:
        """`{artifact, by}` -> `{artifact, previous, release, phase, errors}`."""
        before = current(await self.rollouts.record())
        taken = await self.intake.promote(str(said["artifact"]), str(said["by"]), force=True)
        return self._moved(before.artifact if before else "", taken)

    async def roll_back_artifact(self, said: Said) -> Said:
        """`{by}`. Raises: NothingToRollBack."""
        record = await self.rollouts.record()
        before = current(record)
        taken = await self.intake.promote(other_artifact(record), str(said["by"]), force=True)
        return self._moved(before.artifact if before else "", taken)

    def _moved(self, previous: str, taken: Taken) -> Said:
        started = taken.offer is Offer.STARTED
        rollout = self.rollouts.known.rollout
        return {
            "artifact": taken.release.artifact,
            "previous": previous,
            "release": taken.release.number if started else 0,
            "phase": rollout.phase.value if rollout else "idle",
            "errors": list(taken.errors),
        }

    async def _settled(self) -> Record:
        """Once all have what is wanted of them, it is given up, or it takes longer than an answer waits."""
        try:
            async with asyncio.timeout(SETTLED_S):
                while True:
                    record = await self.rollouts.go_on()
                    if not (await self._late(record) or _returning(record)):
                        return record
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            return await self.rollouts.record()

    async def _late(self, record: Record) -> list[str]:
        return late_names(record, await self.replicas())

    async def _standing(self, record: Record) -> Said:
        release = current(record)
        return {
            "replicas": replicas_shown(record, await self.replicas()),
            "needs_restart": list(release.needs_restart) if release else [],
            "release": release_shown(release),
            "rollout": rollout_shown(record),
        }


def _returning(record: Record) -> bool:
    return record.rollout is not None and record.rollout.phase is Phase.BACK


def _versions(before: Record, after: Record) -> Said:
    old, new = current(before), current(after)
    return {
        "version": new.config_version if new else None,
        "previous_version": old.config_version if old else None,
    }


def _outcome(polled: Polled, record: Record, late: list[str]) -> Said:
    """`{status, message, reloaded, errors}`."""
    if polled.error:
        return _failed("The source cannot be read; the fleet keeps what it has.", polled.error.splitlines())
    taken = polled.taken
    if taken is None:
        return _unchanged(late)
    if taken.offer is Offer.REFUSED:
        return _failed("It was refused; the fleet keeps what it has.", list(taken.errors))
    past = record.past(taken.release.number)
    if past and past.fate is Fate.ROLLED_BACK:
        return _failed("It was rolled back.", [past.reason])
    if taken.offer is Offer.STARTED:
        return _under_way(taken, record, late)
    return _unchanged(late)


def _unchanged(late: list[str]) -> Said:
    """What the source has went out before; who has not applied it yet is named."""
    message = f"Nothing has changed; not yet applied by {', '.join(late)}" if late else "Nothing has changed."
    return {"status": "partial" if late else "success", "message": message, "reloaded": [], "errors": []}


def _rolled_back(begun: Record, record: Record, late: list[str]) -> Said:
    """`{status, message, errors}`. A fleet that cannot go where it is sent has come back."""
    target = begun.desired.release.number if begun.desired else 0
    past = record.past(target)
    if past and past.fate is Fate.ROLLED_BACK:
        return {"status": "failed", "message": "The fleet came back.", "errors": [{"error": past.reason}]}
    message = f"Rolled back; not yet by {', '.join(late)}" if late else "Rolled back"
    return {"status": "partial" if late else "success", "message": message, "errors": []}


def _failed(message: str, errors: list[str]) -> Said:
    return {"status": "failed", "message": message, "reloaded": [], "errors": [{"error": one} for one in errors]}


def _under_way(taken: Taken, record: Record, late: list[str]) -> dict[str, Any]:
    reloaded = ["config"] + (["artifact"] if taken.release.artifact else [])
    if record.canary:
        message = f"{TRIGGERED}: {', '.join(record.canary.replicas)} first"
    else:
        message = TRIGGERED if not late else f"{TRIGGERED}; not yet applied by {', '.join(late)}"
    return {"status": "partial" if late else "success", "message": message, "reloaded": reloaded, "errors": []}
