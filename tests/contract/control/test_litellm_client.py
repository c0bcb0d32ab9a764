"""LiteLLM's own client for keys, as it stands: what it sends, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from starlette.types import ASGIApp

from routeiq.control.store.database import open_database
from tests.support.keyring import ADMIN, Keyring, let_in
from tests.support.threaded import served

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture
def client(control_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # it would ask the internet for one
    keys = pytest.importorskip("litellm.proxy.client.keys")
    with served(partial(_keyring, control_sqlite_url)) as url:
        yield keys.KeysManagementClient(url, "sk-of-an-administrator")


def test_a_key_from_its_making_to_its_end(client: Any) -> None:
    made = client.generate(
        models=["gpt-4o"], aliases={"best": "gpt-4o"}, duration="24h", key_alias="one", user_id="u", spend=0.0,
        config={"a": 1},
    )  # fmt: skip
    info = client.info(made["key"])["info"]
    assert (info["models"], info["aliases"], info["config"]) == (["gpt-4o"], {"best": "gpt-4o"}, {"a": 1})
    assert client.update(made["key"], models=["gpt-4o-mini"], key_alias="two")["models"] == ["gpt-4o-mini"]
    listed = client.list(page=1, size=5, user_id="u", key_alias="two", return_full_object=True, include_team_keys=True)
    assert [key["token"] for key in listed["keys"]] == [made["token"]]
    assert client.list(key_hash=made["token"])["keys"] == [made["token"]]
    assert client.delete(key_aliases=["two"]) == {"deleted_keys": ["two"]}
    assert client.list()["total_count"] == 0


def test_what_is_missing_is_an_error_of_its_own(client: Any) -> None:
    requests = pytest.importorskip("requests")
    with pytest.raises(requests.exceptions.HTTPError) as missing:
        client.info("sk-nothing-at-all")
    assert missing.value.response.status_code == 404
    with pytest.raises(Exception, match="Key not found"):
        client.update("sk-nothing-at-all", models=["a"])


@asynccontextmanager
async def _keyring(url: str) -> AsyncIterator[ASGIApp]:
    database = open_database(url)
    try:
        yield let_in(Keyring(database).api, ADMIN)
    finally:
        await database.close()
