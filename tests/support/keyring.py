"""Control's `/key/*` and `/audit` over one database, asked by whomever the test says."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import select
from starlette.types import ASGIApp, Receive, Scope, Send

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.control.api import create_api
from routeiq.control.audit.routes import audit_router
from routeiq.control.keys.routes import keys_router
from routeiq.control.office import CHANGED, Office
from routeiq.control.store.tables import Audit, Base, Budget, Key, Member, Team, User
from routeiq.control.terms import Terms
from routeiq.kit.clock import duration_of
from routeiq.kit.db import Database
from routeiq.kit.principal import SCOPE_KEY, Principal, Role

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
ADMIN = Principal("a" * 64, Role.ADMIN)
VIEWER = Principal("b" * 64, Role.VIEWER)


class Told:
    """What was published, as `publish.Publisher` would."""

    def __init__(self) -> None:
        self.all: list[pb.Changed] = []

    async def publish(self, changed: pb.Changed) -> None:
        self.all.append(changed)


class Keyring:
    """`now` is the clock of all of it."""

    def __init__(self, database: Database, terms: Terms | None = None) -> None:
        self.database = database
        self.now = NOW
        self.told = Told()
        office = Office(database, self.told, lambda: self.now)  # type: ignore[arg-type]  # it publishes
        self.api = create_api([keys_router(office, lambda: terms or Terms(After())), audit_router(office)])

    def asked(self, who: Principal) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(let_in(self.api, who)), base_url="http://control")

    async def post(
        self, path: str, body: object = None, *, who: Principal = ADMIN, status: int = 200, **headers: str
    ) -> Any:
        """The answer's JSON; it has that status."""
        answer = await self.answer(path, body, who=who, **headers)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json()

    async def answer(self, path: str, body: object, *, who: Principal = ADMIN, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = None if body is None else json.dumps(body)
        async with self.asked(who) as client:
            return await client.post(path, content=content, headers=named)

    async def get(self, path: str, *, who: Principal = ADMIN, answers: int = 200, **query: Any) -> Any:
        async with self.asked(who) as client:
            answer = await client.get(path, params=query)
        assert answer.status_code == answers, (answer.status_code, answer.text)
        return answer.json()

    async def made(self, *, who: Principal = ADMIN, **fields: Any) -> Any:
        """A key, as `/key/generate` gives it."""
        return await self.post("/key/generate", fields, who=who)

    async def info(self, key: str, *, who: Principal = ADMIN) -> Any:
        return (await self.get("/key/info", who=who, key=key))["info"]

    async def holds(self, *rows: Base) -> None:
        async with self.database.transaction() as session:
            session.add_all(rows)

    async def row(self, key_hash: str) -> Key | None:
        async with self.database.reading() as session:
            return await session.get(Key, key_hash)

    async def audit(self) -> list[Audit]:
        async with self.database.reading() as session:
            return list(await session.scalars(select(Audit).order_by(Audit.id)))

    async def acting(self, key: dict[str, Any]) -> Principal:
        """Whoever holds that key, as the gateway would say it."""
        return Principal(
            key["token"], Role.USER, user_id=key["user_id"] or "", team_id=key["team_id"] or "",
            key_alias=key["key_alias"] or "",
        )  # fmt: skip


def user(user_id: str, key_id: str = "d" * 64) -> Principal:
    """With a key that control does not know: nothing but its user's limits hold it."""
    return Principal(key_id, Role.USER, user_id=user_id)


def changed_by(answer: httpx.Response) -> pb.Changed:
    return pb.Changed.FromString(b64decode(answer.headers[CHANGED]))


def user_row(user_id: str, role: str = "internal_user", **more: Any) -> User:
    return User(id=user_id, role=role, models=more.pop("models", []), data={}, extra={}, **_dates(), **more)


def team_row(team_id: str, **more: Any) -> Team:
    return Team(id=team_id, models=more.pop("models", []), model_aliases={}, data={}, extra={}, **_dates(), **more)


def member_row(team_id: str, user_id: str, role: str = "user") -> Member:
    return Member(team_id=team_id, user_id=user_id, role=role, models=[], joined_at=NOW)


def budget_row(budget_id: str, **more: Any) -> Budget:
    return Budget(id=budget_id, model_max_budget=more.pop("model_max_budget", {}), extra={}, **_dates(), **more)


def _dates() -> dict[str, Any]:
    return {"created_at": NOW, "created_by": "test", "updated_at": NOW, "updated_by": "test"}


class After:
    """Without LiteLLM's calendar, which is tested by itself."""

    def __call__(self, duration: str, now: datetime) -> datetime:
        return duration_of(duration).after(now)

    def began(self, duration: str, now: datetime) -> datetime:
        return now

    def turned(self, duration: str, ended: datetime, now: datetime) -> tuple[datetime, datetime]:
        return ended, self(duration, now)


after = After()


def let_in(api: ASGIApp, who: Principal) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await api({**scope, SCOPE_KEY: who}, receive, send)

    return app


HOUR = timedelta(hours=1)
