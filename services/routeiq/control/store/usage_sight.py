"""Whose usage somebody may see, as a filter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_

from routeiq.control.store.usage_tables import UsageDetail, UsageRecord

Table = type[UsageRecord] | type[UsageDetail]


@dataclass(frozen=True, slots=True)
class Sight:
    """`everything`: everybody's. Else what a key of that hash did, what was done in that user's name, and what was done
    in these teams. `bound`: of the user's, what was done in this team alone."""

    everything: bool = False
    key_hash: str = ""
    user_id: str = ""
    bound: str = ""
    teams: Sequence[str] = ()

    def where(self, table: Table) -> list[ColumnElement[bool]]:
        if self.everything:
            return []
        parts: list[ColumnElement[bool]] = [table.key_hash == self.key_hash] if self.key_hash else []
        if self.user_id:
            own = table.user_id == self.user_id
            parts.append(and_(own, table.team_id == self.bound) if self.bound else own)
        if self.teams:
            parts.append(table.team_id.in_(self.teams))
        return [or_(*parts)] if parts else [false()]


EVERYTHING = Sight(everything=True)
