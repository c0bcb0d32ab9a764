"""`/api/v1/overrides` (contract, section 4)."""

from __future__ import annotations

import asyncio
from typing import Any

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.control.store.overlay import read_overlay
from tests.support.catalogue import World, version
from tests.support.people import KEYLESS, VIEWER, changed_by

PATH = "/api/v1/overrides"
FIELDS = {"id", "user_id", "service_name", "provider_name", "model_name", "created_at", "updated_at"}
ONE: dict[str, Any] = {"user_id": "u", "provider_name": "house", "model_name": "b"}
ACME = {"name": "acme", "display_name": "A", "api_key": "sk-x", "base_url": "https://a.example", "models": ["big"]}


async def test_an_override_is_for_every_service_unless_it_names_one(here: World) -> None:
    everywhere = await here.done("POST", PATH, ONE, status=201)
    of_one = await here.done("POST", PATH, {**ONE, "service_name": "chat"}, status=201)
    assert set(everywhere) == set(of_one) == FIELDS
    assert (everywhere["service_name"], of_one["service_name"]) == (None, "chat")
    assert await here.done("GET", f"{PATH}?user_id=u") == [everywhere, of_one]


async def test_the_list_has_the_documents_own(here: World) -> None:
    await here.done("POST", PATH, ONE, status=201)
    assert [one["user_id"] for one in await here.done("GET", PATH)] == ["first", "u"]
    assert [one["user_id"] for one in await here.done("GET", f"{PATH}?limit=1&offset=1")] == ["u"]
    assert await here.done("GET", f"{PATH}?user_id=nobody") == []


async def test_a_customer_and_service_have_one(here: World) -> None:
    for more in ({}, {"service_name": "chat"}):
        await here.done("POST", PATH, {**ONE, **more}, status=201)
        refused = await here.done("POST", PATH, {**ONE, **more, "model_name": "a"}, status=409)
        assert refused == {"detail": "There is an override for this user_id and service_name already"}


async def test_of_many_at_once_one_is_kept(here: World) -> None:
    answers = await asyncio.gather(*(here.ask("POST", PATH, ONE) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


async def test_an_override_is_replaced(here: World) -> None:
    made = await here.done("POST", PATH, {**ONE, "service_name": "chat"}, status=201)
    answer = await here.ask("PUT", f"{PATH}/{made['id']}", {**ONE, "user_id": "v", "model_name": "a"})
    assert answer.json() == {**made, "user_id": "v", "service_name": None, "model_name": "a"}
    customers = [pb.Customer(user_id="u", service="chat"), pb.Customer(user_id="v")]
    assert changed_by(answer) == pb.Changed(customers=customers)


async def test_it_is_not_replaced_by_anothers(here: World) -> None:
    await here.done("POST", PATH, ONE, status=201)
    made = await here.done("POST", PATH, {**ONE, "user_id": "v"}, status=201)
    await here.done("PUT", f"{PATH}/{made['id']}", ONE, status=409)
    await here.done("PUT", f"{PATH}/{made['id']}", {**ONE, "user_id": "first"}, status=409)
    kept = await here.done("PUT", f"{PATH}/{made['id']}", {**ONE, "user_id": "v"})
    assert (kept["id"], kept["user_id"]) == (made["id"], "v")


async def test_of_two_that_are_replaced_at_once_by_the_same_one_is(here: World) -> None:
    ids = [(await here.done("POST", PATH, {**ONE, "user_id": name}, status=201))["id"] for name in "vw"]
    answers = await asyncio.gather(*(here.ask("PUT", f"{PATH}/{one}", ONE) for one in ids))
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_an_override_that_is_deleted_is_gone(here: World) -> None:
    made = await here.done("POST", PATH, ONE, status=201)
    answer = await here.ask("DELETE", f"{PATH}/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert changed_by(answer) == pb.Changed(customers=[pb.Customer(user_id="u")], overlay_version=version(2))
    gone = {"detail": f"Override {made['id']} not found"}
    assert await here.done("DELETE", f"{PATH}/{made['id']}", status=404) == gone
    assert await here.done("PUT", f"{PATH}/{made['id']}", ONE, status=404) == gone


async def test_only_the_first_and_the_last_change_the_overlay(here: World) -> None:
    versions, ids = [], []
    for name in "abc":
        answer = await here.ask("POST", PATH, {**ONE, "user_id": name})
        ids.append(answer.json()["id"])
        versions.append((changed_by(answer).overlay_version, await _has_overrides(here)))
    for one in ids:
        versions.append((changed_by(await here.ask("DELETE", f"{PATH}/{one}")).overlay_version, False))
    assert versions == [(version(1), True), (0, True), (0, True), (0, False), (0, False), (version(2), False)]
    assert not await _has_overrides(here)


async def test_the_overlay_knows_of_overrides_that_come_as_others_go(here: World) -> None:
    """Whatever the order, the last version says what is."""
    for _ in range(10):
        made = await here.done("POST", PATH, ONE, status=201)
        other, _ = await asyncio.gather(
            here.ask("POST", PATH, {**ONE, "user_id": "w"}), here.ask("DELETE", f"{PATH}/{made['id']}")
        )
        newest = max(here.control.told.all, key=lambda changed: changed.overlay_version)
        async with here.control.database.reading() as session:
            assert (await read_overlay(session)).version == newest.overlay_version
        assert await _has_overrides(here)
        await here.ask("DELETE", f"{PATH}/{other.json()['id']}")


async def test_it_names_what_is_there(here: World) -> None:
    for field in ("provider_name", "model_name"):
        refused = await here.done("POST", PATH, {**ONE, field: "nothing"}, status=422)
        assert [one["loc"] for one in refused["detail"]] == [["body", field]]


ENDS: list[tuple[str, object, str]] = [
    ("DELETE", None, "there is no provider acme; it has no effect"),
    ("PATCH", {"name": "b"}, "there is no provider acme; it has no effect"),
    ("PATCH", {"models": ["small"]}, "acme has no model big; it has no effect"),
    ("PATCH", {"is_enabled": False}, "acme is not enabled; it has no effect"),
]


async def test_one_whose_provider_went_stays_and_says_so(here: World) -> None:
    for method, body, warning in ENDS:
        await here.done("POST", "/api/v1/providers", ACME, status=201)
        made = await here.done("POST", PATH, {**ONE, "provider_name": "acme", "model_name": "big"}, status=201)
        await here.ask(method, "/api/v1/providers/acme", body)
        assert await here.done("GET", f"{PATH}?user_id=u") == [{**made, "warning": warning}]
        await here.ask("DELETE", f"{PATH}/{made['id']}")
        for name in ("acme", "b"):
            await here.ask("DELETE", f"/api/v1/providers/{name}")


async def test_what_the_document_declares_is_changed_there(here: World) -> None:
    own = (await here.done("GET", PATH))[0]
    assert await here.done("POST", PATH, {**ONE, "user_id": "first"}, status=409)
    await here.done("POST", PATH, {**ONE, "user_id": "first", "service_name": "chat"}, status=201)
    for method, body in (("PUT", ONE), ("DELETE", None)):
        refused = await here.done(method, f"{PATH}/{own['id']}", body, status=409)
        assert "stands in the configuration document" in refused["detail"]


async def test_others_than_services_and_administrators_have_no_key(here: World) -> None:
    for who in (VIEWER, KEYLESS):
        for method, path, body in (
            ("GET", PATH, None), ("POST", PATH, ONE), ("PUT", f"{PATH}/x", ONE), ("DELETE", f"{PATH}/x", None),
        ):  # fmt: skip
            assert await here.done(method, path, body, who=who, status=401) == {"detail": "invalid key"}


async def _has_overrides(here: World) -> bool:
    async with here.control.database.reading() as session:
        return (await read_overlay(session)).has_overrides
