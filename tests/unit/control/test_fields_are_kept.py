"""Every field that a request may have has its place in a row: nothing is taken and silently dropped."""

from __future__ import annotations

from pydantic import BaseModel

from routeiq.control.answers import budgets, teams, users
from routeiq.control.budgets.shapes import BudgetFields
from routeiq.control.fields import LimitFields
from routeiq.control.teams.shapes import NewTeam, UpdateTeam
from routeiq.control.users.shapes import NewUser, UpdateUser

LIMITS = set(LimitFields.model_fields)
NOT_KEPT = {
    "user": {"auto_create_key", "send_invite_email", "password", "teams", "team_id", "key_alias", "duration"},
    "team": {"members_with_roles"},
}
"""What is done, not kept; and what is of the key that is made with a user."""
OF_MEMBERS = {"team_member_budget", "team_member_budget_duration", "team_member_rpm_limit", "team_member_tpm_limit"}


def rest(body: type[BaseModel], *known: set[str] | tuple[str, ...]) -> set[str]:
    return set(body.model_fields) - LIMITS - {name for names in known for name in names}


def test_of_users() -> None:
    columns = {"user_id", "user_email", "user_alias", "user_role", "models", "metadata", "spend"}
    for body in (NewUser, UpdateUser):
        assert rest(body, columns, users.BACKED, users.EXTRA, NOT_KEPT["user"]) == set()


def test_of_teams() -> None:
    columns = {"team_id", "team_alias", "organization_id", "models", "model_aliases", "blocked", "metadata", "spend"}
    for body in (NewTeam, UpdateTeam):
        assert rest(body, columns, teams.BACKED, teams.EXTRA, NOT_KEPT["team"], OF_MEMBERS) == set()


def test_of_budgets() -> None:
    columns = {"budget_id", "model_max_budget", "budget_reset_at"}
    assert rest(BudgetFields, columns, budgets.EXTRA) == set()


def test_every_field_is_in_the_answer() -> None:
    for answer, body, dropped in (
        (users.UserRow, UpdateUser, set[str]()),
        (teams.TeamRow, UpdateTeam, OF_MEMBERS),
        (budgets.BudgetRow, BudgetFields, set[str]()),
    ):
        assert set(body.model_fields) - dropped <= set(answer.model_fields)
