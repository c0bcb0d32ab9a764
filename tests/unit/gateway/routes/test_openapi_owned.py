"""The OpenAPI document has what other services serve: theirs, of theirs, and never something else's schema."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from routeiq.gateway.access import Level, Line, Owner
from routeiq.gateway.routes.openapi_owned import KEEP_PARTIAL_S, KEEP_S, OwnedDocuments
from routeiq.kit.errors import Unavailable

LINES = (
    Line(frozenset({"GET"}), "/own", Level.USER),
    Line(frozenset({"GET", "POST"}), "/things/{thing_id}", Level.ADMIN, Owner.CONTROL),
    Line(frozenset({"GET"}), "/open", Level.NONE, Owner.CONTROL),
)
OWN = {"paths": {"/own": {"get": {"responses": {}}}}, "components": {"schemas": {"Error": {}, "Thing": {"own": 1}}}}


def operation(ref: str) -> dict[str, Any]:
    return {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": ref}}}}}}


THEIRS = {
    "paths": {
        "/things/{id}": {"get": operation("#/components/schemas/Thing"), "delete": operation("x")},
        "/own": {"get": operation("x")},
        "/_internal": {"get": operation("x")},
    },
    "components": {"schemas": {"Thing": {"their": {"$ref": "#/components/schemas/Other"}}, "Other": {}, "Error": {}}},
}


class TwinDelegate:
    def __init__(self, body: bytes | None) -> None:
        self.body = body
        self.asked = 0

    async def fetch(self, path: str) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        if self.body is None:
            raise Unavailable("away")
        return self.body


def documents(delegate: TwinDelegate, now: list[float]) -> OwnedDocuments:
    return OwnedDocuments({Owner.CONTROL: delegate}, lambda: json.loads(json.dumps(OWN)), LINES, lambda: now[0])  # type: ignore[dict-item]  # a twin


async def test_many_who_ask_at_one_time_cost_one_question() -> None:
    delegate = TwinDelegate(json.dumps(THEIRS).encode())
    made = documents(delegate, [0.0])
    assert len(set(await asyncio.gather(*(made.whole() for _ in range(50))))) == 1
    assert delegate.asked == 1


async def test_what_the_table_says_is_theirs_stands_in_it() -> None:
    whole = json.loads(await documents(TwinDelegate(json.dumps(THEIRS).encode()), [0.0]).whole())
    paths = {path: set(item) for path, item in whole["paths"].items()}
    assert paths == {"/own": {"get"}, "/things/{id}": {"get"}, "/things/{thing_id}": {"post"}, "/open": {"get"}}
    assert whole["paths"]["/own"] == OWN["paths"]["/own"]
    assert whole["paths"]["/open"]["get"]["security"] == []
    get = whole["paths"]["/things/{id}"]["get"]
    assert get["responses"].keys() == {"200", "401", "403", "413", "431", "503", "504"}
    assert get["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/ControlThing")
    schemas = whole["components"]["schemas"]
    assert (schemas["Thing"], schemas["ControlThing"]) == (
        {"own": 1},
        {"their": {"$ref": "#/components/schemas/Other"}},
    )


async def test_while_they_are_away_the_table_speaks_for_them_and_then_their_last_word() -> None:
    delegate, now = TwinDelegate(None), [0.0]
    kept = documents(delegate, now)
    away = json.loads(await kept.whole())["paths"]
    assert away.keys() == {"/own", "/things/{thing_id}", "/open"}
    assert [one["name"] for one in away["/things/{thing_id}"]["post"]["parameters"]] == ["thing_id"]
    await kept.whole()
    assert delegate.asked == 1
    delegate.body, now[0] = json.dumps(THEIRS).encode(), KEEP_PARTIAL_S
    assert "/things/{id}" in json.loads(await kept.whole())["paths"]
    delegate.body, now[0] = None, now[0] + KEEP_S
    assert "/things/{id}" in json.loads(await kept.whole())["paths"]
    assert delegate.asked == 3


async def test_what_is_no_document_is_none() -> None:
    for body in (b"", b"[]", b"\xff"):
        assert "/things/{thing_id}" in json.loads(await documents(TwinDelegate(body), [0.0]).whole())["paths"]
