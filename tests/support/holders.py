"""Who holds budgets in a control's database, and what they are charged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from routeiq.clients.control_accounts import Account
from routeiq.control.budgets.calendar import Calendar
from routeiq.control.spending.charging import Charge, Spent, spend
from routeiq.control.store.tables import Base, Budget, Key, Member, Team, User
from routeiq.kit.db import Database

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
MIDNIGHT, TOMORROW = datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
USD = 1_000_000_000
HASH, OTHER = "ab" * 32, "cd" * 32
KEY = Account("key", HASH)
MADE: dict[str, Any] = {"created_at": NOW, "created_by": "test", "updated_at": NOW, "updated_by": "test"}
DAILY: dict[str, Any] = {"budget_duration": "1d", "budget_reset_at": TOMORROW}

Row = TypeVar("Row", bound=Base)


class Holders:
    """`now` is the clock."""

    def __init__(self, database: Database) -> None:
        self.database, self.calendar, self.now = database, Calendar(), NOW

    async def add(self, *rows: Base) -> None:
        async with self.database.transaction() as session:
            session.add_all(rows)

    async def spend(self, *charges: Charge) -> list[Spent]:
        return await self.database.run(lambda session: spend(session, charges, self.now, self.calendar))

    async def row(self, table: type[Row], *key: str) -> Row:
        async with self.database.reading() as session:
            found = await session.get(table, key if len(key) > 1 else key[0])
        assert found is not None
        return found

    async def key(self, key_hash: str = HASH) -> Key:
        return await self.row(Key, key_hash)

    def later(self, **passed: float) -> None:
        self.now += timedelta(**passed)


def charge(account: Account = KEY, nano_usd: int = USD, ended_at: datetime = NOW) -> Charge:
    """Of one request."""
    return Charge(account, [((ended_at - EPOCH) // timedelta(microseconds=1), nano_usd)])


def key(key_hash: str = HASH, **fields: Any) -> Key:
    return Key(**{"hash": key_hash, "name": f"sk-...{key_hash[:4]}", **MADE, **fields})


def team(id_: str = "search", **fields: Any) -> Team:
    return Team(**{"id": id_, **MADE, **fields})


def user(id_: str = "ann", **fields: Any) -> User:
    return User(**{"id": id_, "role": "internal_user", **MADE, **fields})


def member(team_id: str = "search", user_id: str = "ann", **fields: Any) -> Member:
    return Member(**{"team_id": team_id, "user_id": user_id, "role": "user", "joined_at": NOW, **fields})


def budget(id_: str = "trial", **fields: Any) -> Budget:
    return Budget(**{"id": id_, **MADE, **fields})
