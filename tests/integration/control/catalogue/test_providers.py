"""`/api/v1/providers` and `/api/v1/health` (contract, section 4)."""

from __future__ import annotations

import asyncio
from itertools import product
from typing import Any
from uuid import UUID

from routeiq.control.store.overlay import read_overlay
from routeiq.kit.principal import Principal, Role
from tests.support.catalogue import SERVICE, World, version
from tests.support.people import ADMIN, KEYLESS, VIEWER, changed_by

PATH = "/api/v1/providers"
FIELDS = {
    "id", "name", "display_name", "base_url", "models", "is_enabled", "rate_limit_rpm", "rate_limit_tpm", "priority",
    "created_at", "updated_at",
}  # fmt: skip
ACME: dict[str, Any] = {
    "name": "acme", "display_name": "Acme", "api_key": "sk-acme-secret", "base_url": "https://llm.acme.example/v1",
    "models": ["big", "small"],
}  # fmt: skip


async def test_a_provider_is_created_with_the_defaults(here: World) -> None:
    made = await here.done("POST", PATH, ACME, status=201)
    assert set(made) == FIELDS
    assert UUID(made["id"])
    assert {name: made[name] for name in FIELDS - {"id"}} == {
        **{name: value for name, value in ACME.items() if name != "api_key"},
        "is_enabled": True, "rate_limit_rpm": 60, "rate_limit_tpm": 100_000, "priority": 10,
        "created_at": "2026-11-21T21:38:55Z", "updated_at": "2026-11-21T21:38:55Z",
    }  # fmt: skip
    assert await here.done("GET", f"{PATH}/{made['id']}") == made
    assert await here.done("GET", f"{PATH}/acme", who=ADMIN) == made


async def test_the_list_has_the_highest_priority_first_and_the_documents_own(here: World) -> None:
    for name, priority in (("b", 70), ("c", 10), ("a", 10)):
        await here.done("POST", PATH, {**ACME, "name": name, "priority": priority}, status=201)
    found = await here.done("GET", PATH)
    assert [one["name"] for one in found] == ["b", "house", "a", "c"]
    assert set(found[1]) == FIELDS


async def test_a_change_keeps_what_is_omitted(here: World) -> None:
    made = await here.done("POST", PATH, ACME, status=201)
    changed = await here.done("PATCH", f"{PATH}/{made['id']}", {"priority": 3, "is_enabled": False})
    assert changed == {**made, "priority": 3, "is_enabled": False}
    assert await _key(here) == "sk-acme-secret"


async def test_a_key_is_exchanged(here: World) -> None:
    await here.done("POST", PATH, ACME, status=201)
    await here.done("PATCH", f"{PATH}/acme", {"api_key": "sk-other"})
    assert await _key(here) == "sk-other"


async def test_an_address_can_be_cleared_where_the_name_has_one(here: World) -> None:
    await here.done("POST", PATH, {**ACME, "name": "openai"}, status=201)
    cleared = {"base_url": None, "api_key": "sk-openai"}
    assert (await here.done("PATCH", f"{PATH}/openai", cleared))["base_url"] is None
    await here.done("POST", PATH, ACME, status=201)
    refused = await here.done("PATCH", f"{PATH}/acme", {"base_url": None}, status=422)
    assert refused["detail"][0]["loc"] == ["body", "base_url"]


async def test_a_provider_that_is_deleted_is_gone(here: World) -> None:
    made = await here.done("POST", PATH, ACME, status=201)
    answer = await here.ask("DELETE", f"{PATH}/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert changed_by(answer).overlay_version == version(2)
    for method in ("GET", "DELETE"):
        gone = await here.done(method, f"{PATH}/{made['id']}", status=404)
        assert gone == {"detail": f"Provider {made['id']} not found"}


async def test_who_is_not_there_is_not_found(here: World) -> None:
    for method, path in (("PATCH", "/nobody"), ("POST", "/nobody/test"), ("GET", "/nobody")):
        assert await here.done(method, PATH + path, {}, status=404) == {"detail": "Provider nobody not found"}


async def test_a_name_is_taken_once(here: World) -> None:
    await here.done("POST", PATH, ACME, status=201)
    refused = await here.done("POST", PATH, ACME, status=409)
    assert refused == {"detail": "Provider acme already exists"}
    await here.done("POST", PATH, {**ACME, "name": "other"}, status=201)
    assert await here.done("PATCH", f"{PATH}/other", {"name": "acme"}, status=409) == refused
    await here.done("PATCH", f"{PATH}/acme", {"name": "acme"})


async def test_of_many_that_want_a_name_at_once_one_gets_it(here: World) -> None:
    answers = await asyncio.gather(*(here.ask("POST", PATH, ACME) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_of_two_that_take_a_name_at_once_one_gets_it(here: World) -> None:
    for name in ("a", "b"):
        await here.done("POST", PATH, {**ACME, "name": name}, status=201)
    answers = await asyncio.gather(*(here.ask("PATCH", f"{PATH}/{name}", {"name": "c"}) for name in ("a", "b")))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_what_the_document_declares_is_changed_there(here: World) -> None:
    own = await here.done("GET", f"{PATH}/house")
    assert own["models"] == ["a", "b"]
    for name in ("house", own["id"]):
        for method, body in (("PATCH", {"priority": 1}), ("DELETE", None)):
            refused = await here.done(method, f"{PATH}/{name}", body, status=409)
            assert "stands in the configuration document" in refused["detail"]
    assert await here.done("POST", PATH, {**ACME, "name": "house"}, status=409)


REFUSED: list[tuple[str, object]] = [
    ("name", ""), ("name", "a/b"), ("name", " a"), ("name", "x" * 101), ("name", None), ("models", None),
    ("models", [""]), ("models", "big"), ("api_key", ""), ("api_key", "two lines\n"), ("rate_limit_rpm", -1),
    ("rate_limit_rpm", 2**60), ("priority", "high"), ("display_name", "nul\0"), ("base_url", "ftp://x.example"),
    ("base_url", "http://user:hunter2@x.example"), ("base_url", "http://127.0.0.1:8000"),
    ("base_url", "http://10.1.2.3"), ("base_url", "http://169.254.169.254/latest"), ("base_url", None),
]  # fmt: skip


async def test_what_cannot_be_kept_is_refused_by_field(here: World) -> None:
    for field, value in REFUSED:
        refused = await here.done("POST", PATH, {**ACME, field: value}, status=422)
        assert all(set(one) == {"type", "loc", "msg"} for one in refused["detail"])
        assert any(one["loc"] in (["body", field], ["body", field, 0], ["body"]) for one in refused["detail"])
        assert "hunter2" not in str(refused)


async def test_others_than_services_and_administrators_have_no_key(here: World) -> None:
    strangers = [VIEWER, KEYLESS, Principal("f" * 64, Role.USER, user_id="u")]
    for who, (method, path, body) in product(strangers, (
        ("GET", PATH, None), ("POST", PATH, ACME), ("GET", f"{PATH}/house", None), ("DELETE", f"{PATH}/house", None),
        ("PATCH", f"{PATH}/house", {}), ("POST", f"{PATH}/house/test", None), ("GET", "/api/v1/health/providers", None),
    )):  # fmt: skip
        assert await here.done(method, path, body, who=who, status=401) == {"detail": "invalid key"}


async def test_health_is_for_anybody(here: World) -> None:
    healthy = {"status": "healthy", "service": "llm-gateway", "database": "connected"}
    assert await here.done("GET", "/api/v1/health", who=KEYLESS) == healthy


async def test_health_of_providers_counts_their_models(here: World) -> None:
    await here.done("POST", PATH, {**ACME, "is_enabled": False}, status=201)
    assert await here.done("GET", "/api/v1/health/providers") == {
        "providers": [
            {"name": "house", "display_name": "house", "is_enabled": True, "models_count": 2},
            {"name": "acme", "display_name": "Acme", "is_enabled": False, "models_count": 2},
        ]
    }


async def test_gateways_get_what_was_added(here: World) -> None:
    answer = await here.ask("POST", PATH, ACME, who=SERVICE)
    async with here.control.database.reading() as session:
        overlay = await read_overlay(session)
    (one,) = overlay.providers
    assert (changed_by(answer).overlay_version, overlay.version) == (version(1), version(1))
    assert (one.name, list(one.models), one.enabled, one.priority) == ("acme", ["big", "small"], True, 10)
    assert here.sealer.open(one.api_key, one.id) == b"sk-acme-secret"


async def test_a_refused_write_changes_no_version(here: World) -> None:
    answer = await here.ask("POST", PATH, {**ACME, "name": "house"})
    assert "x-routeiq-internal-changed" not in answer.headers
    assert here.control.told.all == []


async def _key(here: World) -> str:
    async with here.control.database.reading() as session:
        (one,) = (await read_overlay(session)).providers
    return here.sealer.open(one.api_key, one.id).decode()
