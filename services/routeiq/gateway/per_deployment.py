"""What is worked out once for each deployment, not for each request: heads, header lines, names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from routeiq.config.state import Deployment, DeploymentId, ModelName
from routeiq.kit.lru import LRU

T = TypeVar("T")

MOST_KEPT = 10_000
"""Of all states that were in force since the start; past it all are made anew."""
MOST_RENAMED = 1000
"""Further names of deployments; past it those are made anew that were not asked for longest."""


class PerDeployment(Generic[T]):
    """One `T` for each deployment, made at its first use. A changed deployment replaces its namesake's."""

    def __init__(self, make: Callable[[Deployment], T]) -> None:
        self._make = make
        self._kept: dict[DeploymentId, tuple[Deployment, T]] = {}
        self._renamed: LRU[tuple[DeploymentId, ModelName], tuple[Deployment, T]] = LRU(MOST_RENAMED)

    def of(self, deployment: Deployment) -> T:
        """Raises: what `make` raises, at every call."""
        kept = self._kept.get(deployment.id)
        if kept is not None and kept[0] is deployment:
            return kept[1]
        if deployment.entry is not None:
            return self._of_renamed(deployment)
        made = self._make(deployment)
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[deployment.id] = deployment, made
        return made

    def _of_renamed(self, deployment: Deployment) -> T:
        """Of one that serves under an alias, or under a name that a caller asks of a wildcard."""
        key = deployment.id, deployment.group
        kept = self._renamed.get(key)
        if kept is None or kept[0] is not deployment:
            kept = deployment, self._make(deployment)
            self._renamed.put(key, kept)
        return kept[1]
