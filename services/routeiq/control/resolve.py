"""What a gateway is told of a key: it, its user, team and member row, each with what limits it. Rows to messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.control.keys.effective import Effective, effective
from routeiq.control.store.resolved import Governed, Standing
from routeiq.control.store.tables import Budget, Key, Member, Override, Team, User
from routeiq.kit.errors import RouteIQError
from routeiq.kit.money import from_usd


def key_response(found: Standing, now: datetime) -> pb.ResolveResponse:
    governed = found.governed
    key = _key(governed, now)
    if found.works_until is not None:
        until = int(found.works_until.timestamp())
        key.expires_at = min(key.expires_at or until, until)
    return pb.ResolveResponse(
        key=key,
        user=_user(governed.user) if governed.user is not None else None,
        team=_team(governed.team) if governed.team is not None else None,
        member=_member(governed.member, governed.member_budget) if governed.member is not None else None,
    )


def override_message(row: Override) -> pb.Override:
    return pb.Override(
        id=row.id,
        user_id=row.user_id,
        service=row.service_name or "",
        provider=row.provider_name,
        model=row.model_name,
    )


def _key(governed: Governed, now: datetime) -> pb.Key:
    row, metadata = governed.key, governed.key.data or {}
    holds = effective(row, governed.budget, now)
    limits = _limits(holds.rpm, holds.tpm, holds.parallel)
    limits.rpm_by_model.update(_numbers(metadata.get("model_rpm_limit")))
    limits.tpm_by_model.update(_numbers(metadata.get("model_tpm_limit")))
    return pb.Key(
        hash=row.hash,
        name=row.name,
        alias=row.alias or "",
        user_id=row.user_id or "",
        team_id=row.team_id or "",
        blocked=bool(row.blocked),
        expires_at=_seconds(row.expires_at),
        models=row.models or (),
        aliases=_texts(row.aliases),
        allowed_routes=row.allowed_routes or (),
        permissions=_names(metadata.get("permissions")),
        limits=limits,
        budget=_key_budget(row, governed.budget, holds),
        spend_nano_usd=row.spend_nano_usd or 0,
        budgets_by_model=_by_model(holds.by_model),
        tags=_names(metadata.get("tags")),
    )


def _key_budget(key: Key, shared: Budget | None, holds: Effective) -> pb.Budget:
    return _budget(
        shared.id if shared is not None else "",
        holds.max_nano_usd,
        holds.soft_nano_usd,
        holds.duration,
        holds.reset_at,
    )


def _user(row: User) -> pb.User:
    return pb.User(
        id=row.id,
        role=row.role,
        models=row.models or (),
        limits=_limits(row.rpm_limit, row.tpm_limit, row.max_parallel_requests),
        budget=_own_budget(row),
        spend_nano_usd=row.spend_nano_usd or 0,
    )


def _team(row: Team) -> pb.Team:
    return pb.Team(
        id=row.id,
        alias=row.alias or "",
        blocked=bool(row.blocked),
        models=row.models or (),
        aliases=_texts(row.model_aliases),
        limits=_limits(row.rpm_limit, row.tpm_limit, row.max_parallel_requests),
        budget=_own_budget(row),
        spend_nano_usd=row.spend_nano_usd or 0,
    )


def _member(row: Member, budget: Budget | None) -> pb.Member:
    member = pb.Member(role=row.role, models=row.models or (), spend_nano_usd=row.spend_nano_usd or 0)
    if budget is not None:
        member.limits.CopyFrom(_limits(budget.rpm_limit, budget.tpm_limit, budget.max_parallel_requests))
        member.budget.CopyFrom(
            _budget(
                budget.id,
                budget.max_budget_nano_usd,
                budget.soft_budget_nano_usd,
                budget.budget_duration,
                budget.budget_reset_at,
            )
        )
    return member


def _limits(rpm: int | None, tpm: int | None, parallel: int | None) -> pb.Limits:
    return pb.Limits(rpm=rpm, tpm=tpm, max_parallel=parallel)


def _own_budget(row: User | Team) -> pb.Budget:
    return _budget("", row.max_budget_nano_usd, row.soft_budget_nano_usd, row.budget_duration, row.budget_reset_at)


def _budget(
    shared_id: str, most: int | None, soft: int | None, duration: str | None, reset_at: datetime | None
) -> pb.Budget:
    return pb.Budget(
        id=shared_id,
        max_nano_usd=most,
        soft_nano_usd=soft,
        duration=duration or "",
        reset_at=_seconds(reset_at),
    )


def _by_model(given: Mapping[str, Any]) -> dict[str, pb.Budget]:
    """LiteLLM has two names for each field; what is no amount was refused when it was written."""
    return {model: budget for model, fields in given.items() if (budget := _of_model(fields)) is not None}


def _of_model(fields: object) -> pb.Budget | None:
    if not isinstance(fields, dict):
        return None
    most = fields.get("max_budget", fields.get("budget_limit"))
    duration = fields.get("budget_duration") or fields.get("time_period") or ""
    try:
        return pb.Budget(max_nano_usd=None if most is None else from_usd(most), duration=str(duration))
    except (RouteIQError, TypeError, ValueError):
        return None


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment is not None else 0


def _numbers(given: object) -> dict[str, int]:
    """Those of a client's map that are limits."""
    items = given.items() if isinstance(given, dict) else ()
    return {str(name): value for name, value in items if type(value) is int and value >= 0}


def _texts(given: object) -> dict[str, str]:
    items = given.items() if isinstance(given, dict) else ()
    return {str(name): value for name, value in items if isinstance(value, str)}


def _names(given: object) -> Iterable[str]:
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
