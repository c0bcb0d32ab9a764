"""`/team/*` without its members."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.support.fleet import KEY
from tests.support.replicas import Manager, soon

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

TERRAFORM = {
    "team_alias": "Platform", "models": ["first"], "max_budget": 100.0, "budget_duration": "30d", "tpm_limit": 100_000,
    "rpm_limit": 1000, "blocked": False, "metadata": {"env": "prod"}, "model_aliases": {"best": "first"},
    "tags": ["prod"], "guardrails": ["pii"],
}  # fmt: skip


def test_a_terraform_team_is_made_changed_imported_and_destroyed(one: Manager, two: Manager) -> None:
    one.post("/team/new", {**TERRAFORM, "team_id": "tf-team"})
    one.post("/team/new", {"team_id": "tf-team"}, 400)
    read = two.get("/team/info", team_id="tf-team")
    assert (read["team_id"], read["keys"], read["team_memberships"]) == ("tf-team", [], [])
    info = {**read["team_info"], "metadata": {"env": read["team_info"]["metadata"]["env"]}}
    assert {name: info[name] for name in TERRAFORM} == TERRAFORM
    sent = {"team_id": "tf-team", "team_alias": "Core", "max_budget": None, "budget_duration": None}
    assert two.post("/team/update", sent)["data"]["team_alias"] == "Core"
    permissions = {"team_id": "tf-team", "team_member_permissions": ["/key/generate", "/key/delete"]}
    two.post("/team/permissions_update", permissions)
    info = one.get("/team/info", team_id="tf-team")["team_info"]
    assert (info["max_budget"], info["budget_reset_at"], info["rpm_limit"]) == (None, None, 1000)
    listed = one.get("/team/permissions_list", team_id="tf-team")
    assert set(listed["team_member_permissions"]) >= {"/key/generate", "/key/delete"}
    assert one.post("/team/delete", {"team_ids": ["tf-team"]}) == {"deleted_teams": ["tf-team"]}
    gone = two.get("/team/info", 404, team_id="tf-team")["error"]
    assert gone["type"] == "auth_error"
    assert "Team not found, passed team id: tf-team." in gone["message"]
    two.post("/team/delete", {"team_ids": ["tf-team"]}, 404)


def test_what_is_said_of_a_team_holds_for_its_keys(one: Manager, two: Manager) -> None:
    team = one.post("/team/new", {"models": ["first"], "model_aliases": {"ours": "first"}})["team_id"]
    key = one.post("/key/generate", {"team_id": team})["key"]
    assert [where.chat(key, model) for where in (one, two) for model in ("first", "ours", "second")] == [
        200, 200, 403, 200, 200, 403,
    ]  # fmt: skip
    two.ask("PATCH", f"/team/{team}", json={"models": ["first", "second"]})
    assert two.chat(key, "second") == 200
    soon(lambda: one.chat(key, "second"), 200)
    one.post("/team/model/delete", {"team_id": team, "models": ["second"]})
    soon(lambda: two.chat(key, "second"), 403)
    assert one.post("/team/block", {"team_id": team})["blocked"] is True
    assert one.chat(key) == 401
    soon(lambda: two.chat(key), 401)
    two.post("/team/unblock", {"team_id": team})
    soon(lambda: one.chat(key), 200)
    assert two.chat(key) == 200
    two.post("/team/delete", {"team_ids": [team]})
    soon(lambda: one.chat(key), 401)
    assert one.get("/key/list", team_id=team)["total_count"] == 0


def test_litellms_client_lists_teams(litellm: ModuleType, one: Manager, two: Manager) -> None:
    for number in range(3):
        one.post("/team/new", {"team_id": f"listed-{number}", "team_alias": f"Listed {number}"})
    teams = litellm.Client(two.url, KEY).teams
    ids = {team["team_id"] for team in teams.list()}
    assert {"listed-0", "listed-1", "listed-2"} <= ids
    page = teams.list_v2(team_alias="Listed", page=2, page_size=2, sort_by="team_alias", sort_order="desc")
    assert [team["team_id"] for team in page["teams"]] == ["listed-0"]
    assert (page["total"], page["page"], page["page_size"], page["total_pages"]) == (3, 2, 2, 2)
    assert teams.list(user_id="nobody-at-all") == []
    assert teams.get_available() == []
    one.post("/team/delete", {"team_ids": ["listed-0", "listed-1", "listed-2"]})
    assert not {"listed-0", "listed-1", "listed-2"} & {team["team_id"] for team in teams.list()}
