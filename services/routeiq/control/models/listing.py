"""`/model/info` in its three forms: what a caller may see of all models, chosen, sorted and in pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from routeiq.control.models.catalogue import Catalogue
from routeiq.control.models.refusals import not_shown
from routeiq.control.models.shapes import ModelPage, ShownModel, ShownModels
from routeiq.control.models.shown import Listed, listed_models, shown
from routeiq.control.models.sight import sight_of, sight_of_team
from routeiq.control.office import Read


class SortBy(StrEnum):
    MODEL_NAME = "model_name"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    COSTS = "costs"
    STATUS = "status"


class SortOrder(StrEnum):
    ASC = "asc"
    DESC = "desc"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters. None, and false: of no matter."""

    model: str | None = None
    search: str | None = None
    model_id: str | None = None
    team_id: str | None = None
    access_group: str | None = None
    wildcard_only: bool = False
    user_models_only: bool = False

    def takes(self, one: Listed, asker: str) -> bool:
        return (
            self.model in (None, one.name)
            and self.model_id in (None, one.id)
            and (not self.search or self.search.lower() in one.name.lower())
            and (self.access_group is None or self.access_group in one.access_groups)
            and (not self.wildcard_only or "*" in one.name)
            and (not self.user_models_only or (one.row is not None and one.row.created_by == asker))
        )


async def seen(work: Read, catalogue: Catalogue, wanted: Wanted) -> list[Listed]:
    """Whoever may not administer them does not see those that are not served."""
    view, sight = await catalogue.view(work.session), await sight_of(work.session, work.actor)
    team = await sight_of_team(work.session, work.actor, wanted.team_id) if wanted.team_id else None
    all_of_them = work.actor.reads_all
    return [
        one
        for one in listed_models(view, catalogue.declared)
        if (all_of_them or one.deployment is not None)
        and sight.sees(one, view.state)
        and (team is None or team.sees(one, view.state))
        and wanted.takes(one, work.actor.id)
    ]


async def info(work: Read, catalogue: Catalogue, wanted: Wanted) -> ShownModels:
    """Raises: Detailed: there is no model of the wanted id, or none that the caller may see."""
    found = await seen(work, catalogue, wanted)
    if wanted.model_id is not None and not found:
        raise not_shown(wanted.model_id)
    return ShownModels(data=_shown(work, found))


async def page_of_info(
    work: Read, catalogue: Catalogue, wanted: Wanted, *, page: int, size: int, sort_by: SortBy | None, order: SortOrder
) -> ModelPage:
    """Args: page: from 1. Past the last it is empty."""
    found = await seen(work, catalogue, wanted)
    if sort_by is not None:
        found.sort(key=_KEYS[sort_by], reverse=order is SortOrder.DESC)
    part = found[(page - 1) * size : page * size]
    pages = -(-len(found) // size)
    return ModelPage(data=_shown(work, part), total_count=len(found), current_page=page, total_pages=pages, size=size)


def _shown(work: Read, found: Sequence[Listed]) -> list[ShownModel]:
    return [shown(one, to_users=not work.actor.reads_all) for one in found]


def _cost(one: Listed) -> float:
    known = one.deployment
    return (known.input_price or 0.0) + (known.output_price or 0.0) if known is not None else 0.0


_LONG_AGO = datetime.min.replace(tzinfo=UTC)
"""The document's models have no time of their own."""
_KEYS: dict[SortBy, Callable[[Listed], Any]] = {
    SortBy.MODEL_NAME: lambda one: one.name.lower(),
    SortBy.CREATED_AT: lambda one: one.row.created_at if one.row else _LONG_AGO,
    SortBy.UPDATED_AT: lambda one: one.row.updated_at if one.row else _LONG_AGO,
    SortBy.COSTS: _cost,
    SortBy.STATUS: lambda one: one.row is not None,
}
