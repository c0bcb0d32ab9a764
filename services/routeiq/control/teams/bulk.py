"""Let many users into a team at once, and say of each how it went."""

from __future__ import annotations

from collections.abc import Sequence

from routeiq.control.answers.users import UserRow
from routeiq.control.errors import Detailed, Refused
from routeiq.control.members.shapes import AddMembers, BulkAdd, Joining
from routeiq.control.office import Write
from routeiq.control.store.users import newest_users
from routeiq.control.teams.shapes import AddedOne, BulkAdded, MembersAdded

MOST = 500


async def named_in(work: Write, body: BulkAdd) -> AddMembers:
    """Raises: NotAllowed: everybody is an administrator's to name.  Detailed: nobody, or too many."""
    named = list(body.members or ())
    if body.all_users:
        work.actor.need_admin()
        named = [Joining(user_id=user.id, role="user") for user in await newest_users(work.session, MOST + 1)]
    if not named:
        raise Detailed(400, {"error": "At least one member is required"})
    if len(named) > MOST:
        raise Detailed(400, {"error": f"Maximum {MOST} members can be added at once"})
    return AddMembers(team_id=body.team_id, member=named, max_budget_in_team=body.max_budget_in_team)


def went_well(named: Sequence[Joining], done: MembersAdded) -> BulkAdded:
    results = [_result(one, done) for one in named]
    return BulkAdded(
        team_id=done.team_id, results=results, total_requested=len(results), successful_additions=len(results),
        failed_additions=0, updated_team=done,
    )  # fmt: skip


def went_wrong(team_id: str, named: Sequence[Joining], why: Refused) -> BulkAdded:
    """Nobody was let in."""
    results = [
        AddedOne(
            user_id=one.user_id, user_email=one.user_email, success=False, error=why.message, updated_user=None,
            updated_team_membership=None,
        )
        for one in named
    ]  # fmt: skip
    return BulkAdded(
        team_id=team_id, results=results, total_requested=len(results), successful_additions=0,
        failed_additions=len(results), updated_team=None,
    )  # fmt: skip


def _result(one: Joining, done: MembersAdded) -> AddedOne:
    """Who was in before is let in again without an error, as with LiteLLM; nothing is updated then."""
    user = next((user for user in done.updated_users if _is(user, one)), None)
    own = next((m for m in done.updated_team_memberships if user is not None and m.user_id == user.user_id), None)
    return AddedOne(
        user_id=one.user_id, user_email=one.user_email, success=True, error=None, updated_user=user,
        updated_team_membership=own,
    )  # fmt: skip


def _is(user: UserRow, one: Joining) -> bool:
    same_address = one.user_email is not None and one.user_email.lower() == (user.user_email or "").lower()
    return user.user_id == one.user_id or same_address
