"""How much a request cares for cost: `quality`, `balanced`, `cost`, or the weight itself (routing.md, The choice)."""

from __future__ import annotations

import math

from routeiq.kit.errors import InvalidRequest

HEADER = b"x-routeiq-objective"
NAMED = {"quality": 0.0, "balanced": 0.03, "cost": 0.1}


def cost_weight(sent: str | None, default: float) -> float:
    """The weight that a request asks for. Raises InvalidRequest for a word or number that means nothing."""
    if not sent:
        return default
    name = sent.strip().lower()
    if name in NAMED:
        return NAMED[name]
    try:
        weight = float(name)
    except ValueError:
        weight = math.nan
    if not 0 <= weight <= 1000:
        raise InvalidRequest(
            "`x-routeiq-objective` is quality, balanced, cost or a number from 0 to 1000.", param="x-routeiq-objective"
        )
    return weight
