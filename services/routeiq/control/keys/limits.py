"""`upperbound_key_generate_params`: how far any key may go, whoever makes or changes it.

Source: LiteLLM 1.106.2. Where it lets a null in a change take a limit off that is set for all, here it means the most
that a key may have, as it does for a new key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.config.document.management import KeyLimits
from routeiq.control.fields import shown_limits
from routeiq.control.keys.refusals import wrapped
from routeiq.control.keys.rows import current
from routeiq.control.keys.shapes import GenerateKey, KeyFields
from routeiq.control.store import holders
from routeiq.control.store.tables import Key
from routeiq.control.terms import Given, filled


def check_limits(body: KeyFields, limits: KeyLimits, type_: str) -> None:
    """Raises: Refused: more was asked for than any key may have."""
    for name in KeyLimits.model_fields:
        value = getattr(body, name)
        if limits.exceeded_by(name, value):
            most = getattr(limits, name)
            raise wrapped(400, f"{name} is over max limit set in config - user_value={value}; max_value={most}", type_)


async def shared_limits(session: AsyncSession, budget_id: str | None) -> Given:
    """What a shared budget says of a key that says nothing itself."""
    found = await holders.budgets(session, {budget_id} if budget_id else set())
    return {name: value for one in found.values() for name, value in shown_limits(one).items() if value is not None}


def held_to(body: GenerateKey, limits: KeyLimits, shared: Given) -> GenerateKey:
    """A new key has the most that any may have, where it would have more, or no limit. Args: shared: see above."""
    own = {name: getattr(body, name) for name in KeyLimits.model_fields}
    return filled(body, {name: most for name, most in _given(limits) if _gets_past(name, own[name], limits, shared)})


def keep_limits(body: KeyFields, row: Key, limits: KeyLimits, shared: Given) -> None:
    """Null takes a key's own limit off, and leaves the one for all. A null that was one before changes nothing."""
    before = current(row)
    for name, most in _given(limits):
        cleared = name in body.model_fields_set and getattr(body, name) is None and before[name] is not None
        if cleared and _gets_past(name, None, limits, shared):
            setattr(body, name, most)


def _given(limits: KeyLimits) -> Iterable[tuple[str, Any]]:
    return limits.model_dump(exclude_none=True).items()


def _gets_past(name: str, own: Any, limits: KeyLimits, shared: Given) -> bool:
    value = own if own is not None else shared.get(name)
    return value is None or limits.exceeded_by(name, value)
