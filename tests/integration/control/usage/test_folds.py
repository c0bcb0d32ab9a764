"""Folded sums say what the days say, and where they no longer do, nobody reads them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from routeiq.control.store.usage_days import Named, by_name, dearest
from routeiq.control.store.usage_details import Slice, users_by_tag
from routeiq.control.store.usage_folds import folded_days, parts_of
from routeiq.control.store.usage_rebuild import rebuild_day
from routeiq.control.store.usage_sums import EVERY, Span
from routeiq.control.usage.folding import Folding
from tests.support.ledger import Record, record, total_of, write
from tests.support.people import NOW, Control

TODAY = NOW.date()
FIRST = TODAY - timedelta(days=40)
SPAN = Span(FIRST, TODAY)
WEEKS = [day for day in SPAN.days() if not day.weekday() and day + timedelta(days=6) < TODAY]


def each_day(**said: object) -> list[Record]:
    """Two customers and two tags, of other users on other days."""
    return [
        record(
            ended_at=NOW - timedelta(days=ago), customer_id=f"c{ago % 2}", tags=[f"t{ago % 2}", "all"],
            user_id=f"u{ago % 5}" if ago % 3 else "", cost_nano_usd=ago + 1, **said,
        )
        for ago in range(41)
    ]  # fmt: skip


def customers(records: Iterable[Record], *but: str) -> list[Named]:
    found = list(records)
    names = sorted({one["customer_id"] for one in found} - {*but})
    sums = [Named(name, total_of(one for one in found if one["customer_id"] == name)) for name in names]
    return sorted(sums, key=lambda one: (-one.sums.cost_nano_usd, one.name))


def users(records: Iterable[Record], span: Span) -> dict[str, int]:
    pairs = {
        (tag, one["user_id"])
        for one in records
        for tag in one["tags"]
        if one["user_id"] and span.first <= one["ended_at"].date() <= span.last
    }
    return {tag: sum(pair[0] == tag for pair in pairs) for tag, _ in pairs}


async def fold(control: Control, now: datetime = NOW) -> int:
    return await Folding(control.database, lambda: now).fold()


async def check(control: Control, records: list[Record], weeks: list[date], days: int) -> None:
    """That all that is read is so, and how much of it is read folded."""
    async with control.database.reading() as session:
        parts = await parts_of(session, SPAN)
        assert (parts.weeks, len(parts.days)) == (weeks, 41 - 7 * len(weeks))
        assert len(await folded_days(session, SPAN.days())) == days
        assert await by_name(session, "customer", SPAN, EVERY) == customers(records)
        top = await dearest(session, "customer", SPAN, 1, but=["c0"])
        others = [one.name for one in customers(records, "c0")]
        assert (top.names, top.of) == (others[:1], len(others))
        for span in (SPAN, Span(FIRST, FIRST), Span(FIRST + timedelta(days=8), FIRST + timedelta(days=12))):
            assert await users_by_tag(session, Slice(span, tagged=True)) == users(records, span)
        some = await users_by_tag(session, Slice(SPAN, tagged=True, tags=["t1"]))
        assert some == {tag: count for tag, count in users(records, SPAN).items() if tag == "t1"}


async def test_what_is_folded_is_the_same(control: Control) -> None:
    records = each_day()
    await write(control.database, records)
    await check(control, records, [], 0)
    assert await fold(control) == len(WEEKS) + 40 + (FIRST.weekday() != 0)
    await check(control, records, WEEKS, 40)
    assert await fold(control) == 0


async def test_a_record_that_comes_late_counts_at_once(control: Control) -> None:
    records = each_day()
    await write(control.database, records)
    await fold(control)
    late = record(ended_at=NOW - timedelta(days=20), customer_id="late", tags=["t1"], user_id="late", cost_nano_usd=500)
    await write(control.database, [*records, late])
    week = next(one for one in WEEKS if one <= TODAY - timedelta(days=20) < one + timedelta(days=7))
    await check(control, [*records, late], [one for one in WEEKS if one != week], 39)
    assert await fold(control) == 2
    await check(control, [*records, late], WEEKS, 40)


async def test_days_without_requests_need_no_fold(control: Control) -> None:
    records = each_day()[:1]
    await write(control.database, records)
    await check(control, records, WEEKS, 40)


async def test_what_is_made_again_is_folded_again(control: Control) -> None:
    records = each_day()
    await write(control.database, records)
    await fold(control)
    for one in records:
        if one["ended_at"].date() == WEEKS[1]:
            one["customer_id"], one["user_id"] = "other", "other"
    await write(control.database, records)  # as many requests as before: nothing shows
    async with control.database.transaction() as session:
        await rebuild_day(session, control.database.kind, WEEKS[1])
    await check(control, records, [WEEKS[0], *WEEKS[2:]], 39)
    assert await fold(control) == 2
    await check(control, records, WEEKS, 40)


async def test_today_is_never_folded(control: Control) -> None:
    records = each_day()
    await write(control.database, records)
    await fold(control, NOW + timedelta(days=1))
    async with control.database.reading() as session:
        assert len(await folded_days(session, SPAN.days())) == 41
    await write(control.database, [*records, record(customer_id="c1")])
    async with control.database.reading() as session:
        assert len(await folded_days(session, SPAN.days())) == 40


async def test_somebody_who_sees_a_part_is_told_of_that_alone(control: Control) -> None:
    records = each_day()
    await write(control.database, records)
    await fold(control)
    async with control.database.reading() as session:
        found = await users_by_tag(session, Slice(SPAN, tagged=True, users=["u1"]))
    assert found == users([one for one in records if one["user_id"] == "u1"], SPAN)
