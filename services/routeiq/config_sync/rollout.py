"""How a release goes out and comes back: each function makes the next record of one; nothing here reads or writes.

idle -> (canary -> observing) -> desired -> settling -> idle, and from each of them back. A wish's number grows with
each change of what is wanted, also where an older release is wanted again, and is never less than the time in seconds,
so that it grows even where the record was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from msgspec.structs import replace

from routeiq.config_sync.history import forgiven, marked, remembered, with_refusal
from routeiq.config_sync.record import Fate, Figures, Phase, Plan, Record, Refused, Release, Rollout, Wish
from routeiq.config_sync.roster import Roster, blame, choose_canaries, failure, figures, laggards, named, without, worst

APPLY_S = 60.0
"""How long one may take to apply. After that a canary has failed, and others are late, which holds nobody up."""
MOST_CHOICES = 2
"""A canary that goes away is followed by another one once: a release that kills each of them must not walk on."""


class Offer(StrEnum):
    """What came of a release that was offered."""

    STARTED = "started"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


class Offered(NamedTuple):
    record: Record
    offer: Offer


def begin(record: Record, release: Release, plan: Plan, roster: Roster, now_ms: int, *, force: bool = False) -> Offered:
    """Roll `release` out, unless it is what there is, or was refused. One that is under way gives way to it.

    Args: release: without a number.  force: also what was refused."""
    if release.same(current(record)):
        return Offered(record, Offer.UNCHANGED)
    if record.refusal(release) and not force:
        return Offered(record, Offer.REFUSED)
    served = before(record, roster)
    record = forgiven(superseded(record, roster, now_ms), release)
    release = replace(release, number=record.last_number + 1, created_ms=now_ms)
    record = replace(record, last_number=release.number, promoted=release.promoted)
    return Offered(start(remembered(record, release, now_ms), release, plan, roster, now_ms, served), Offer.STARTED)


def start(record: Record, release: Release, plan: Plan, roster: Roster, now_ms: int, before: Figures) -> Record:
    """With a canary where the plan has one and somebody can be it.

    Args: before: how well the fleet served from what was good."""
    preferred = record.canary.replicas if record.canary else ()
    rollout = Rollout(release, plan, Phase.DESIRED, now_ms, now_ms, before)
    canaries = choose_canaries(roster, plan, preferred)
    if not canaries:
        return _to_all(replace(record, rollout=rollout), rollout, now_ms)
    record = _wanting_good(record, now_ms)
    return _to_canaries(record, rollout, canaries, now_ms)


def superseded(record: Record, roster: Roster, now_ms: int) -> Record:
    """What is under way ends here. If all have applied it and serve well it was good, though it was not watched to the
    end."""
    rollout = record.rollout
    if rollout is None or rollout.phase is Phase.BACK:
        return replace(record, rollout=None)
    if rollout.phase in (Phase.DESIRED, Phase.SETTLING) and not (
        _wrong(record, rollout, roster) or _late(record, roster)
    ):
        return _ended(record, rollout, now_ms)
    return replace(marked(record, rollout.release, Fate.SUPERSEDED, now_ms), rollout=None)


def advance(record: Record, roster: Roster, now_ms: int) -> Record:
    """The next record of a rollout that is under way; the same one if nothing is to be done now."""
    rollout = record.rollout
    return _STEPS[rollout.phase](record, rollout, roster, now_ms) if rollout else record


def go_back(record: Record, rollout: Rollout, reason: str, now_ms: int) -> Record:
    """To the last good release, if there is one; the other is not tried again by itself."""
    release, good = rollout.release, record.good
    record = marked(record, release, Fate.ROLLED_BACK, now_ms, reason)
    if refused := refusal(release, good, reason, now_ms):
        record = with_refusal(record, refused)
    record = replace(record, canary=None, promoted=good.promoted if good else "")
    if good is None:
        return replace(record, desired=None, rollout=None)
    record = forgiven(marked(record, good, Fate.DONE, now_ms), good)
    returning = replace(rollout, phase=Phase.BACK, since_ms=now_ms, reason=reason)
    return replace(_wanting(record, good, now_ms), rollout=returning)


def refusal(release: Release, good: Release | None, reason: str, now_ms: int) -> Refused | None:
    """Of that in which it differs from the good one: a document that fails does so with any artifact. None: it does not
    differ, and nothing is to blame."""
    if release.same(good):
        return None
    document = "" if good and good.document == release.document else release.document
    artifact = "" if good and good.artifact == release.artifact else release.artifact
    return Refused(document, artifact, reason, now_ms, (), release.source, release.etag)


def before(record: Record, roster: Roster) -> Figures:
    """How well the fleet serves, or served when what is under way began."""
    return record.rollout.before if record.rollout else figures(roster)


def current(record: Record) -> Release | None:
    """What everybody has, or is getting."""
    if record.rollout and record.rollout.phase is not Phase.BACK:
        return record.rollout.release
    return record.desired.release if record.desired else None


def _canary(record: Record, rollout: Rollout, roster: Roster, now_ms: int) -> Record:
    wanted, chosen = _tried(record, roster)
    if not chosen:
        return _choose_again(record, rollout, roster, now_ms)
    if reason := failure(chosen, wanted):
        return go_back(record, rollout, reason, now_ms)
    late = laggards(chosen, wanted)
    if not late:
        return _at(record, rollout, Phase.OBSERVING, now_ms)
    if _passed(rollout, now_ms, APPLY_S):
        return go_back(record, rollout, f"{', '.join(late)} did not apply it within {APPLY_S:g} s", now_ms)
    return record


def _observing(record: Record, rollout: Rollout, roster: Roster, now_ms: int) -> Record:
    wanted, chosen = _tried(record, roster)
    if not chosen:
        return _choose_again(record, rollout, roster, now_ms)
    others = figures(without(roster, wanted.replicas))
    reason = failure(chosen, wanted) or blame(figures(chosen), (rollout.before, others), rollout.plan)
    if reason:
        return go_back(record, rollout, reason, now_ms)
    if not _passed(rollout, now_ms, rollout.plan.observe_s):
        return record
    usual = worst((rollout.before, others), rollout.plan)
    return _to_all(record, replace(rollout, before=usual), now_ms)


def _desired(record: Record, rollout: Rollout, roster: Roster, now_ms: int) -> Record:
    if reason := _wrong(record, rollout, roster):
        return go_back(record, rollout, reason, now_ms)
    if not _late(record, roster) or _passed(rollout, now_ms, APPLY_S):
        return _at(record, rollout, Phase.SETTLING, now_ms)
    return record


def _settling(record: Record, rollout: Rollout, roster: Roster, now_ms: int) -> Record:
    if reason := _wrong(record, rollout, roster):
        return go_back(record, rollout, reason, now_ms)
    return _ended(record, rollout, now_ms) if _passed(rollout, now_ms, rollout.plan.settle_s) else record


def _back(record: Record, rollout: Rollout, roster: Roster, now_ms: int) -> Record:
    """Who cannot even go back is named by the status, and holds nobody up."""
    assert record.desired is not None, "there was something to go back to"
    wanted = record.desired
    waiting = any(not (one.has_done(wanted) or one.has_failed(wanted)) for one in roster)
    return record if waiting and not _passed(rollout, now_ms, APPLY_S) else replace(record, rollout=None)


_STEPS: Mapping[Phase, Callable[[Record, Rollout, Roster, int], Record]] = {
    Phase.CANARY: _canary,
    Phase.OBSERVING: _observing,
    Phase.DESIRED: _desired,
    Phase.SETTLING: _settling,
    Phase.BACK: _back,
}


def _tried(record: Record, roster: Roster) -> tuple[Wish, Roster]:
    """What is wanted of canaries, and those of them that live."""
    assert record.canary is not None, "in these phases there is one"
    return record.canary, named(roster, record.canary.replicas)


def _choose_again(record: Record, rollout: Rollout, roster: Roster, now_ms: int) -> Record:
    if not roster:
        return _to_all(record, rollout, now_ms)
    if rollout.choices >= MOST_CHOICES:
        return go_back(record, rollout, "every replica that was to try it went away", now_ms)
    canaries = choose_canaries(roster, rollout.plan)
    if not canaries:
        return _to_all(record, rollout, now_ms)
    return _to_canaries(record, replace(rollout, choices=rollout.choices + 1), canaries, now_ms)


def _to_canaries(record: Record, rollout: Rollout, canaries: tuple[str, ...], now_ms: int) -> Record:
    wish = _next_wish(record, now_ms)
    record = replace(record, wish=wish, canary=Wish(rollout.release, wish, canaries))
    return _at(record, rollout, Phase.CANARY, now_ms)


def _to_all(record: Record, rollout: Rollout, now_ms: int) -> Record:
    return _at(replace(_wanting(record, rollout.release, now_ms), canary=None), rollout, Phase.DESIRED, now_ms)


def _wanting_good(record: Record, now_ms: int) -> Record:
    """While some try a release, the others have the last good one."""
    wanted = record.desired.release if record.desired else None
    if record.good is None:
        return replace(record, desired=None)
    return record if record.good == wanted else _wanting(record, record.good, now_ms)


def _wanting(record: Record, release: Release, now_ms: int) -> Record:
    wish = _next_wish(record, now_ms)
    return replace(record, wish=wish, desired=Wish(release, wish))


def _next_wish(record: Record, now_ms: int) -> int:
    return max(record.wish + 1, now_ms // 1000)


def _at(record: Record, rollout: Rollout, phase: Phase, now_ms: int) -> Record:
    return replace(record, rollout=replace(rollout, phase=phase, since_ms=now_ms))


def _ended(record: Record, rollout: Rollout, now_ms: int) -> Record:
    record = marked(record, rollout.release, Fate.DONE, now_ms)
    return replace(record, rollout=None, good=rollout.release)


def _wrong(record: Record, rollout: Rollout, roster: Roster) -> str:
    """Of a release that all are to have."""
    assert record.desired is not None, "in these phases there is one"
    applied = [one for one in roster if one.has_done(record.desired)]
    return failure(roster, record.desired) or blame(figures(applied), (rollout.before,), rollout.plan)


def _late(record: Record, roster: Roster) -> list[str]:
    return laggards(roster, record.desired) if record.desired else []


def _passed(rollout: Rollout, now_ms: int, seconds: float) -> bool:
    return now_ms - rollout.since_ms >= seconds * 1000
