"""A gateway and control on PostgreSQL for all tests here, and a credential of each kind of caller."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.support.belongings import Belongings, make_belongings
from tests.support.credentials import SERVICE_KEY, Headers, make_credentials
from tests.support.fleet import HEADERS, Fleet, fleet_in
from tests.support.governed import Reply, Rows, Wire
from tests.support.servers.postgres import Postgres

DOCUMENT_S = 60.0
STUB = "As control documents it while it runs"
"""So the gateway describes what control has not described."""


@dataclass
class House:
    """`callers`: headers by the names of `tests.support.callers.KINDS`."""

    fleet: Fleet
    wire: Wire
    rows: Rows
    callers: dict[str, Headers] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)
    _theirs: Belongings | None = None

    def as_admin(self, method: str, target: str, body: object = None) -> Any:
        """The answer's JSON. It succeeds."""
        answer = self.wire.ask(method, target, HEADERS, body)
        assert answer.status in (200, 201), (method, target, answer.status, answer.body)
        return answer.json()

    def document(self) -> dict[str, Any]:
        """OpenAPI, with control's part as it makes it itself: the first takes it a second."""
        end = time.monotonic() + DOCUMENT_S
        while time.monotonic() < end:
            document: dict[str, Any] = self.as_admin("GET", "/openapi.json")
            if STUB not in json.dumps(document):
                return document
            time.sleep(0.2)
        raise AssertionError("control has no document")

    def ask(self, who: str, method: str, target: str, body: object = None, **more: str) -> Reply:
        """Args: more: headers, with `_` for `-`."""
        return self.wire.ask(
            method, target, {**self.callers[who], **{name.replace("_", "-"): one for name, one in more.items()}}, body
        )

    @contextmanager
    def theirs(self, *, changes: bool) -> Iterator[Belongings]:
        """Somebody's. Args: changes: they are not for another test afterwards."""
        if self._theirs is None:
            self._theirs = make_belongings(self.as_admin, str(next(self._numbers)))
        yield self._theirs
        if changes:
            self._discard(self._theirs)
            self._theirs = None

    def _discard(self, theirs: Belongings) -> None:
        """Gateways build all models and providers anew at each change of one, so that these do not gather."""
        for name in (theirs.model, theirs.fresh):
            self.ask("admin", "POST", "/model/delete", {"id": name})
        for name in (theirs.provider, theirs.fresh):
            self.ask("admin", "DELETE", f"/api/v1/providers/{name}")


@contextmanager
def house_in(folder: Path, postgres: Postgres) -> Iterator[House]:
    """With a database of its own."""
    name = postgres.create()
    url = postgres.url_of(name)
    environ = {
        "ROUTEIQ_CONTROL_DATABASE_URL": url, "SERVICE_KEYS": SERVICE_KEY, "LLMROUTER_OUTBOUND_ALLOW_PRIVATE": "true",
    }  # fmt: skip
    with fleet_in(folder, governed=True, **environ) as fleet:
        for process in ("control", "gateway"):
            fleet.start(process)
        for process in ("control", "gateway"):
            fleet.wait(process)
        with Rows(url) as rows:
            made = House(fleet, Wire(fleet.url), rows)
            made.callers = make_credentials(made.as_admin, rows)
            yield made
            made.wire.close()
    postgres.drop(name)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[House]:
    with house_in(tmp_path_factory.mktemp("governed"), postgres) as made:
        yield made
