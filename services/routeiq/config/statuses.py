"""What depends on the status that an upstream answers with: how often one goes on, and when a deployment rests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

ANY_STATUS = 0
"""In a mapping by status: every status that is not named."""
NO_STATUSES: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class CooldownSettings:
    """When a failing deployment is put behind the others, and for how long."""

    enabled: bool = True
    cooldown_s: float = 5.0
    allowed_fails: int = 3
    """Failures in a row without a cooldown."""
    by_status: Mapping[int, int] = field(default_factory=lambda: NO_STATUSES)
