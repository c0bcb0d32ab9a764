"""Whose usage somebody sees, and what is nobody's but an administrator's."""

from __future__ import annotations

from typing import Any

import pytest

from routeiq.kit.principal import Principal, Role
from tests.support.ledger import record, write
from tests.support.members import joining
from tests.support.people import ADMIN, KEYLESS, VIEWER, Control, user

SPAN = {"start_date": "2026-11-01", "end_date": "2026-11-21"}
LEAD, MEMBER = user("lead"), user("u1")


@pytest.fixture
async def used(control: Control) -> Control:
    """Each request costs another power of ten, so that a sum tells which of them are in it."""
    await control.post("/team/new", {"team_id": "t1", "members_with_roles": [joining("lead", "admin"), joining("u1")]})
    await control.post("/user/new", {"user_id": "lead2", "auto_create_key": False})
    parties = [
        {"user_id": "u1", "team_id": "t1", "key_hash": "k1"},
        {"user_id": "u1", "team_id": "t2", "key_hash": "k2"},
        {"user_id": "u1", "key_hash": "k3"},
        {"user_id": "lead", "key_hash": "k4"},
        {"team_id": "t1", "key_hash": "k5"},
        {"key_hash": KEYLESS.key_id},
        {"user_id": "u9", "team_id": "t9", "key_hash": "k9"},
        {},
    ]
    await write(control.database, [
        record(**said, cost_nano_usd=10**number * 10**9, tags=["x"], model=f"m{number}")
        for number, said in enumerate(parties)
    ])  # fmt: skip
    return control


def usd(*numbers: int) -> float:
    return float(sum(10**number for number in numbers))


SEEN = [
    (ADMIN, usd(*range(8))),
    (VIEWER, usd(*range(8))),
    (MEMBER, usd(0, 1, 2)),
    (user("u1", "t1"), usd(0)),
    (user("u1", "t2"), usd(1)),
    (LEAD, usd(0, 3, 4)),
    (user("lead", "t1"), usd(0, 4)),
    (user("lead", "t2"), usd()),
    (KEYLESS, usd(5)),
    (user("", "t1"), usd()),
    (Principal("s" * 64, Role.SERVICE), usd()),
]


@pytest.mark.parametrize(("who", "spent"), SEEN)
async def test_who_sees_what_of_logs_and_tags(used: Control, who: Principal, spent: float) -> None:
    assert sum(one["spend"] for one in await used.get("/spend/logs", who)) == spent
    assert sum(day["spend"] for day in await used.get("/spend/logs", who, **SPAN)) == spent
    page = await used.get("/spend/logs/v2", who, **SPAN)
    assert sum(one["spend"] for one in page["data"]) == spent
    assert sum(one["total_spend"] for one in await used.get("/spend/tags", who)) == spent
    assert (await used.get("/tag/daily/activity", who, **SPAN))["metadata"]["total_spend"] == spent


@pytest.mark.parametrize(
    ("who", "spent"), [(ADMIN, usd(*range(8))), (MEMBER, usd(0, 1, 2)), (LEAD, usd(3)), (KEYLESS, usd(5))]
)
async def test_a_users_activity_is_its_own(used: Control, who: Principal, spent: float) -> None:
    page = await used.get("/user/daily/activity", who, **SPAN)
    assert page["metadata"]["total_spend"] == spent
    activity = await used.get("/global/activity", who, **SPAN)
    models = await used.get("/global/activity/model", who, **SPAN)
    assert len(models) == activity["sum_api_requests"] == page["metadata"]["total_api_requests"]


async def test_anothers_activity_is_refused(used: Control) -> None:
    refused = await used.get("/user/daily/activity", MEMBER, 403, **SPAN, user_id="u9")
    assert refused == {"detail": {"error": "Non-admin users can only view their own spend data."}}
    assert (await used.get("/user/daily/activity", **SPAN, user_id="u9"))["metadata"]["total_spend"] == usd(6)


@pytest.mark.parametrize(
    ("who", "query", "spent"),
    [
        (ADMIN, {}, usd(*range(8))), (ADMIN, {"team_ids": "t1,t9"}, usd(0, 4, 6)),
        (ADMIN, {"exclude_team_ids": "t1"}, usd(1, 2, 3, 5, 6, 7)), (MEMBER, {}, usd(0)), (LEAD, {}, usd(0, 4)),
        (LEAD, {"team_ids": "t1"}, usd(0, 4)), (user("lead2"), {}, usd()), (KEYLESS, {}, usd()),
    ],
)  # fmt: skip
async def test_teams_activity(used: Control, who: Principal, query: dict[str, str], spent: float) -> None:
    assert (await used.get("/team/daily/activity", who, **SPAN, **query))["metadata"]["total_spend"] == spent


async def test_a_team_one_is_not_in_is_not_there(used: Control) -> None:
    refused = await used.get("/team/daily/activity", MEMBER, 404, **SPAN, team_ids="t1,t9")
    assert refused["detail"]["error"].startswith("User does not belong to Team= t9.")


@pytest.mark.parametrize(
    ("path", "who", "query", "spent"),
    [
        ("/key/spend/report", KEYLESS, {}, usd(5)), ("/key/spend/report", ADMIN, {"api_key": "k9"}, usd(6)),
        ("/key/spend/report", MEMBER, {"api_key": "k9"}, 0), ("/user/spend/report", MEMBER, {}, usd(0, 1, 2)),
        ("/user/spend/report", MEMBER, {"user_id": "u9"}, 0),
        ("/team/spend/report", LEAD, {"team_id": "t1"}, usd(0, 4)),
        ("/team/spend/report", user("u1", "t1"), {}, usd(0)),
    ],
)  # fmt: skip
async def test_reports_of_ones_own(
    used: Control, path: str, who: Principal, query: dict[str, str], spent: float
) -> None:
    assert sum(one["total_cost"] for one in await used.get(path, who, **SPAN, **query)) == spent


async def test_a_report_of_nobody(used: Control) -> None:
    refused = await used.get("/user/spend/report", KEYLESS, 400, **SPAN)
    assert refused["detail"].startswith("No user_id associated with this API key")


GLOBAL = (
    "/global/spend", "/global/spend/logs", "/global/spend/keys", "/global/spend/teams", "/global/spend/models",
    "/global/spend/provider", "/global/spend/tags", "/global/spend/report", "/global/spend/all_tag_names",
    "/global/all_end_users", "/customer/daily/activity",
)  # fmt: skip


@pytest.mark.parametrize("path", GLOBAL)
async def test_what_is_everybodys_is_read_by_viewers(used: Control, path: str) -> None:
    for who in (MEMBER, LEAD, KEYLESS):
        refused = await used.get(path, who, 401, **SPAN)
        assert refused["error"]["type"] == "auth_error"
    await used.get(path, VIEWER, **SPAN)


@pytest.mark.parametrize("path", ["summary", "by-provider", "by-service", "by-customer"])
async def test_services_read_their_own_api(used: Control, path: str) -> None:
    for who in (Principal("s" * 64, Role.SERVICE), ADMIN):
        await used.get(f"/api/v1/usage/{path}", who)
    for who in (MEMBER, VIEWER):
        assert await used.get(f"/api/v1/usage/{path}", who, 401) == {"detail": "invalid key"}


async def test_keys_users_and_teams_by_spend(used: Control) -> None:
    for name, spend, team in (("a", 1.0, None), ("b", 3.0, "t1"), ("c", 2.0, None)):
        who: dict[str, Any] = {"user_id": "u1" if name != "c" else "u2", "key_alias": name}
        await used.post("/key/generate", who | {"spend": spend, "team_id": team})

    async def aliases(who: Principal) -> list[str]:
        return [one["key_alias"] for one in await used.get("/spend/keys", who)]

    assert await aliases(ADMIN) == await aliases(VIEWER) == ["b", "c", "a"]
    assert (await aliases(MEMBER), await aliases(user("u1", "t1"))) == (["b", "a"], ["b"])
    assert (await aliases(KEYLESS), await aliases(user("u5"))) == ([], [])
    assert "key" not in (await used.get("/spend/keys"))[0]
    assert [one["user_id"] for one in await used.get("/spend/users", MEMBER)] == ["u1"]
    assert {"lead", "lead2", "u1"} <= {one["user_id"] for one in await used.get("/spend/users")}
    assert await used.get("/spend/users", KEYLESS) == []
    await used.get("/spend/users", MEMBER, 403, user_id="lead")
    for who, teams in ((ADMIN, ["t1"]), (LEAD, ["t1"]), (MEMBER, []), (user("", "t1"), ["t1"]), (KEYLESS, [])):
        assert [one["team_id"] for one in await used.get("/spend/teams", who)] == teams


async def test_a_viewer_that_is_an_admin_of_a_team_leads_nobody(used: Control) -> None:
    await used.post("/user/update", {"user_id": "lead", "user_role": "internal_user_viewer"})
    assert sum(one["spend"] for one in await used.get("/spend/logs", LEAD)) == usd(3)
