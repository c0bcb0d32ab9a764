"""The prices of deployments, for the journal: also for a later process, which may no longer have the deployment."""

from __future__ import annotations

from typing import Final

import msgspec

from routeiq.config.price import Costs, price_of
from routeiq.config.state import Deployment, DeploymentId, ModelName
from routeiq.gateway.pipeline.cost import cost_of
from routeiq.gateway.plan import Usage

_encode: Final = msgspec.msgpack.Encoder().encode
_read: Final = msgspec.msgpack.Decoder(tuple[str, Costs]).decode
"""The provider, and what its entry said of prices."""


class Prices:
    """As the configuration has them."""

    def cost_of(self, deployment: Deployment, usage: Usage) -> int | None:
        return cost_of(deployment, usage)

    def terms(self, deployment: Deployment) -> bytes:
        price = deployment.price
        return b"" if price is None else _encode((deployment.provider, price.said))

    def cost_by(self, terms: bytes, usage: Usage) -> int | None:
        """None too where nobody can read the terms any more."""
        try:
            provider, said = _read(terms)
        except msgspec.DecodeError:
            return None
        price = price_of(said, provider)
        nobody = Deployment(DeploymentId(""), ModelName(""), provider, "", "", price=price)
        return cost_of(nobody, usage)
