"""A gateway and control as two processes on PostgreSQL, asked byte for byte, and what stands in the database."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from routeiq.control.store.tables import SCHEMA, Base
from tests.support.waiting import PATIENCE_S

AUDIT = "audit_logs"
IDLE_S = 2


class Reply(NamedTuple):
    """`headers`: their names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """One connection, which is kept as long as its server keeps one. Nobody on this side tidies what is sent. `close`
    it."""

    def __init__(self, url: str) -> None:
        self.host = urlsplit(url).netloc
        self._connection = http.client.HTTPConnection(self.host, timeout=PATIENCE_S)
        self._used = 0.0

    def ask(self, method: str, target: str, headers: Mapping[str, str], body: object = None) -> Reply:
        """Args: target: as it stands in the request's first line.  body: JSON; None: there is none."""
        connection, sent = self._fresh(), b"" if body is None else json.dumps(body).encode()
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        own = {"host": self.host, "content-length": str(len(sent)), "content-type": "application/json"}
        for name, value in {**own, **headers}.items():
            connection.putheader(name, value)
        connection.endheaders(sent)
        with connection.getresponse() as answer:
            return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def close(self) -> None:
        self._connection.close()

    def _fresh(self) -> http.client.HTTPConnection:
        """A server may close one that is idle just as the next request comes."""
        if time.monotonic() - self._used > IDLE_S:
            self._connection.close()
        self._used = time.monotonic()
        return self._connection


class Rows:
    """Control's tables, seen from outside of it."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    def marks(self, *, without: Collection[str] = ()) -> dict[str, str]:
        """Of each table a hash of all that it has: what differs between two calls has changed between them."""
        row = SQL("SELECT {}, md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t")
        names = [name for name in Base.metadata.tables if name not in without]
        parts = [row.format(Literal(name), Identifier(SCHEMA, name)) for name in names]
        return dict(self._connection.execute(SQL(" UNION ALL ").join(parts)).fetchall())

    def execute(self, statement: str, *values: object) -> None:
        """`statement`: its tables are control's."""
        self._connection.execute(SQL("SET search_path TO {}").format(Identifier(SCHEMA)))
        self._connection.execute(statement.encode(), values)
