"""Let members into a team and out of it, and give them what is theirs: its own admins may, and administrators."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from routeiq.control.amounts import wrong_amounts
from routeiq.control.answers.memberships import membership_row
from routeiq.control.answers.teams import TeamRow, default_budget_id
from routeiq.control.answers.users import UserRow, named_alone, user_row
from routeiq.control.errors import Detailed, Refused
from routeiq.control.fields import Resets
from routeiq.control.keys.remove import delete_rows
from routeiq.control.members.join import join
from routeiq.control.members.own import OWN, give
from routeiq.control.members.shapes import AddMembers, Addressed, DeleteMember, Joining, OwnOfJoining, UpdateMember
from routeiq.control.office import Write
from routeiq.control.store.holdings import forget_budgets, keys_held
from routeiq.control.store.members import addressed, memberships_of, team_ids_of
from routeiq.control.store.tables import Member, Team
from routeiq.control.store.teams import locked_team
from routeiq.control.store.users import existing_ids, users_of
from routeiq.control.teams.authority import Standing, need_manager, standing, there
from routeiq.control.teams.shapes import MembersAdded, MemberUpdated
from routeiq.control.teams.shown import with_members
from routeiq.control.terms import Terms

GONE = "Team id={} does not exist in db"
_REPORTED = 10


async def add(work: Write, body: AddMembers, terms: Terms, *, alone: bool = True) -> MembersAdded:
    """Args: alone: users may join by themselves what is open to all.  Raises: Refused: all of them are in the team."""
    await _check_adder(work, body, terms.joinable if alone else ())
    team = there(await locked_team(work.session, body.team_id), body.team_id, 404, "Team not found for team_id={}")
    _check_amounts(body)
    joined = await join(work, team, body.named, body, terms)
    if not joined.users:
        raise _already(body.member)
    ids = [user.id for user in joined.users]
    work.note("team.member_add", "team", team.id, members=len(ids))
    return await _added(work, team, ids)


async def update(work: Write, body: UpdateMember, resets: Resets) -> MemberUpdated:
    """Raises: Detailed."""
    found = await need_manager(work.session, work.actor, body.team_id)
    team = there(await locked_team(work.session, body.team_id), body.team_id, 400, GONE)
    _check_amounts(body)
    by_email = None if body.user_id is not None else body.user_email
    members = await addressed(work.session, team.id, body.user_id, by_email)
    if not members:
        who = f"user_id={body.user_id}, user_email={body.user_email}"
        raise Detailed(400, {"error": f"User id doesn't exist in team table. {who}"})
    member = members[0]
    _check_not_own(work, found, member, body)
    if body.role is not None:
        member.role = body.role
    await give(work, member, body, default_budget_id(team), resets)
    work.changed.teams.append(team.id)
    work.changed.users.append(member.user_id)
    work.note("team.member_update", "team", team.id, member=member.user_id, fields=sorted(body.model_fields_set))
    echoed = body.model_dump(include={"team_id", "user_email", *OWN})
    return MemberUpdated(**echoed, user_id=member.user_id)


async def delete(work: Write, body: DeleteMember) -> TeamRow:
    """With the keys that they have in the team, as LiteLLM does. Raises: Detailed."""
    await need_manager(work.session, work.actor, body.team_id)
    team = there(await locked_team(work.session, body.team_id), body.team_id, 400, GONE)
    leaving = await addressed(work.session, team.id, body.user_id, body.user_email)
    if not leaving:
        raise Detailed(400, {"error": "User not found in team"})
    users, budgets = [one.user_id for one in leaving], [one.budget_id for one in leaving if one.budget_id]
    await delete_rows(work, await keys_held(work.session, users=users, teams=[team.id], lock=True))
    for member in leaving:
        await work.session.delete(member)
    await work.session.flush()
    await forget_budgets(work.session, [one for one in budgets if one != default_budget_id(team)])
    work.changed.teams.append(team.id)
    work.changed.users.extend(users)
    work.note("team.member_delete", "team", team.id, members=len(users))
    return await with_members(work.session, team)


async def _check_adder(work: Write, body: AddMembers, available: Collection[str]) -> None:
    found = await standing(work.session, work.actor, body.team_id)
    if found is Standing.ADMIN:
        return
    if found < Standing.TEAM_ADMIN and body.team_id in available and found is not Standing.VIEWER:
        _check_joins_alone(work, body)
        return
    await need_manager(work.session, work.actor, body.team_id)
    ids = [one.user_id for one in body.named if one.user_id is not None]
    there_are = await existing_ids(work.session, ids)
    unknown = [one for one in ids if one not in there_are]
    if unknown:
        raise Detailed(403, {"error": _unknown(unknown)})


def _check_joins_alone(work: Write, body: AddMembers) -> None:
    """Who joins a team that is open to all gets nothing but that. Raises: Detailed."""
    who = work.actor.principal
    own = who.user_id if who.team_id in ("", body.team_id) else ""
    if body.given(*OwnOfJoining.model_fields):
        text = "Available-team self-join cannot set per-member budget or model controls; these are admin-only."
    elif any(one.role != "user" for one in body.named):
        text = (
            "Available-team self-join cannot assign 'admin' role. Only proxy/team/org admins can add admins to a team."
        )
    elif not own or any(one.user_id != own or one.user_email is not None for one in body.named):
        text = "Available-team self-join can only add the caller (user_id must match the authenticated user's user_id)."
    else:
        return
    raise Detailed(403, {"error": text})


def _check_not_own(work: Write, found: Standing, member: Member, body: UpdateMember) -> None:
    """Who leads a team gives itself nothing. Raises: Detailed."""
    given = body.given(*OWN)
    if found is not Standing.ADMIN and member.user_id == work.actor.principal.user_id and given:
        raise Detailed(403, {"error": f"Team admins cannot modify '{next(iter(given))}' of their own membership."})


def _check_amounts(body: OwnOfJoining) -> None:
    for wrong in wrong_amounts(body, "max_budget_in_team"):
        raise Detailed(400, {"error": wrong})


async def _added(work: Write, team: Team, ids: Sequence[str]) -> MembersAdded:
    row = await with_members(work.session, team)
    members = await memberships_of(work.session, [team.id])
    return MembersAdded(
        **dict(row),
        updated_users=await _users_shown(work, team, ids),
        updated_team_memberships=[membership_row(one) for one in members if one.member.user_id in ids],
    )


async def _users_shown(work: Write, team: Team, ids: Sequence[str]) -> list[UserRow]:
    """Who leads a team may let in anybody, and does not get to see what they have elsewhere."""
    users = await users_of(work.session, ids)
    if not work.actor.is_admin:
        return [user_row(named_alone(user), [team.id]) for user in users]
    teams = await team_ids_of(work.session, ids)
    return [user_row(user, teams.get(user.id, [])) for user in users]


def _already(named: Sequence[Joining] | Addressed) -> Refused:
    """LiteLLM's clients look for the type. Who else is in the team is not said."""
    if isinstance(named, Addressed):
        text = f"User already in team. Member: user_id={named.user_id}, user_email={named.user_email}."
    else:
        text = "All users are already in team."
    return Refused(400, text, "team_member_already_in_team", param="member")


def _unknown(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _REPORTED} more" if len(ids) > _REPORTED else ""
    return (
        f"Only proxy admins can add a user_id that does not exist yet: {', '.join(ids[:_REPORTED])}{more}. Add the "
        "member by user_email to invite a new user, or ask a proxy admin to create the user first."
    )
