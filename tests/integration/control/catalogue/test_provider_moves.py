"""A provider's key goes where it was given for: whoever may change an address does not get the key that stands behind
it sent there. Services may, and are never shown a key."""

from __future__ import annotations

from typing import Any

import pytest

from routeiq.control.store.overlay import read_overlay
from tests.support.catalogue import World

PATH = "/api/v1/providers"
ACME: dict[str, Any] = {
    "name": "acme", "display_name": "Acme", "api_key": "sk-acme-secret", "base_url": "https://llm.acme.example/v1",
    "models": ["big"],
}  # fmt: skip
MOVES = [
    {"base_url": "https://evil.example/v1"},
    {"base_url": "http://llm.acme.example/v1"},
    {"base_url": "https://llm.acme.example:8443/v1"},
    {"name": "openai", "base_url": None},
    {"name": "openai"},
]
STAYS = [
    {"base_url": "https://LLM.acme.example:443/v2"},
    {"name": "other"},
    {"base_url": "https://llm.acme.example/v1", "priority": 1},
]


async def stored(here: World) -> tuple[str, str]:
    """The address, and the key that goes there."""
    async with here.control.database.reading() as session:
        (one,) = (await read_overlay(session)).providers
    return one.base_url, here.sealer.open(one.api_key, one.id).decode()


@pytest.mark.parametrize("move", MOVES)
async def test_a_stored_key_is_not_sent_elsewhere(here: World, move: dict[str, Any]) -> None:
    await here.done("POST", PATH, ACME, status=201)
    refused = await here.done("PATCH", f"{PATH}/acme", move, status=400)
    assert refused["detail"].startswith("This change would send the stored api_key to another address.")
    assert await stored(here) == (ACME["base_url"], "sk-acme-secret")


@pytest.mark.parametrize("move", MOVES)
async def test_with_its_own_key_it_goes_anywhere(here: World, move: dict[str, Any]) -> None:
    await here.done("POST", PATH, ACME, status=201)
    await here.done("PATCH", f"{PATH}/acme", {**move, "api_key": "sk-new"})
    assert await stored(here) == (move.get("base_url", ACME["base_url"]) or "", "sk-new")


@pytest.mark.parametrize("change", STAYS)
async def test_what_stays_where_it_is_keeps_its_key(here: World, change: dict[str, Any]) -> None:
    await here.done("POST", PATH, ACME, status=201)
    await here.done("PATCH", f"{PATH}/acme", change)
    assert await stored(here) == (change.get("base_url", ACME["base_url"]), "sk-acme-secret")


async def test_a_known_provider_that_says_its_own_address_stays(here: World) -> None:
    await here.done("POST", PATH, {**ACME, "name": "openai", "base_url": None}, status=201)
    await here.done("PATCH", f"{PATH}/openai", {"base_url": "https://api.openai.com/v1"})
    await here.done("PATCH", f"{PATH}/openai", {"base_url": "https://proxy.example/v1"}, status=400)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("base_url", "https://llm.acme.example/v1?key=s", "no query"),
        ("base_url", "https://llm.acme.example/v1#s", "no query"),
        ("api_key", "os.environ/OPENAI_API_KEY", "the API takes the key itself"),
    ],
)
async def test_what_would_not_work_is_refused(here: World, field: str, value: str, text: str) -> None:
    (problem,) = (await here.done("POST", PATH, {**ACME, field: value}, status=422))["detail"]
    assert problem["loc"] == ["body", field]
    assert text in problem["msg"]
