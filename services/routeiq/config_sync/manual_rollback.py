"""Go back to an earlier release because somebody says so."""

from __future__ import annotations

from msgspec.structs import replace

from routeiq.config_sync.history import forgiven, marked, with_refusal
from routeiq.config_sync.record import KEPT, Fate, Phase, Plan, Record, Release
from routeiq.config_sync.rollout import before, go_back, refusal, start, superseded
from routeiq.config_sync.roster import Roster
from routeiq.kit.errors import InvalidRequest, NotFound


class NothingToRollBack(InvalidRequest):
    """There is no earlier release, or it is what serves."""

    status, code = 409, "nothing_to_roll_back"


def roll_back(record: Record, to: int | None, by: str, roster: Roster, now_ms: int) -> Record:
    """To release `to`, or to the one before. What is left is not tried again by itself; if the fleet cannot go where it
    is sent, it comes back. Raises: NotFound: no such release.  NothingToRollBack."""
    reason = f"rolled back by {by}"
    rollout = record.rollout
    if rollout and rollout.phase is not Phase.BACK and to in (None, record.good and record.good.number) and record.good:
        return go_back(record, rollout, reason, now_ms)
    wanted = target(record, to)
    left = rollout.release if rollout and rollout.phase is not Phase.BACK else record.good
    served = before(record, roster)
    record = superseded(record, roster, now_ms)
    if left:
        refused = refusal(left, wanted, reason, now_ms)
        record = marked(with_refusal(record, refused) if refused else record, left, Fate.ROLLED_BACK, now_ms, reason)
    record = marked(forgiven(record, wanted), wanted, Fate.ROLLING_OUT, now_ms, reason)
    return start(replace(record, promoted=wanted.promoted), wanted, Plan(), roster, now_ms, served)


def target(record: Record, to: int | None) -> Release:
    """Which release is meant. Raises: NotFound, NothingToRollBack."""
    serving = record.desired.release.number if record.desired else 0
    if to is None:
        found = earlier(record, serving)
        if found is None:
            raise NothingToRollBack("There is no earlier release to go back to.", param="to")
        return found
    past = record.past(to)
    if past is None:
        raise NotFound(f"There is no release {to} among the last ones.", param="to")
    if not record.rollout and past.release.same(record.desired.release if record.desired else None):
        raise NothingToRollBack(f"Release {to} is what the fleet has.", param="to")
    return past.release


def earlier(record: Record, than: int) -> Release | None:
    """The last one before it that was good, and something else."""
    past = record.past(than)
    good = (one.release for one in reversed(record.history) if one.fate is Fate.DONE and one.release.number < than)
    return next((one for one in good if not one.same(past.release if past else None)), None)


def other_artifact(record: Record) -> str:
    """The artifact that served before the one that serves; empty: each replica's own. Raises: NothingToRollBack."""
    serving = record.desired.release.artifact if record.desired else ""
    for past in reversed(record.history):
        if past.fate is Fate.DONE and past.release.artifact != serving:
            return past.release.artifact
    if serving and len(record.history) < KEPT:
        return ""  # all that ever was is known, and before the first one each replica had its own
    raise NothingToRollBack("No other artifact served before.")
