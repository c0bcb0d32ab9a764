"""`default_key_generate_params`: what a new key has of which the request says nothing.

Who is no administrator hands on no more than it may give itself (`allowed`): what goes beyond is left out, and what
holds the key that asks holds the new one instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from routeiq.control.errors import Refused
from routeiq.control.keys.allowed import RULES
from routeiq.control.keys.ceiling import Ceiling
from routeiq.control.keys.fields import BACKED, PERMISSIONS, SERVICE_ACCOUNT
from routeiq.control.keys.shapes import GenerateKey
from routeiq.control.terms import Given, filled, is_open

METADATA = "metadata"
ADMINS = frozenset({PERMISSIONS, "temp_budget_increase", "temp_budget_expiry", "disable_global_guardrails"})
"""What in `metadata` gives a key more than it would have."""


def with_defaults(
    body: GenerateKey, given: Given, ceiling: Ceiling | None, now: datetime, *, shared: bool
) -> GenerateKey:
    """Args: ceiling: None: of an administrator.  shared: it belongs to no user."""
    wanted = {name: value for name, value in given.items() if is_open(body, name)}
    if shared:
        wanted.pop("user_id", None)
    if METADATA in wanted:
        wanted[METADATA] = _metadata(wanted[METADATA], ceiling, now)
    return filled(body, {name: value for name, value in wanted.items() if _may_give(name, value, ceiling, now)})


def _metadata(given: Mapping[str, Any], ceiling: Ceiling | None, now: datetime) -> dict[str, Any]:
    left_out = {SERVICE_ACCOUNT, *(ADMINS if ceiling is not None else ())}
    return {
        name: value
        for name, value in given.items()
        if name not in left_out and (name not in BACKED or _may_give(name, value, ceiling, now))
    }


def _may_give(name: str, value: Any, ceiling: Ceiling | None, now: datetime) -> bool:
    rule = RULES.get(name)
    if ceiling is None or rule is None:
        return True
    try:
        rule(value, None, ceiling, now)
    except Refused:
        return False
    return True
