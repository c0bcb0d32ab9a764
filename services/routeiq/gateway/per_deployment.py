"""What is worked out once for each deployment, not for each request: heads, header lines, names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from routeiq.config.state import Deployment

T = TypeVar("T")


class PerDeployment(Generic[T]):
    """One `T` for each deployment, made at its first use. The deployment keeps it, so that none outlives its own:
    there are credentials in some. Let none refer to its deployment: both would stay until the collector comes round.
    """

    def __init__(self, make: Callable[[Deployment], T]) -> None:
        self._make = make

    def of(self, deployment: Deployment) -> T:
        """Raises: what `make` raises, at every call."""
        derived = deployment.derived
        made = derived.get(self, self)
        if made is self:
            made = derived[self] = self._make(deployment)
        return made  # type: ignore[return-value]  # of its own making
