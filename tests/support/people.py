"""Control's API over one database, asked by whomever the test says, as the guard of its port would let them in."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import ASGIApp, Receive, Scope, Send

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.control.api import create_api
from routeiq.control.office import CHANGED, Office
from routeiq.kit.db import Database
from routeiq.kit.principal import SCOPE_KEY, Principal, Role

NOW = datetime(2026, 11, 21, 21, 38, 55, tzinfo=UTC)
"""A Saturday."""
ADMIN = Principal("a" * 64, Role.ADMIN)
VIEWER = Principal("b" * 64, Role.VIEWER)
KEYLESS = Principal("c" * 64, Role.USER)
"""A key that belongs to nobody."""


def user(user_id: str, team_id: str = "") -> Principal:
    return Principal("d" * 64, Role.USER, user_id=user_id, team_id=team_id)


class Told:
    """What was published."""

    def __init__(self) -> None:
        self.all: list[pb.Changed] = []

    async def publish(self, changed: pb.Changed) -> None:
        self.all.append(changed)


class Moments:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


class House:
    """The API, made once, since that takes longer than most tests, and what each test puts under it."""

    def __init__(self, routers: Callable[[Office], Sequence[APIRouter]]) -> None:
        self.api = create_api(routers(Office(self, self, self)))  # type: ignore[arg-type]  # it stands for each of them
        self.now: Control | None = None

    def transaction(self) -> AbstractAsyncContextManager[AsyncSession]:
        assert self.now is not None
        return self.now.database.transaction()

    def reading(self) -> AbstractAsyncContextManager[AsyncSession]:
        assert self.now is not None
        return self.now.database.reading()

    async def publish(self, changed: pb.Changed) -> None:
        assert self.now is not None
        await self.now.told.publish(changed)

    def __call__(self) -> datetime:
        assert self.now is not None
        return self.now.moments()


class Control:
    """`asked(who)` is a client for that principal."""

    def __init__(self, database: Database, house: House) -> None:
        self.database, self.told, self.moments = database, Told(), Moments()
        self._api, house.now = house.api, self

    def asked(self, who: Principal = ADMIN) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(_let_in(self._api, who))
        return httpx.AsyncClient(transport=transport, base_url="http://control")

    async def post(self, path: str, body: object, who: Principal = ADMIN, code: int = 200) -> Any:
        """The answer's JSON. The answer has that status."""
        async with self.asked(who) as client:
            return _json(await client.post(path, content=json.dumps(body)), code)

    async def patch(self, path: str, body: object, who: Principal = ADMIN, code: int = 200) -> Any:
        async with self.asked(who) as client:
            return _json(await client.patch(path, content=json.dumps(body)), code)

    async def get(self, path: str, who: Principal = ADMIN, code: int = 200, **query: Any) -> Any:
        async with self.asked(who) as client:
            return _json(await client.get(path, params=query), code)


def changed_by(answer: httpx.Response) -> pb.Changed:
    return pb.Changed.FromString(b64decode(answer.headers[CHANGED]))


def _json(answer: httpx.Response, code: int) -> Any:
    assert answer.status_code == code, (answer.status_code, answer.text)
    return answer.json()


def _let_in(api: ASGIApp, who: Principal) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await api({**scope, SCOPE_KEY: who}, receive, send)

    return app
