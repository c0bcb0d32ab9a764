"""`/user/*`."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from tests.support.fleet import KEY
from tests.support.replicas import Manager, soon

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def test_litellms_client_keeps_a_user(litellm: ModuleType, one: Manager, two: Manager) -> None:
    users = import_module("litellm.proxy.client.users")
    here, there = users.UsersManagementClient(one.url, KEY), users.UsersManagementClient(two.url, KEY)
    made = here.create_user({"user_id": "grace", "user_email": "grace@example.com", "models": ["first"]})
    key = made["key"]
    assert (two.chat(key), two.chat(key, "second")) == (200, 403)
    found = there.get_user("grace")
    assert (found["user_id"], found["user_info"]["user_email"]) == ("grace", "grace@example.com")
    assert [each["key_name"] for each in found["keys"]] == [f"sk-...{key[-4:]}"]
    flat = there.get_user_v2("grace")
    assert (flat["models"], "keys" in flat) == (["first"], False)
    assert [user["key_count"] for user in there.list_users({"user_ids": "grace"})] == [1]
    assert here.delete_user(["grace"]) == 1
    assert one.chat(key) == 401
    soon(lambda: two.chat(key), 401)
    with pytest.raises(Exception, match="grace"):
        there.get_user("grace")


def test_a_terraform_user_is_made_changed_imported_and_destroyed(one: Manager, two: Manager) -> None:
    made = one.post("/user/new", {**TERRAFORM, "user_id": "tf-user", "auto_create_key": False})
    assert (made["user_id"], made["key"]) == ("tf-user", "")
    assert {name: _read(two)[name] for name in TERRAFORM} == TERRAFORM
    sent = {"user_id": "tf-user", "user_alias": "T", "max_budget": None, "budget_duration": None}
    two.post("/user/update", {**sent, "metadata": {"env": "test"}})
    read = _read(one)
    assert (read["user_alias"], read["max_budget"], read["budget_reset_at"], read["tpm_limit"], read["metadata"]) == (
        "T", None, None, 100_000, {"env": "test"},
    )  # fmt: skip
    assert one.post("/user/delete", {"user_ids": ["tf-user"]}) == 1
    assert "not found" in str(two.get("/user/info", 404, user_id="tf-user"))
    two.post("/user/delete", {"user_ids": ["tf-user"]}, 404)


TERRAFORM = {
    "user_email": "tf@example.com", "user_role": "internal_user", "models": ["first"], "max_budget": 20.0,
    "budget_duration": "30d", "tpm_limit": 100_000, "rpm_limit": 1000, "metadata": {"env": "prod"},
}  # fmt: skip


def _read(manager: Manager) -> Any:
    """As an import reads."""
    return manager.get("/user/info", user_id="tf-user")["user_info"]


def test_a_user_that_is_there_is_adopted(one: Manager, two: Manager) -> None:
    """Terraform meets a 409, looks for the address, and takes over who has it."""
    one.post("/user/new", {"user_id": "there", "user_email": "there@example.com", "auto_create_key": False})
    two.post("/user/new", {"user_email": "there@example.com"}, 409)
    listed = two.get("/user/list", page=1, page_size=100, user_email="there@example.com")
    assert (listed["total_pages"], [user["user_id"] for user in listed["users"]]) == (1, ["there"])
    assert two.get("/user/info", user_id="there")["user_info"]["user_email"] == "there@example.com"
    one.post("/user/delete", {"user_ids": ["there"]})


def test_what_a_user_may_do_changes_with_its_role_and_its_models(one: Manager, two: Manager) -> None:
    key = one.post("/user/new", {"user_id": "riser"})["key"]
    with two.acting(key) as riser:
        assert (two.chat(key, "second"), riser.get("/audit", 403)["error"]["code"]) == (200, "permission_denied")
        one.post("/user/update", {"user_id": "riser", "models": ["first"]})
        soon(lambda: two.chat(key, "second"), 403)
        one.post("/user/update", {"user_id": "riser", "user_role": "proxy_admin_viewer"})
        soon(lambda: riser.http.get("/audit").status_code, 200)
        one.post("/user/update", {"user_id": "riser", "user_role": "proxy_admin", "models": []})
        soon(lambda: riser.http.post("/budget/new", json={"budget_id": "of-riser"}).status_code, 200)
    one.post("/budget/delete", {"id": "of-riser"})
    one.post("/user/delete", {"user_ids": ["riser"]})
    soon(lambda: two.chat(key), 401)
