"""`/model/{new,update,delete,block,unblock}` as LiteLLM's clients call them."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import UUID

from routeiq.config.overlay import Overlay, OverlayModel
from routeiq.config.state import State
from routeiq.control.store.overlay import read_overlay
from routeiq.control.store.tables import Model
from routeiq.kit.principal import Principal
from tests.support.catalogue import SERVICE, World, version
from tests.support.people import ADMIN, KEYLESS, VIEWER, changed_by, user

ROW = {
    "model_id", "model_name", "litellm_params", "model_info", "blocked", "created_at", "created_by", "updated_at",
    "updated_by",
}  # fmt: skip
PARAMS = {"model": "openai/gpt-x", "api_key": "sk-raw-of-x", "api_base": "https://x.example/v1", "rpm": 7}
NEW: dict[str, Any] = {"model_name": "x", "litellm_params": PARAMS, "model_info": {"id": "x-1", "mode": "chat"}}


async def test_a_model_is_added(here: World) -> None:
    made = await _do(here, "/model/new", NEW)
    assert set(made) == ROW
    assert made["litellm_params"] == {name: value for name, value in PARAMS.items() if name != "api_key"}
    assert made["model_info"] == {"id": "x-1", "mode": "chat", "db_model": True}
    assert (made["model_id"], made["blocked"], made["created_by"]) == ("x-1", False, "default_user_id")


async def test_gateways_serve_it_with_its_key(here: World) -> None:
    answer = await here.ask("POST", "/model/new", NEW, who=ADMIN)
    assert changed_by(answer).overlay_version == version(1)
    (one,) = (await _in_force(here)).groups["x"].deployments  # type: ignore[index]
    assert (one.id, one.api_key, one.api_base, one.rpm) == ("x-1", "sk-raw-of-x", "https://x.example/v1", 7)


async def test_an_id_is_made_up_for_who_sends_none(here: World) -> None:
    made = await _do(here, "/model/new", {**NEW, "model_info": {"id": None, "db_model": True}})
    assert UUID(made["model_id"])


async def test_an_id_is_taken_once(here: World) -> None:
    answers = await asyncio.gather(*(here.ask("POST", "/model/new", NEW, who=ADMIN) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400]
    refused = await _do(here, "/model/new", {**NEW, "model_info": {"id": "house-1"}}, 400)
    assert refused["error"]["message"] == "Model with id=house-1 already exists."


async def test_secrets_at_any_depth_reach_the_gateways_as_they_were(here: World) -> None:
    params = {
        **PARAMS, "extra_headers": {"x-key": "hidden-1"}, "extra_body": {"sealed": "hidden-2", "deep": ["hidden-3", 5]},
        "aws_secret_access_key": "hidden-4", "my_thing": "hidden-5", "my_number": 5, "temperature": 0.5,
        "response_format": {"sealed": "hidden-6"}, "costly_token": "hidden-8", "input_cost_per_image": 0.1, "api_base": "https://x.example/v1?key=hidden-7",
    }  # fmt: skip
    made = await _do(here, "/model/new", {**NEW, "litellm_params": params})
    assert "hidden" not in json.dumps(made)
    assert (made["litellm_params"]["temperature"], made["litellm_params"]["my_number"]) == (0.5, 5)
    (one,) = (await _in_force(here)).groups["x"].deployments  # type: ignore[index]
    assert one.api_base == "https://x.example/v1?key=hidden-7"
    sent = {name: value for name, value in params.items() if name not in ("model", "api_key", "api_base", "rpm")}
    assert dict(one.params) == sent


async def test_what_gateways_could_not_serve_is_refused_with_all_that_is_wrong(here: World) -> None:
    params = {"model": "openai/", "api_key": "os.environ/OPENAI_KEY_OF_ANOTHER", "api_base": "http://10.0.0.1/v1"}
    refused = await _do(here, "/model/new", {**NEW, "litellm_params": params}, 400)
    message = refused["error"]["message"]
    assert "litellm_params.api_key: refers to the environment" in message
    params["api_key"] = "sk-raw-of-x"
    message = (await _do(here, "/model/new", {**NEW, "litellm_params": params}, 400))["error"]["message"]
    assert "litellm_params.model: names no model after the slash" in message
    assert "litellm_params.api_base: the URL leads to a private address" in message
    assert refused["error"]["code"] == "400"
    assert here.control.told.all == []


async def test_other_refusals_say_what_is_wrong(here: World) -> None:
    for change, words in (
        ({"model_name": "wild/*"}, "its model_name belongs to the configuration document"),
        ({"litellm_params": {"model": "openai/x", "timeout": "soon"}}, "litellm_params.timeout: must be a number"),
        ({"litellm_params": {"model": "openai/x", "api_base": "http://169.254.169.254"}}, "must never be called"),
        ({"litellm_params": {"model": "openai/x", "api_key": {"sealed": "v1.a.b"}}}, "litellm_params.api_key"),
        ({"model_info": {"team_id": "t"}}, "one team alone"),
    ):
        refused = await _do(here, "/model/new", {**NEW, **change}, 400)
        assert words in refused["error"]["message"]
    assert (await _do(here, "/model/new", {"model_name": "x", "litellm_params": {}}, 422))["detail"]


async def test_a_model_may_join_one_of_the_document_and_leave_it_again(here: World) -> None:
    await _do(here, "/model/new", {**NEW, "model_name": "plain", "litellm_params": {"model": "simulated/small"}})
    assert await _served(here, "plain") == 2
    await _do(here, "/model/delete", {"id": "x-1"})
    assert await _served(here, "plain") == 1


async def _served(here: World, name: str) -> int:
    listed = await here.done("GET", "/v1/model/info", who=ADMIN)
    return sum(one["model_name"] == name for one in listed["data"])


async def test_it_leads_to_nothing_of_the_gateways_machine(here: World) -> None:
    for name, value, words in (
        ("aws_sts_endpoint", "http://169.254.169.254/x", "must never be called"),
        ("token_url", "HTTP://127.0.0.1:8130", "private address"),
        ("my_things", {"callback": ["http://10.0.0.1"]}, "private address"),
        ("vertex_credentials", "/etc/passwd", "only the document may name a file"),
        ("azure_ad_token", "oidc/env/LITELLM_MASTER_KEY", "a token of the gateway's machine"),
        ("extra_headers", {"x": "os.environ/HOME"}, "refers to the environment"),
    ):
        refused = await _do(here, "/model/new", {**NEW, "litellm_params": {"model": "openai/x", name: value}}, 400)
        assert f"litellm_params.{name}" in refused["error"]["message"]
        assert words in refused["error"]["message"]
    await _do(here, "/model/new", {**NEW, "litellm_params": {**PARAMS, "vertex_credentials": '{"type": "x"}'}})
    worse = {"litellm_params": {"aws_sts_endpoint": "http://10.0.0.1"}}
    await here.done("PATCH", "/model/x-1/update", worse, who=ADMIN, status=400)


async def test_an_update_merges_and_keeps_what_is_null(here: World) -> None:
    await _do(here, "/model/new", NEW)
    sent = {
        "model_name": "y", "litellm_params": {"model": "openai/gpt-y", "api_key": None, "tpm": 9},
        "model_info": {"id": "x-1", "base_model": "gpt-4o"},
    }  # fmt: skip
    changed = await _do(here, "/model/update", sent)
    assert changed["model_name"] == "y"
    assert changed["litellm_params"] == {
        "model": "openai/gpt-y", "api_base": "https://x.example/v1", "rpm": 7, "tpm": 9,
    }  # fmt: skip
    assert changed["model_info"] == {"id": "x-1", "mode": "chat", "base_model": "gpt-4o", "db_model": True}
    (one,) = (await _in_force(here)).groups["y"].deployments  # type: ignore[index]
    assert one.api_key == "sk-raw-of-x"


async def test_a_patch_clears_what_is_null(here: World) -> None:
    await _do(here, "/model/new", NEW)
    sent = {"litellm_params": {"rpm": None, "api_key": "sk-raw-of-y"}, "model_info": {"mode": None}, "blocked": True}
    changed = await here.done("PATCH", "/model/x-1/update", sent, who=ADMIN)
    assert (changed["litellm_params"].get("rpm"), changed["model_info"], changed["blocked"]) == (
        None, {"id": "x-1", "db_model": True}, True,
    )  # fmt: skip
    await here.done("PATCH", "/model/x-1/update", {"blocked": False}, who=ADMIN)
    (one,) = (await _in_force(here)).groups["x"].deployments  # type: ignore[index]
    assert (one.api_key, one.rpm) == ("sk-raw-of-y", None)


async def test_a_change_that_could_not_be_served_changes_nothing(here: World) -> None:
    await _do(here, "/model/new", NEW)
    bad = {"litellm_params": {"api_base": "http://127.0.0.1:1"}}
    refused = await here.done("PATCH", "/model/x-1/update", bad, who=ADMIN, status=400)
    assert "private address" in refused["error"]["message"]
    assert (await _in_force(here)).groups["x"].deployments[0].api_base == "https://x.example/v1"  # type: ignore[index]


async def test_a_blocked_model_serves_nobody(here: World) -> None:
    await _do(here, "/model/new", NEW)
    blocked = await _do(here, "/model/block", {"model_id": "x-1"})
    assert (set(blocked), blocked["blocked"]) == (ROW, True)
    assert "x" not in (await _in_force(here)).groups
    assert (await _do(here, "/model/unblock", {"model_id": "x-1"}))["blocked"] is False
    assert "x" in (await _in_force(here)).groups


async def test_a_model_is_deleted(here: World) -> None:
    await _do(here, "/model/new", NEW)
    assert await _do(here, "/model/delete", {"id": "x-1"}) == {"message": "Model: x-1 deleted successfully"}
    refused = await _do(here, "/model/delete", {"id": "x-1"}, 400)
    assert refused["error"] == {
        "message": "{'error': 'Model with id=x-1 not found in db'}", "type": "auth_error", "param": "None",
        "code": "400",
    }  # fmt: skip


async def test_models_that_are_not_there_are_refused_in_litellms_words(here: World) -> None:
    update = await _do(here, "/model/update", {"model_info": {"id": "no"}, "litellm_params": {}}, 400)
    assert update["error"]["message"] == "Authentication Error, model not found"
    nameless = await _do(here, "/model/update", {"model_name": "x"}, 400)
    assert nameless["error"]["message"] == "Authentication Error, model_info.id not provided"
    for method, path, body in (("PATCH", "/model/no/update", {}), ("POST", "/model/block", {"model_id": "no"})):
        refused = await here.done(method, path, body, who=ADMIN, status=404)
        assert refused["error"]["message"] == "Model no not found on proxy."


async def test_models_of_the_document_are_changed_there(here: World) -> None:
    update = await _do(here, "/model/update", {"model_info": {"id": "house-1"}, "litellm_params": {}}, 400)
    assert (
        "Can't edit model. Model in config. Store model in db via `/model/new`. to edit." in update["error"]["message"]
    )
    for method, path, body in (
        ("PATCH", "/model/house-1/update", {}), ("POST", "/model/block", {"model_id": "house-1"}),
    ):  # fmt: skip
        refused = await here.done(method, path, body, who=ADMIN, status=400)
        assert refused["error"]["message"].startswith("Cannot edit config-based model.")
    assert "not found in db" in (await _do(here, "/model/delete", {"id": "house-1"}, 400))["error"]["message"]


async def test_only_administrators_write(here: World) -> None:
    await _do(here, "/model/new", NEW)
    for who in (VIEWER, KEYLESS, SERVICE, user("u")):
        for method, path, body in (
            ("POST", "/model/new", {**NEW, "model_info": {}}), ("POST", "/model/delete", {"id": "x-1"}),
            ("POST", "/model/update", {"model_info": {"id": "x-1"}}), ("PATCH", "/model/x-1/update", {}),
            ("POST", "/model/block", {"model_id": "x-1"}), ("POST", "/model/unblock", {"model_id": "x-1"}),
        ):  # fmt: skip
            refused = await here.done(method, path, body, who=who, status=401)
            assert refused["error"]["message"].startswith("Authentication Error, Only proxy admin can be used")
    assert len(here.control.told.all) == 1


async def test_one_that_no_longer_builds_does_not_hinder_others(here: World) -> None:
    await _do(here, "/model/new", NEW)
    async with here.control.database.transaction() as session:
        from_elsewhere = await session.get_one(Model, "x-1")
        from_elsewhere.litellm_params = {**from_elsewhere.litellm_params, "api_key": {"sealed": "v1.of.another"}}
    await _do(here, "/model/new", {**NEW, "model_name": "z", "model_info": {"id": "z-1"}})
    groups = (await _in_force(here)).groups
    assert ("x" in groups, "z" in groups) == (False, True)


async def _do(here: World, path: str, body: object, status: int = 200, who: Principal = ADMIN) -> Any:
    return await here.done("POST", path, body, who=who, status=status)


async def _in_force(here: World) -> State:
    """What a gateway makes of the overlay."""
    async with here.control.database.reading() as session:
        told = await read_overlay(session)
    models = tuple(
        OverlayModel(one.id, one.model_name, one.litellm_params, one.model_info, one.blocked) for one in told.models
    )
    state, _ = here.declared.start.with_overlay(
        Overlay(told.version, models), lambda sealed, whose: here.sealer.open(sealed, whose).decode()
    )
    return state
