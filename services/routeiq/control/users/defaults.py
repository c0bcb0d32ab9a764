"""`default_internal_user_params` and `max_internal_user_budget`: what a user has of which the request says nothing.

Source: LiteLLM 1.106.2. It gives the budget only to who is called an `internal_user` in so many words; here who becomes
one by default has it too.
"""

from __future__ import annotations

from routeiq.control.members.join import INTERNAL_USER
from routeiq.control.store.tables import User
from routeiq.control.terms import Terms, filled
from routeiq.control.users.shapes import NewUser, Role, UpdateUser

TEAMS = "teams"


def with_defaults(body: NewUser, terms: Terms) -> NewUser:
    """Teams are everybody's, all else is not a `proxy_admin`'s, and null is nothing."""
    wanted = {
        name: value
        for name, value in terms.users.items()
        if (name == TEAMS or body.user_role is not Role.ADMIN) and getattr(body, name) in (None, [])
    }
    if body.team_id is not None:
        wanted.pop(TEAMS, None)
    body = filled(body, wanted)
    if (body.user_role or INTERNAL_USER) != INTERNAL_USER:
        return body
    return filled(body, {name: value for name, value in terms.internal_users.items() if getattr(body, name) is None})


def as_internal_user(row: User, body: UpdateUser, terms: Terms) -> UpdateUser:
    """Who becomes one is given its budget, unless the same request says another."""
    if body.user_role is not Role.USER or row.role == INTERNAL_USER:
        return body
    given = terms.internal_users.items()
    return filled(body, {name: value for name, value in given if name not in body.model_fields_set})
