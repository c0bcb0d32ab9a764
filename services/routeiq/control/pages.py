"""Which page of a list is asked for, and in what order, as LiteLLM's lists of users and teams have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Query

from routeiq.control.fields import Name

LAST_PAGE = 1_000_000


@dataclass(frozen=True, slots=True)
class Pages:
    page: int
    size: int
    sort_by: str | None
    sort_order: str

    def count(self, total: int) -> int:
        """How many there are."""
        return -(-total // self.size)


def pages_of(size: int) -> Callable[..., Pages]:
    """For a route to depend on. Args: size: of a page, if nobody says another."""

    def asked(
        page: Annotated[int, Query(ge=1, le=LAST_PAGE)] = 1,
        page_size: Annotated[int, Query(ge=1, le=100)] = size,
        sort_by: Annotated[Name | None, Query()] = None,
        sort_order: Annotated[Name, Query()] = "asc",
    ) -> Pages:
        return Pages(page, page_size, sort_by, sort_order)

    return asked
