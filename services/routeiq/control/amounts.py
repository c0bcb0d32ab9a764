"""Amounts of money in a body, and what LiteLLM says to one that is none: status 400, where it says 422 to all else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated

from pydantic import AllowInfNan, BaseModel, BeforeValidator, Field

from routeiq.kit.money import MAX_NANO_USD, NANO


def _unset(value: object) -> object:
    """LiteLLM's dashboard sends an empty text for an amount that was cleared."""
    return None if value == "" else value


Amount = Annotated[
    Annotated[float, AllowInfNan(True), Field(json_schema_extra={"minimum": 0})] | None, BeforeValidator(_unset)
]
"""Dollars, yet to be checked."""


def wrong_amounts(body: BaseModel, *names: str) -> Iterator[str]:
    """What to say of each of those fields that is no amount of money."""
    for name in names:
        value: float | None = getattr(body, name)
        if value is not None and not (math.isfinite(value) and 0 <= value <= MAX_NANO_USD // NANO):
            yield f"{name} must be a non-negative finite number. Received: {value}"
