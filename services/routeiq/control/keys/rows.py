"""A key's request into its row, and its row into an answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from routeiq.control.amounts import wrong_amounts
from routeiq.control.extra import kept_extra
from routeiq.control.fields import Resets, set_limits, shown_limits, usd
from routeiq.control.keys.answers import BudgetRow, KeyInfo, KeyMade, KeyRow
from routeiq.control.keys.fields import BACKED, COLUMNS, EMPTY, EXTRA, PERMISSIONS, SERVICE_ACCOUNT
from routeiq.control.keys.refusals import plain, wrapped
from routeiq.control.keys.shapes import KeyFields
from routeiq.control.metadata import merged_metadata
from routeiq.control.store.periods import set_spend
from routeiq.control.store.tables import Budget, Key
from routeiq.kit.clock import duration_of
from routeiq.kit.money import from_usd, to_usd

NEVER = "-1"


def check_amounts(body: KeyFields, type_: str) -> None:
    """Raises: Refused: an amount of money that is none."""
    for problem in wrong_amounts(body, "max_budget", "soft_budget", "spend"):
        raise wrapped(400, problem, type_)


def fill(row: Key, body: KeyFields, now: datetime, resets: Resets) -> None:
    """Put what was sent into the row."""
    shared = row.budget_id
    for name, value in body.given(*COLUMNS).items():
        setattr(row, COLUMNS[name], EMPTY[name]() if value is None and name in EMPTY else value)
    set_limits(row, body, now, resets)
    if row.budget_id != shared and row.budget_duration is None:
        row.budget_reset_at = None
    if body.spend is not None:
        set_spend(row, from_usd(body.spend), now)
    if "duration" in body.model_fields_set:
        row.expires_at = expiry(body.duration, now)
    row.extra = kept_extra(row.extra, body, EXTRA)
    row.data = _metadata(row.data, body)


def expiry(duration: str | None, now: datetime) -> datetime | None:
    return None if duration in (None, NEVER) else duration_of(str(duration)).after(now)


def _metadata(before: Mapping[str, Any], body: KeyFields) -> dict[str, Any]:
    """Raises: Refused: a service account would change its name."""
    name = before.get(SERVICE_ACCOUNT)
    sent = (body.metadata or {}).get(SERVICE_ACCOUNT, name)
    if name is None:
        return merged_metadata(before, body, BACKED)
    if sent != name:
        raise plain(400, f"{SERVICE_ACCOUNT} is immutable once set and cannot be changed via update.")
    return merged_metadata(before, body, BACKED, kept=(SERVICE_ACCOUNT,))


def keep_metadata(body: KeyFields, row: Key) -> None:
    """For who may not touch them: what `metadata` says of limits and permissions outlives its replacement. Those that
    were sent, and are the caller's to set, are fields of the body beside, and come on top."""
    if "metadata" in body.model_fields_set:
        kept = {name: row.data[name] for name in (*BACKED, PERMISSIONS) if name in row.data}
        body.metadata = {**(body.metadata or {}), **kept}


def current(row: Key | None) -> Mapping[str, Any]:
    """What each field of a request is now, in the request's own terms."""
    if row is None:
        return {"spend": 0}
    columns = {name: getattr(row, column) for name, column in COLUMNS.items()}
    end = None if row.expires_at is None else row.expires_at.isoformat()
    own = {"metadata": row.data, "spend": to_usd(row.spend_nano_usd), "duration": end}
    return {**(row.data or {}), **(row.extra or {}), **columns, **shown_limits(row), **own}


def key_info(row: Key, budget: Budget | None) -> KeyInfo:
    return KeyInfo(**_shown(row, budget))


def key_row(row: Key, budget: Budget | None) -> KeyRow:
    return KeyRow(**_shown(row, budget), token=row.hash)


def key_made(row: Key, budget: Budget | None, key: str) -> KeyMade:
    """Args: key: the key itself."""
    backed: dict[str, Any] = {name: (row.data or {}).get(name) for name in BACKED if name in KeyMade.model_fields}
    return KeyMade(**_shown(row, budget), **backed, token=row.hash, token_id=row.hash, key=key)


def status_of(row: Key, now: datetime) -> str:
    if row.blocked:
        return "revoked"
    return "expired" if row.expires_at is not None and row.expires_at < now else "active"


def _shown(row: Key, budget: Budget | None) -> dict[str, Any]:
    extra = row.extra or {}
    return {
        **{name: getattr(row, column) for name, column in COLUMNS.items()},
        **shown_limits(row),
        "budget_reset_at": row.budget_reset_at if row.budget_duration is not None else None,
        **{name: extra.get(name) for name in EXTRA},
        "key_name": row.name,
        "spend": to_usd(row.spend_nano_usd),
        "total_spend": to_usd(row.spend_nano_usd),
        "expires": row.expires_at,
        "org_id": row.organization_id,
        "config": extra.get("config", {}),
        "metadata": row.data,
        "budget_fallbacks": extra.get("budget_fallbacks", {}),
        "allowed_cache_controls": extra.get("allowed_cache_controls", []),
        "access_group_ids": extra.get("access_group_ids", []),
        "auto_rotate": extra.get("auto_rotate", False),
        "model_spend": {},
        "soft_budget_cooldown": False,
        "litellm_budget_table": _budget(row, budget),
        "object_permission_id": None,
        "rotation_count": extra.get("rotation_count", 0),
        "last_rotation_at": extra.get("last_rotation_at"),
        "key_rotation_at": None,
        **{name: getattr(row, name) for name in ("created_at", "created_by", "updated_at", "updated_by")},
        "settings_updated_at": row.updated_at,
        "last_active": None,
    }


def _budget(row: Key, budget: Budget | None) -> BudgetRow | None:
    """LiteLLM keeps a key's soft budget in such a row too."""
    if budget is None:
        return None if row.soft_budget_nano_usd is None else _soft(row)
    return BudgetRow(budget_id=budget.id, model_max_budget=budget.model_max_budget or {}, **shown_limits(budget))


def _soft(row: Key) -> BudgetRow:
    empty: dict[str, Any] = dict.fromkeys(BudgetRow.model_fields)
    return BudgetRow(**(empty | {"soft_budget": usd(row.soft_budget_nano_usd), "model_max_budget": {}}))


_UNARCHIVED = {"account_id"}
"""Columns that nobody asks for of a key that is over, and that the release before this one would not know."""


def archived(row: Key) -> dict[str, Any]:
    """The row, as JSON."""
    return {
        column.key: value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
        for column in Key.__mapper__.column_attrs
        if (value := getattr(row, column.key)) is not None and column.key not in _UNARCHIVED
    }


def restored(row: Mapping[str, Any]) -> Key:
    """The row again; it belongs to no session."""
    times = ("expires_at", "budget_reset_at", "created_at", "updated_at")
    return Key(**{**row, **{name: datetime.fromisoformat(row[name]) for name in times if row.get(name)}})
