"""`/key/*`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
import requests

from tests.support.fleet import KEY
from tests.support.replicas import Manager, soon

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def test_litellms_client_keeps_a_key_from_its_making_to_its_end(
    litellm: ModuleType, one: Manager, two: Manager
) -> None:
    here, there = litellm.Client(one.url, KEY).keys, litellm.Client(two.url, KEY).keys
    made = here.generate(models=["first"], aliases={"best": "first"}, duration="24h", key_alias="sdk", user_id="u-sdk")
    key = made["key"]
    assert (two.chat(key), two.chat(key, "best"), two.chat(key, "second")) == (200, 200, 403)
    info = there.info(key)["info"]
    assert (info["models"], info["aliases"], info["key_alias"]) == (["first"], {"best": "first"}, "sdk")
    assert there.update(key, models=["second"], key_alias="sdk-2")["models"] == ["second"]
    assert (two.chat(key), two.chat(key, "second")) == (403, 200)
    soon(lambda: one.chat(key, "second"), 200)
    listed = here.list(page=1, size=5, key_alias="sdk-2", return_full_object=True, include_team_keys=True)
    assert [found["token"] for found in listed["keys"]] == [made["token"]]
    assert here.delete(keys=[key]) == {"deleted_keys": [key]}
    assert one.chat(key, "second") == 401
    soon(lambda: two.chat(key, "second"), 401)
    assert there.info(key)["info"]["status"] == "deleted"
    with pytest.raises(requests.HTTPError, match="404"):
        there.info("sk-that-there-never-was")


def test_a_terraform_key_is_made_changed_imported_and_destroyed(one: Manager, two: Manager) -> None:
    made = one.post("/key/generate", {**TERRAFORM, "key_alias": "tf"})
    key, key_id = made["key"], made["token_id"]
    assert two.get("/key/info", key=key_id)["info"] == _read(two, key)
    assert {name: _read(two, key)[name] for name in TERRAFORM} == TERRAFORM
    assert (one.chat(key), two.chat(key)) == (200, 200)
    empty = {"team_id": "", "key_alias": "", "aliases": {}, "permissions": {}, "model_max_budget": {}, "metadata": {}}
    sent = {"key": key_id, "blocked": True, "max_budget": None, "models": ["second"], **empty}
    changed = two.post("/key/update", sent)
    assert (changed["blocked"], changed["max_budget"], changed["rpm_limit"], changed["metadata"]) == (
        True, None, 1000, {},
    )  # fmt: skip
    assert two.chat(key, "second") == 401
    soon(lambda: one.chat(key, "second"), 401)
    assert one.post("/key/unblock", {"key": key_id})["blocked"] is False
    soon(lambda: two.chat(key, "second"), 200)
    one.post("/key/delete", {"keys": [key_id]})
    soon(lambda: two.chat(key, "second"), 401)
    assert _read(two, key)["status"] == "deleted"
    assert "not found" in two.get("/key/info", 404, key="0" * 64)["error"]["message"]
    assert one.post("/key/delete", {"keys": [key_id]}, 404)["error"]["code"] == "404"


TERRAFORM = {
    "models": ["first"], "max_budget": 10.5, "soft_budget": 5.0, "budget_duration": "30d", "rpm_limit": 1000,
    "tpm_limit": 100_000, "max_parallel_requests": 10, "metadata": {"env": "prod"}, "blocked": False,
    "aliases": {"best": "first"}, "permissions": {}, "model_max_budget": {},
}  # fmt: skip


def _read(manager: Manager, key: str) -> Any:
    """As an import reads."""
    return manager.get("/key/info", key=key)["info"]


def test_a_key_that_was_tried_before_it_was_made_works(one: Manager, two: Manager) -> None:
    key = "sk-of-the-script-before-it-was"
    assert (one.chat(key), two.chat(key)) == (401, 401)
    one.post("/key/generate", {"key": key})
    assert one.chat(key) == 200
    soon(lambda: two.chat(key), 200)
    one.post("/key/delete", {"keys": [key]})


def test_a_service_account_is_a_teams(one: Manager, two: Manager) -> None:
    team = one.post("/team/new", {"team_alias": "robots", "models": ["first"]})["team_id"]
    one.post("/key/service-account/generate", {"key_alias": "robot"}, 400)
    made = two.post("/key/service-account/generate", {"key_alias": "robot", "team_id": team})
    info = one.get("/key/info", key=made["key"])["info"]
    assert (info["user_id"], info["team_id"], info["metadata"]["service_account_id"]) == (None, team, "robot")
    assert (one.chat(made["key"]), two.chat(made["key"], "second")) == (200, 403)
    one.post("/team/delete", {"team_ids": [team]})
    soon(lambda: two.chat(made["key"]), 401)


def test_a_key_is_rotated(one: Manager, two: Manager) -> None:
    old = one.post("/key/generate", {"key_alias": "rotating"})["key"]
    assert (one.chat(old), two.chat(old)) == (200, 200)
    new = two.post("/key/regenerate", {"key": old, "grace_period": "1h"})["key"]
    assert [where.chat(key) for where in (one, two) for key in (old, new)] == [200] * 4
    last = one.post(f"/key/{new}/regenerate", {})["key"]
    assert (one.chat(new), one.chat(last), two.chat(last)) == (401, 200, 200)
    soon(lambda: two.chat(new), 401)
    assert two.chat(old) == 200, "its grace goes on"
    two.post("/key/delete", {"key_aliases": ["rotating"]})
    for key in (old, last):
        assert two.chat(key) == 401
        soon(lambda key=key: one.chat(key), 401)


def test_the_holder_of_a_key_manages_it_and_no_other(one: Manager, two: Manager) -> None:
    own, other = (one.post("/user/new", {"user_id": f"holder-{number}"})["key"] for number in range(2))
    with two.acting(own) as holder:
        assert holder.get("/key/info")["info"]["user_id"] == "holder-0"
        assert holder.get("/key/list")["total_count"] == 1
        assert holder.get("/key/info", 403, key=other)["error"]
        assert holder.post("/team/new", {}, 401)["error"]["type"] == "auth_error"
        holder.post("/key/block", {"key": own})
    soon(lambda: one.chat(own), 401)
    assert one.chat(other) == 200
    assert one.post("/user/delete", {"user_ids": ["holder-0", "holder-1"]}) == 2
