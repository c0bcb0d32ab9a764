"""What is worked out once for each deployment, not for each request: heads, header lines, names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from routeiq.config.state import Deployment, DeploymentId

T = TypeVar("T")

MOST_KEPT = 10_000
"""Of all states that were in force since the start; past it all are made anew."""


class PerDeployment(Generic[T]):
    """One `T` for each deployment, made at its first use. A changed deployment replaces its namesake's."""

    def __init__(self, make: Callable[[Deployment], T]) -> None:
        self._make = make
        self._kept: dict[DeploymentId, tuple[Deployment, T]] = {}

    def of(self, deployment: Deployment) -> T:
        """Raises: what `make` raises, at every call."""
        kept = self._kept.get(deployment.id)
        if kept is not None and kept[0] is deployment:
            return kept[1]
        made = self._make(deployment)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[deployment.id] = deployment, made
        return made
