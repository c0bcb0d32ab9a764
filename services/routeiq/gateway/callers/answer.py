"""What control's answer comes to: a caller, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from math import inf
from typing import TYPE_CHECKING, NamedTuple

from routeiq.clients.control_accounts import member_id
from routeiq.config.model_access import model_access
from routeiq.gateway.callers.caller import NO_BUDGET, NO_LIMITS, Budget, Caller, Holder, Limits
from routeiq.gateway.callers.rates import rates_of
from routeiq.gateway.callers.refusals import BlockedKey, BlockedTeam, UnknownKey
from routeiq.gateway.callers.routes import RouteAccess
from routeiq.kit.errors import AuthenticationError
from routeiq.kit.principal import Principal, Role

if TYPE_CHECKING:
    from routeiq.api.control.v1 import control_pb2 as pb

_ROLES: Mapping[str, Role] = {"proxy_admin": Role.ADMIN, "proxy_admin_viewer": Role.VIEWER}
"""LiteLLM's roles of users that are more than a user's."""


class Refused(NamedTuple):
    """`error` makes a new one for each request: an exception collects where it was raised."""

    error: Callable[[], AuthenticationError]


UNKNOWN = Refused(UnknownKey)


def caller_of(answer: pb.ResolveResponse) -> Caller | Refused:
    """A key's own user and team may be absent: then they say nothing."""
    if not answer.HasField("key"):
        return UNKNOWN
    key, team = answer.key, answer.team
    if key.blocked:
        return Refused(BlockedKey)
    if team.blocked:
        team_id = team.id
        return Refused(lambda: BlockedTeam(team_id))
    holders = tuple(_holders(answer))
    return Caller(
        _principal(answer),
        model_access(
            key=key.models,
            team=team.models,
            user=answer.user.models,
            member=answer.member.models,
            aliases=key.aliases,
            team_aliases=team.aliases,
            in_team=bool(key.team_id),
        ),
        RouteAccess(key.allowed_routes) if key.allowed_routes else None,
        key.expires_at or inf,
        holders,
        tuple(key.tags),
        key.name,
        min(_resets(holders), default=inf),
        rates_of(holders),
        key.account_id,
    )


def labels_of(key_id: str, answer: pb.ResolveResponse) -> frozenset[str]:
    """What the answer depends on. A key that was exchanged works on for a while as its successor, and ends with it."""
    budgets = (answer.key.budget, answer.user.budget, answer.team.budget, answer.member.budget)
    own = {key_id, answer.key.hash} - {""}
    named = {*(f"k:{one}" for one in own), *(f"b:{budget.id}" for budget in budgets if budget.id)}
    if answer.key.user_id:
        named.add(f"u:{answer.key.user_id}")
    if answer.key.team_id:
        named.add(f"t:{answer.key.team_id}")
    return frozenset(named)


def labels_changed(changed: pb.Changed) -> Collection[str]:
    """The same for a change."""
    return {
        *(f"k:{key}" for key in changed.keys),
        *(f"u:{user}" for user in changed.users),
        *(f"t:{team}" for team in changed.teams),
        *(f"b:{budget}" for budget in changed.budgets),
    }


def _principal(answer: pb.ResolveResponse) -> Principal:
    """A key of a team acts for the team alone, also if its user is or becomes an administrator: who leads the team may
    hold it."""
    key = answer.key
    own = answer.HasField("user") and not key.team_id
    role = _ROLES.get(answer.user.role, Role.USER) if own else Role.USER
    return Principal(key.hash, role, key.user_id, key.team_id, key.alias, tuple(key.permissions))


def _holders(answer: pb.ResolveResponse) -> Iterable[Holder]:
    key = answer.key
    by_model = {model: _budget(budget) for model, budget in key.budgets_by_model.items()}
    found = (
        Holder("key", key.hash, _limits(key.limits), _budget(key.budget), key.spend_nano_usd, by_model, key.account_id),
        _holder("user", answer.user.id, answer.user),
        _holder("team", answer.team.id, answer.team),
        _holder("member", member_id(key.team_id, key.user_id), answer.member),
    )
    return (one for one in found if one.budgets_by_model or (one.limits, one.budget) != (NO_LIMITS, NO_BUDGET))


def _resets(holders: Iterable[Holder]) -> Iterable[int]:
    for holder in holders:
        for budget in (holder.budget, *holder.budgets_by_model.values()):
            if budget.reset_at:
                yield budget.reset_at


def _holder(kind: str, id_: str, of: pb.User | pb.Team | pb.Member) -> Holder:
    return Holder(kind, id_, _limits(of.limits), _budget(of.budget), of.spend_nano_usd)


def _limits(limits: pb.Limits) -> Limits:
    return Limits(
        limits.rpm if limits.HasField("rpm") else None,
        limits.tpm if limits.HasField("tpm") else None,
        limits.max_parallel if limits.HasField("max_parallel") else None,
        dict(limits.rpm_by_model),
        dict(limits.tpm_by_model),
    )


def _budget(budget: pb.Budget) -> Budget:
    return Budget(
        budget.id,
        budget.max_nano_usd if budget.HasField("max_nano_usd") else None,
        budget.soft_nano_usd if budget.HasField("soft_nano_usd") else None,
        budget.duration,
        budget.reset_at,
        budget.period,
        budget.spent_nano_usd,
    )
