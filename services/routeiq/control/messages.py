"""Rows as gateways read them: `ResolveResponse`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.control.keys.effective import effective
from routeiq.control.keys.fields import PERMISSIONS
from routeiq.control.keys.model_budgets import model_budgets
from routeiq.control.store.governing import Governing
from routeiq.control.store.tables import Budget, Member, Override, Team, User


def answer(found: Governing | None, override: Override | None, now: datetime) -> pb.ResolveResponse:
    said = pb.ResolveResponse(override=None if override is None else _override(override))
    if found is None:
        return said
    said.key.CopyFrom(_key(found, now))
    if found.user is not None:
        said.user.CopyFrom(_user(found.user))
    if found.team is not None:
        said.team.CopyFrom(_team(found.team))
    if found.member is not None:
        said.member.CopyFrom(_member(found.member, found.member_budget))
    return said


def _key(found: Governing, now: datetime) -> pb.Key:
    row, held = found.key, effective(found.key, found.budget, now)
    data = row.data or {}
    limits = _limits(held.rpm, held.tpm, held.parallel, data)
    return pb.Key(
        hash=row.hash,
        name=row.name,
        alias=row.alias or "",
        user_id=row.user_id or "",
        team_id=row.team_id or "",
        blocked=row.blocked,
        expires_at=_earlier(row.expires_at, found.works_until),
        models=row.models,
        aliases=row.aliases,
        allowed_routes=row.allowed_routes,
        permissions=_texts(data.get(PERMISSIONS)),
        limits=limits,
        budget=_budget(row.budget_id, held.max_nano_usd, held.soft_nano_usd, held.duration, held.reset_at),
        spend_nano_usd=row.spend_nano_usd,
        budgets_by_model={
            model: pb.Budget(max_nano_usd=one.max_nano_usd, duration=one.duration or "")
            for model, one in model_budgets(held.by_model).items()
        },
        tags=_texts(data.get("tags")),
    )


def _user(row: User) -> pb.User:
    return pb.User(
        id=row.id, role=row.role, models=row.models, limits=_own_limits(row), budget=_own_budget(row),
        spend_nano_usd=row.spend_nano_usd,
    )  # fmt: skip


def _team(row: Team) -> pb.Team:
    return pb.Team(
        id=row.id,
        alias=row.alias or "",
        blocked=row.blocked,
        models=row.models,
        aliases=_names(row.model_aliases),
        limits=_own_limits(row),
        budget=_own_budget(row),
        spend_nano_usd=row.spend_nano_usd,
    )


def _member(row: Member, budget: Budget | None) -> pb.Member:
    held = budget or Budget()
    own = (held.max_budget_nano_usd, held.soft_budget_nano_usd, held.budget_duration, held.budget_reset_at)
    return pb.Member(
        role=row.role,
        models=row.models,
        limits=_limits(held.rpm_limit, held.tpm_limit, held.max_parallel_requests, {}),
        budget=_budget(row.budget_id, *own),
        spend_nano_usd=row.spend_nano_usd,
    )


def _override(row: Override) -> pb.Override:
    return pb.Override(
        id=row.id, user_id=row.user_id, service=row.service_name or "", provider=row.provider_name,
        model=row.model_name,
    )  # fmt: skip


def _own_limits(row: User | Team) -> pb.Limits | None:
    data: Mapping[str, Any] = {**(row.extra or {}), **(row.data or {})}
    return _limits(row.rpm_limit, row.tpm_limit, row.max_parallel_requests, data)


def _own_budget(row: User | Team) -> pb.Budget | None:
    own = (row.max_budget_nano_usd, row.soft_budget_nano_usd, row.budget_duration, row.budget_reset_at)
    return _budget(None, *own)


def _limits(rpm: int | None, tpm: int | None, parallel: int | None, data: Mapping[str, Any]) -> pb.Limits | None:
    """None: there is none."""
    said = pb.Limits(
        rpm=rpm,
        tpm=tpm,
        max_parallel=parallel,
        rpm_by_model=_numbers(data.get("model_rpm_limit")),
        tpm_by_model=_numbers(data.get("model_tpm_limit")),
    )
    return said if said.ByteSize() else None


def _budget(
    id_: str | None, most: int | None, soft: int | None, duration: str | None, reset_at: datetime | None
) -> pb.Budget | None:
    """None: nothing is limited."""
    if most is None and soft is None:
        return None
    return pb.Budget(
        id=id_ or "", max_nano_usd=most, soft_nano_usd=soft, duration=duration or "", reset_at=_seconds(reset_at)
    )


def _numbers(value: object) -> dict[str, int]:
    """What clients wrote into `metadata` may be anything."""
    known = value.items() if isinstance(value, dict) else ()
    return {name: limit for name, limit in known if type(limit) is int and limit >= 0}


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _names(value: object) -> dict[str, str]:
    known = value.items() if isinstance(value, dict) else ()
    return {name: model for name, model in known if isinstance(model, str)}


def _earlier(some: datetime | None, other: datetime | None) -> int:
    known = [moment for moment in (some, other) if moment is not None]
    return _seconds(min(known)) if known else 0


def _seconds(moment: datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp())
