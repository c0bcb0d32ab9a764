"""Sums by day and one column, where those by all columns together are too many for an answer.

What everybody used is in `usage_days` already; of a part of it, they are added up from `usage_details`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.store import usage_days
from routeiq.control.store.usage_days import Dated, Dearest, Named
from routeiq.control.store.usage_details import Slice, is_small, sums_by
from routeiq.control.store.usage_sums import COST, EVERY, Span

FEW_ROWS = 5000
"""Sums by all columns that one answer has in full."""
TOP = 100
"""Of keys, users, ... that a larger one names: those that cost most. LiteLLM's number, of keys."""
_KINDS = {
    "key_hash": "key", "user_id": "user", "team_id": "team", "model": "model", "provider": "provider",
    "endpoint": "endpoint", "tag": "tag",
}  # fmt: skip
_FILTERS = {"key_hash": "keys", "user_id": "users", "team_id": "teams", "tag": "tags"}


class Breakdown(Protocol):
    """Columns are those of `usage_details`."""

    async def by_day(
        self, column: str, names: Collection[str] | None = None, fields: Sequence[str] = EVERY
    ) -> list[Dated]:
        """Args: names: of these alone."""
        ...

    async def costs_by_day(self, column: str, names: Collection[str] | None = None) -> list[tuple[date, str, int]]:
        """The same, of costs alone: day, name, nano-USD."""
        ...

    async def by_name(self, column: str, fields: Sequence[str]) -> list[Named]:
        """Of all days; the dearest first."""
        ...

    async def dearest(self, column: str) -> Dearest:
        """`TOP` of them."""
        ...


async def is_few(session: AsyncSession, wanted: Slice) -> bool:
    return await is_small(session, wanted, FEW_ROWS)


def breakdown_of(session: AsyncSession, wanted: Slice) -> Breakdown:
    if wanted == Slice(wanted.span, tagged=wanted.tagged):
        return _OfAll(session, wanted.span, wanted.tagged)
    return _OfSome(session, wanted)


@dataclass(frozen=True, slots=True)
class _OfAll:
    session: AsyncSession
    span: Span
    tagged: bool

    def _kind(self, column: str) -> str:
        return f"tag_{_KINDS[column]}" if self.tagged and column != "tag" else _KINDS[column]

    async def by_day(
        self, column: str, names: Collection[str] | None = None, fields: Sequence[str] = EVERY
    ) -> list[Dated]:
        return await usage_days.by_day(self.session, self._kind(column), self.span, names=names, fields=fields)

    async def costs_by_day(self, column: str, names: Collection[str] | None = None) -> list[tuple[date, str, int]]:
        return await usage_days.costs_by_day(self.session, self._kind(column), self.span, names)

    async def by_name(self, column: str, fields: Sequence[str]) -> list[Named]:
        return await usage_days.by_name(self.session, self._kind(column), self.span, fields, nameless=True)

    async def dearest(self, column: str) -> Dearest:
        return await usage_days.dearest(self.session, self._kind(column), self.span, TOP)


@dataclass(frozen=True, slots=True)
class _OfSome:
    session: AsyncSession
    wanted: Slice

    async def by_day(
        self, column: str, names: Collection[str] | None = None, fields: Sequence[str] = EVERY
    ) -> list[Dated]:
        named: dict[str, Any] = {} if names is None else {_FILTERS[column]: names}
        cuts = await sums_by(self.session, replace(self.wanted, **named), ["day", column], fields)
        return [Dated(cut.of[0], cut.of[1], cut.sums) for cut in cuts]

    async def costs_by_day(self, column: str, names: Collection[str] | None = None) -> list[tuple[date, str, int]]:
        return [(day, name, sums.cost_nano_usd) for day, name, sums in await self.by_day(column, names, COST)]

    async def by_name(self, column: str, fields: Sequence[str]) -> list[Named]:
        cuts = await sums_by(self.session, self.wanted, [column], fields)
        return [Named(cut.of[0], cut.sums) for cut in cuts]

    async def dearest(self, column: str) -> Dearest:
        rows = await self.by_name(column, COST)
        return Dearest([row.name for row in rows[:TOP]], len(rows))
