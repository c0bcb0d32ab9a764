"""Make, change and delete users. Only administrators do; a user may change what it is called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from routeiq.control.answers.users import shown_user, user_row
from routeiq.control.errors import Detailed
from routeiq.control.keys.answers import KeyMade
from routeiq.control.keys.generate import generate
from routeiq.control.keys.remove import delete_rows
from routeiq.control.keys.shapes import GenerateKey
from routeiq.control.members.join import INTERNAL_USER, join, known_by_name, new_user
from routeiq.control.members.shapes import Joining, OwnOfJoining
from routeiq.control.office import Write
from routeiq.control.store.holdings import forget_budgets, keys_held
from routeiq.control.store.members import budgets_of_members, delete_members_of, team_ids_of
from routeiq.control.store.rows import add_if_free
from routeiq.control.store.tables import Team, User
from routeiq.control.store.teams import locked_teams
from routeiq.control.store.users import locked_user, locked_user_with, locked_users, user_of
from routeiq.control.terms import Terms
from routeiq.control.users.defaults import as_internal_user, with_defaults
from routeiq.control.users.rows import check_amounts, check_own, fill, refused
from routeiq.control.users.shapes import NewUser, UpdateUser, UserMade, UserUpdated

KEYS = (
    "key_alias", "duration", "models", "aliases", "config", "permissions", "metadata", "tpm_limit", "rpm_limit",
    "max_parallel_requests", "allowed_cache_controls", "model_max_budget", "model_rpm_limit", "model_tpm_limit",
    "mcp_rpm_limit", "tag_rpm_limit", "guardrails", "policies", "prompts", "object_permission", "agent_id",
)  # fmt: skip
"""What a key that is made with a user is given of what was sent; budgets are the user's alone, as with LiteLLM."""


async def make(work: Write, body: NewUser, terms: Terms) -> UserMade:
    """With a key, unless that is not wanted. Raises: NotAllowed; Refused: 409 for an id or address that is taken."""
    work.actor.need_admin()
    sent = body.model_fields_set
    body = with_defaults(body, terms)
    check_amounts(body, body.wanted_teams)
    teams = await _locked(work, body)
    row = await _made(work, body, terms)
    for wanted in body.wanted_teams:
        own = OwnOfJoining.model_validate(wanted.model_dump(include={"max_budget_in_team"}, exclude_none=True))
        await join(work, teams[wanted.team_id], [Joining(user_id=row.id, role=wanted.user_role)], own, terms)
    key = await generate(work, _key(body, row), terms, with_user=True) if body.auto_create_key else None
    if row.id not in work.changed.users:
        work.changed.users.append(row.id)
    work.note("user.new", "user", row.id, fields=sorted(sent))
    inside = (await team_ids_of(work.session, [row.id])).get(row.id, [])
    return UserMade(**shown_user(row, inside) | _of_key(body, key))


async def change(work: Write, body: UpdateUser, terms: Terms) -> UserUpdated:
    """Raises: Refused."""
    row = await _meant(work, body)
    row = _checked(work, row, body)
    check_amounts(body)
    if row is None:
        row = known_by_name(work, str(uuid4()) if body.user_id is None else body.user_id, body.user_email, terms)
    elif body.user_id is not None and "user_email" in body.model_fields_set:
        row.email = body.user_email
    body = as_internal_user(row, body, terms)
    fill(row, body, work.now, terms.resets)
    row.updated_by, row.updated_at = work.actor.id, work.now
    if not await add_if_free(work.session, row):
        raise refused(409, {"error": f"User with email {body.user_email} already exists"}, "auth_error")
    work.changed.users.append(row.id)
    work.note("user.update", "user", row.id, fields=sorted(body.model_fields_set))
    inside = (await team_ids_of(work.session, [row.id])).get(row.id, [])
    return UserUpdated(user_id=row.id, data=user_row(row, inside))


async def delete(work: Write, ids: Sequence[str]) -> int:
    """All of them, or none; with their keys, as LiteLLM does. How many. Raises: NotAllowed, Detailed."""
    work.actor.need_admin()
    wanted = list(dict.fromkeys(ids))
    rows = {row.id: row for row in await locked_users(work.session, wanted)}
    for user_id in wanted:
        if user_id not in rows:
            raise Detailed(404, {"error": f"User not found, passed user_id={user_id}"})
    await delete_rows(work, await keys_held(work.session, users=wanted, lock=True))
    budgets = await budgets_of_members(work.session, wanted)
    await delete_members_of(work.session, wanted)
    await forget_budgets(work.session, budgets)
    for row in rows.values():
        await work.session.delete(row)
        work.changed.users.append(row.id)
        work.note("user.delete", "user", row.id)
    await work.session.flush()
    return len(rows)


async def _locked(work: Write, body: NewUser) -> dict[str, Team]:
    """Before the user, as everybody does. Raises: Refused: there is none of that id."""
    wanted = [one.team_id for one in body.wanted_teams]
    found = {team.id: team for team in await locked_teams(work.session, wanted)} if wanted else {}
    for team_id in wanted:
        if team_id not in found:
            raise refused(404, {"error": f"Team not found for team_id={team_id}"})
    return found


async def _made(work: Write, body: NewUser, terms: Terms) -> User:
    row = new_user(work, body.user_id or str(uuid4()), body.user_email)
    row.role = INTERNAL_USER
    fill(row, body, work.now, terms.resets)
    if await add_if_free(work.session, row):
        return row
    taken = f"id {row.id}" if await user_of(work.session, row.id) is not None else f"email {row.email}"
    raise refused(409, {"error": f"User with {taken} already exists"})


async def _meant(work: Write, body: UpdateUser) -> User | None:
    if body.user_id is not None:
        return await locked_user(work.session, body.user_id)
    return await locked_user_with(work.session, body.user_email or "")


def _checked(work: Write, row: User | None, body: UpdateUser) -> User | None:
    """To who is no administrator, another user and one that is not there are the same; a key of a team acts for that
    team alone. Raises: Refused."""
    if work.actor.is_admin:
        return row
    if work.actor.reads_all:
        work.actor.need_admin()
    who = work.actor.principal
    if row is None or row.id != who.user_id or who.team_id or row.role.endswith("_viewer"):
        text = "User does not have permission to update this user. Only PROXY_ADMIN can update other users."
        raise refused(403, {"error": text}, "auth_error")
    check_own(row, body)
    return row


def _key(body: NewUser, row: User) -> GenerateKey:
    """Raises: RequestValidationError."""
    sent = body.model_dump(mode="json", include=set(KEYS), exclude_unset=True, exclude_none=True)
    team = {"team_id": body.team_id} if body.team_id is not None else {}
    try:
        return GenerateKey.model_validate({**sent, **team, "user_id": row.id})
    except ValidationError as error:  # keys know more fields that stand in `metadata`
        raise RequestValidationError(error.errors()) from None


def _of_key(body: NewUser, key: KeyMade | None) -> dict[str, Any]:
    return {
        "key": key.key if key is not None else "",
        "key_name": key.key_name if key is not None else None,
        "key_alias": body.key_alias,
        "key_type": key.key_type if key is not None else None,
        "expires": key.expires if key is not None else None,
        "duration": body.duration,
        "team_id": body.team_id,
        "token": None,
        "token_id": None,
        "allowed_routes": key.allowed_routes if key is not None else [],
        "litellm_budget_table": None,
    }
