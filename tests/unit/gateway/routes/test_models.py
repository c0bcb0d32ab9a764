"""The list of models."""

from __future__ import annotations

import json

from tests.support.asgi import call, scope
from tests.support.gateway import AUTH, edge, error


async def test_models_are_listed_bare_and_under_v1() -> None:
    for path in ("/models", "/v1/models"):
        listed = json.loads((await call(edge(), scope("GET", path, [AUTH]))).body)
        assert [m["id"] for m in listed["data"]] == ["auto", "small", "large"]
        assert listed["object"] == "list"


async def test_one_model_and_an_unknown_one() -> None:
    found = await call(edge(), scope("GET", "/v1/models/small", [AUTH]))
    unknown = await call(edge(), scope("GET", "/v1/models/a/b", [AUTH]))
    assert json.loads(found.body)["object"] == "model"
    assert (unknown.status, error(unknown)["code"]) == (404, "model_not_found")
