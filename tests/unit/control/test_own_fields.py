"""What a user who is no administrator may change of itself: a table of every field that there is."""

from __future__ import annotations

from typing import Any

import pytest

from routeiq.control.errors import Refused
from routeiq.control.store.tables import User
from routeiq.control.users.rows import check_own
from routeiq.control.users.shapes import UpdateUser

ALLOWED = {"user_id": "u1", "user_email": "U1@example.com", "user_alias": "Me"}
FORBIDDEN: dict[str, Any] = {
    "user_role": "proxy_admin", "max_budget": 1, "soft_budget": 1, "spend": 0, "budget_duration": "1d",
    "tpm_limit": 1, "rpm_limit": 1, "max_parallel_requests": 1, "models": [], "metadata": {}, "sso_user_id": "s",
    "organizations": [], "agent_id": "a", "budget_limits": [], "allowed_cache_controls": [], "config": {},
    "permissions": {}, "aliases": {}, "blocked": False, "model_max_budget": {}, "budget_fallbacks": {},
    "object_permission": {}, "model_rpm_limit": {}, "model_tpm_limit": {}, "mcp_rpm_limit": {}, "tag_rpm_limit": {},
    "guardrails": [], "policies": [], "prompts": [],
}  # fmt: skip


def test_the_table_is_whole() -> None:
    """A new field is decided on, or this fails."""
    assert set(UpdateUser.model_fields) == {*ALLOWED, *FORBIDDEN}


@pytest.mark.parametrize("name", ALLOWED)
def test_it_may(name: str) -> None:
    assert check_own(_row(), UpdateUser.model_validate({"user_id": "u1", name: ALLOWED[name]})) is None


@pytest.mark.parametrize("value", ["set", "null"])
@pytest.mark.parametrize("name", FORBIDDEN)
def test_it_may_not_also_not_clear_it(name: str, value: str) -> None:
    body = UpdateUser.model_validate({"user_id": "u1", name: FORBIDDEN[name] if value == "set" else None})
    with pytest.raises(Refused) as refused:
        check_own(_row(), body)
    assert (refused.value.status, refused.value.type) == (403, "auth_error")


def test_it_may_not_through_metadata() -> None:
    body = UpdateUser.model_validate({"user_id": "u1", "metadata": {"model_rpm_limit": {"gpt-4o": 10**6}}})
    with pytest.raises(Refused):
        check_own(_row(), body)


@pytest.mark.parametrize("address", ["another@example.com", None, ""])
def test_it_takes_no_other_address(address: str | None) -> None:
    with pytest.raises(Refused):
        check_own(_row(), UpdateUser.model_validate({"user_id": "u1", "user_email": address}))


def _row() -> User:
    return User(id="u1", email="u1@example.com", role="internal_user")
