"""Let users into a team. The caller has locked the team (`store.teams.locked_team`), so nobody joins twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

from pydantic import BaseModel

from routeiq.control.answers.teams import default_budget_id
from routeiq.control.errors import Detailed
from routeiq.control.fields import LimitFields, set_limits
from routeiq.control.members.own import OWN, give
from routeiq.control.members.shapes import Joining, OwnOfJoining
from routeiq.control.office import Write
from routeiq.control.store.members import addressed
from routeiq.control.store.periods import first_number
from routeiq.control.store.rows import add_if_free
from routeiq.control.store.tables import Member, Team, User
from routeiq.control.store.users import lock_named_users, locked_user, locked_user_with
from routeiq.control.terms import Terms

INTERNAL_USER = "internal_user"
Role = Literal["admin", "user"]


@dataclass(frozen=True, slots=True)
class Joined:
    """Who is in now that was not."""

    users: Sequence[User]
    already: int
    """How many of those named were in before."""


async def join(work: Write, team: Team, named: Sequence[Joining], own: BaseModel, terms: Terms) -> Joined:
    """Args: own: what each of them is given of `members.own.OWN`; null is nothing.  Raises: Detailed."""
    given = OwnOfJoining.model_validate(own.model_dump(include=set(OWN), exclude_none=True))
    users: list[User] = []
    ids, emails = [one.user_id for one in named], [one.user_email for one in named]
    await lock_named_users(work.session, [*filter(None, ids)], [*filter(None, emails)])
    for one in sorted(named, key=lambda one: (one.user_id or "", one.user_email or "")):  # as others make them, too
        if await addressed(work.session, team.id, one.user_id, one.user_email):
            continue
        user = await _user(work, one, terms)
        member = Member(
            team_id=team.id, user_id=user.id, role=one.role, budget_id=default_budget_id(team),
            models=_models(team), joined_at=work.now, spend_nano_usd=0,
            budget_period=first_number(work.now),
        )  # fmt: skip
        await give(work, member, given, default_budget_id(team), terms.resets)
        work.session.add(member)
        await work.session.flush()
        users.append(user)
    work.changed.teams.append(team.id)
    work.changed.users.extend(user.id for user in users)
    return Joined(users, len(named) - len(users))


def _models(team: Team) -> list[str]:
    """Of a member to whom none are given."""
    return list((team.extra or {}).get("default_team_member_models") or [])


async def _user(work: Write, one: Joining, terms: Terms) -> User:
    """The user so named; nobody changes or deletes it before this transaction ends. Who is unknown is made.

    Raises: Detailed: the id and the address belong to two."""
    by_email = await locked_user_with(work.session, one.user_email) if one.user_email is not None else None
    if by_email is not None:
        if one.user_id not in (None, by_email.id):
            raise _refused(f"user_email '{one.user_email}' and user_id '{one.user_id}' do not belong to the same user.")
        return by_email
    by_id = await locked_user(work.session, one.user_id) if one.user_id is not None else None
    return by_id if by_id is not None else await _made(work, one, terms)


async def _made(work: Write, one: Joining, terms: Terms) -> User:
    """By who came first, if two make it at once."""
    user = known_by_name(work, one.user_id or str(uuid4()), one.user_email, terms)
    if await add_if_free(work.session, user):
        work.note("user.new", "user", user.id, fields=sorted(one.model_fields_set), because="team.member_add")
        return user
    found = await locked_user_with(work.session, one.user_email) if one.user_email is not None else None
    found = found or (await locked_user(work.session, one.user_id) if one.user_id is not None else None)
    if found is None or one.user_id not in (None, found.id):
        raise _refused("The user changed while it was added. Try again.")
    return found


def known_by_name(work: Write, user_id: str, email: str | None, terms: Terms) -> User:
    """As LiteLLM makes who is named where no user is made; not yet the session's."""
    user = new_user(work, user_id, email)
    user.models = list(terms.users.get("models", ()))
    given = {**terms.internal_users, **terms.users}
    limits = {name: given[name] for name in ("max_budget", "budget_duration") if name in given}
    set_limits(user, LimitFields(**limits), work.now, terms.resets)
    return user


def new_user(work: Write, user_id: str, email: str | None) -> User:
    """With nothing; not yet the session's."""
    by, now = work.actor.id, work.now
    return User(
        id=user_id, email=email, role=INTERNAL_USER, models=[], data={}, extra={}, spend_nano_usd=0,
        budget_period=first_number(now),         created_by=by, created_at=now, updated_by=by, updated_at=now,
    )  # fmt: skip


def _refused(text: str) -> Detailed:
    return Detailed(400, {"error": text})
