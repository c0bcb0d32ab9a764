"""Rows as gateways read them: `ResolveResponse`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from routeiq.api.control.v1 import control_pb2 as pb
from routeiq.control.keys.effective import effective
from routeiq.control.keys.fields import PERMISSIONS
from routeiq.control.keys.model_budgets import ModelBudget, model_budgets
from routeiq.control.spending.limits import Money, allowed, money_of, schedule
from routeiq.control.store.governing import Governing
from routeiq.control.store.periods import Holder, Period, Schedule, Turns, model_period, period_of, schedule_of
from routeiq.control.store.standings import Standing
from routeiq.control.store.tables import Budget, Key, Member, ModelSpend, Override, Team, User


class Moment(NamedTuple):
    """By which periods are told."""

    now: datetime
    calendar: Turns


def answer(found: Governing | None, override: Override | None, at: Moment) -> pb.ResolveResponse:
    said = pb.ResolveResponse(override=None if override is None else _override(override))
    if found is None:
        return said
    said.key.CopyFrom(_key(found, at))
    if found.user is not None:
        said.user.CopyFrom(_user(found.user, at))
    if found.team is not None:
        said.team.CopyFrom(_team(found.team, at))
    if found.member is not None:
        said.member.CopyFrom(_member(found.member, found.member_budget, at))
    return said


def budget_of(row: Holder, shared: Budget | None, at: Moment) -> pb.Budget:
    """As it is now, and what of it is spent, also if nothing is limited."""
    due = schedule_of(row, shared)
    id_ = row.budget_id if isinstance(row, Key | Member) else None
    return _budget(id_, money_of(row, shared, at.now), due, period_of(row, due, *at))


def standing_budget_of(one: Standing, at: Moment) -> pb.Budget:
    """The same, of columns."""
    due = schedule(one)
    return _budget(one.budget_id, allowed(one, at.now), due, period_of(one, due, *at))


def _budget(id_: str | None, money: Money, due: Schedule, period: Period) -> pb.Budget:
    return pb.Budget(
        id=id_ or "",
        max_nano_usd=money.max_nano_usd,
        soft_nano_usd=money.soft_nano_usd,
        duration=due.duration or "",
        reset_at=_seconds(period.reset_at),
        period=period.number,
        spent_nano_usd=period.spent_nano_usd,
    )


def model_budget_of(row: ModelSpend | None, budget: ModelBudget, at: Moment) -> pb.Budget:
    """Args: row: None: nothing was spent on it yet."""
    period = model_period(row, budget.duration, *at)
    return pb.Budget(
        max_nano_usd=budget.max_nano_usd,
        duration=budget.duration or "",
        reset_at=_seconds(period.reset_at),
        period=period.number,
        spent_nano_usd=period.spent_nano_usd,
    )


def _key(found: Governing, at: Moment) -> pb.Key:
    row, held = found.key, effective(found.key, found.budget, at.now)
    budget = budget_of(row, found.budget, at)
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
        budget=_if_limited(budget),
        spend_nano_usd=budget.spent_nano_usd,
        budgets_by_model={
            model: model_budget_of(found.model_spends.get(model), one, at)
            for model, one in model_budgets(held.by_model).items()
        },
        tags=_texts(data.get("tags")),
        account_id=found.account_id or "",
    )


def _user(row: User, at: Moment) -> pb.User:
    budget = budget_of(row, None, at)
    return pb.User(
        id=row.id, role=row.role, models=row.models, limits=_own_limits(row), budget=_if_limited(budget),
        spend_nano_usd=budget.spent_nano_usd,
    )  # fmt: skip


def _team(row: Team, at: Moment) -> pb.Team:
    budget = budget_of(row, None, at)
    return pb.Team(
        id=row.id,
        alias=row.alias or "",
        blocked=row.blocked,
        models=row.models,
        aliases=_names(row.model_aliases),
        limits=_own_limits(row),
        budget=_if_limited(budget),
        spend_nano_usd=budget.spent_nano_usd,
    )


def _member(row: Member, shared: Budget | None, at: Moment) -> pb.Member:
    held, budget = shared or Budget(), budget_of(row, shared, at)
    return pb.Member(
        role=row.role,
        models=row.models,
        limits=_limits(held.rpm_limit, held.tpm_limit, held.max_parallel_requests, {}),
        budget=_if_limited(budget),
        spend_nano_usd=budget.spent_nano_usd,
    )


def _override(row: Override) -> pb.Override:
    return pb.Override(
        id=row.id, user_id=row.user_id, service=row.service_name or "", provider=row.provider_name,
        model=row.model_name,
    )  # fmt: skip


def _own_limits(row: User | Team) -> pb.Limits | None:
    data: Mapping[str, Any] = {**(row.extra or {}), **(row.data or {})}
    return _limits(row.rpm_limit, row.tpm_limit, row.max_parallel_requests, data)


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


def _if_limited(budget: pb.Budget) -> pb.Budget | None:
    """None: nothing is."""
    return budget if budget.HasField("max_nano_usd") or budget.HasField("soft_nano_usd") else None


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
