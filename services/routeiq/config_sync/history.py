"""What a record remembers: the last releases with their fates, and what was refused."""

from __future__ import annotations

from msgspec.structs import replace

from routeiq.config_sync.record import KEPT, Fate, Past, Record, Refused, Release, Wish


def followed(desired: Wish | None) -> Record:
    """Where the record was lost and nobody here knew it: what the fleet follows counts as good, and as promoted."""
    if desired is None:
        return Record()
    release = replace(desired.release, promoted=desired.release.artifact)
    return Record(
        wish=desired.wish, last_number=release.number, desired=replace(desired, release=release), good=release,
        history=(Past(release, Fate.DONE, release.created_ms),), promoted=release.promoted,
    )  # fmt: skip


def remembered(record: Record, release: Release, now_ms: int) -> Record:
    """With a new one at the end. The oldest make room, but for that which a rollout may go back to."""
    history = [*record.history, Past(release, Fate.ROLLING_OUT, now_ms)]
    good = record.good.number if record.good else 0
    while len(history) > KEPT:
        history.pop(1 if history[0].release.number == good else 0)
    return replace(record, history=tuple(history))


def marked(record: Record, release: Release, fate: Fate, now_ms: int, reason: str = "") -> Record:
    """With another fate of one of them."""
    history = [
        Past(release, fate, now_ms, reason) if one.release.number == release.number else one for one in record.history
    ]
    return replace(record, history=tuple(history))


def with_refusal(record: Record, refused: Refused) -> Record:
    """The same thing once, the newest last."""
    what = (refused.document, refused.artifact)
    others = [one for one in record.refused if (one.document, one.artifact) != what]
    return replace(record, refused=(*others, refused)[-KEPT:])


def refused_now(record: Record, etag: str | None) -> Refused | None:
    """Of what the source has, by its etag."""
    return next((one for one in reversed(record.refused) if one.etag and one.etag == etag), None)


def forgiven(record: Record, release: Release) -> Record:
    """It may be tried again."""
    return replace(record, refused=tuple(one for one in record.refused if not one.means(release)))


def artifacts_of(record: Record) -> frozenset[str]:
    """The ids of those that the fleet has, or may be brought back to."""
    wanted = (one.release for one in (record.desired, record.canary) if one)
    releases = (*(past.release for past in record.history), *wanted, *filter(None, [record.good]))
    return frozenset(one.artifact for one in releases) - {""}
