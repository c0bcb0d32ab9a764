"""The order in which the deployments of one model are tried."""

from __future__ import annotations

import random

from routeiq.config.state import Deployment


class Balancer:
    """Shares requests among deployments. `shuffle` is given by tests."""

    def __init__(self, *, shuffle: random.Random | None = None) -> None:
        self._random = shuffle or random.Random()

    def order(self, deployments: tuple[Deployment, ...]) -> tuple[Deployment, ...]:
        """A random order in which a deployment comes first as often as its weight says: LiteLLM's simple-shuffle.

        Source: Efraimidis and Spirakis, Weighted random sampling with a reservoir (2006): sort by u^(1/w).
        """
        if len(deployments) == 1:
            return deployments
        keys = {d.id: self._random.random() ** (1 / max(d.weight, 1e-9)) for d in deployments}
        return tuple(sorted(deployments, key=lambda d: keys[d.id], reverse=True))
