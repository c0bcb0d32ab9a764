"""What the sums of the ledger's tables are called, how they are added up, and over which days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Label, cast, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from routeiq.control.store.usage_tables import UsageDay, UsageDetail


class Sum(NamedTuple):
    """As `usage_tables.Sums`."""

    requests: int = 0
    failed: int = 0
    cached: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nano_usd: int = 0
    timed: int = 0
    latency_us: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


Summed = type[UsageDay] | type[UsageDetail] | ReadOnlyColumnCollection[str, Any]
"""What has columns of sums."""
EVERY = Sum._fields
COST = ("cost_nano_usd",)
COUNTED = ("requests", "cost_nano_usd")
USED = (*COUNTED, "input_tokens", "output_tokens")


@dataclass(frozen=True, slots=True)
class Span:
    """Days of UTC, both included."""

    first: date
    last: date

    def days(self) -> list[date]:
        """As a list a database looks each of them up in an index; between two of them it reads all that is there."""
        return [self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1)]


def added_up(table: Summed, fields: Sequence[str]) -> list[Label[int]]:
    """Args: fields: of a `Sum`, no more than are wanted: for all twelve of many groups PostgreSQL writes files."""
    return [_sum(getattr(table, name)).label(name) for name in fields]


def sums_of(fields: Sequence[str]) -> Callable[[Sequence[int]], Sum]:
    """Makes a sum of the values of those fields, with 0 for the others. There are tens of thousands in an answer."""
    if tuple(fields) == EVERY:
        return Sum._make
    places = _places(tuple(fields))
    return lambda values: Sum._make(places((0, *values)))


@cache
def _places(fields: tuple[str, ...]) -> Callable[[tuple[int, ...]], tuple[int, ...]]:
    """Of a `Sum`'s values in a row of 0 and those fields."""
    return itemgetter(*(fields.index(name) + 1 if name in fields else 0 for name in EVERY))


def cost_of(table: Summed) -> ColumnElement[int]:
    """To sort by."""
    return _sum(table.cost_nano_usd)


def _sum(column: Any) -> ColumnElement[int]:
    return cast(func.coalesce(_WholeSum(column), 0), BigInteger)


class _WholeSum(GenericFunction[int]):
    """Of integers PostgreSQL's own is a decimal, and slow; this is the migrations'."""

    name = "whole_sum"
    type = BigInteger()
    inherit_cache = True


@compiles(_WholeSum, "sqlite")
def _plain_sum(element: _WholeSum, compiler: SQLCompiler, **options: Any) -> str:
    return f"sum({compiler.process(element.clause_expr, **options)})"
