"""The prices of deployments, for the journal: also for a later process, which may no longer have the deployment."""

from __future__ import annotations

import msgspec

from routeiq.config.price import Costs, price_of
from routeiq.config.state import Deployment, DeploymentId, ModelName
from routeiq.gateway.pipeline.cost import cost_of
from routeiq.gateway.plan import Usage


class _Terms(msgspec.Struct, array_like=True):
    provider: str
    said: Costs


_encode = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(_Terms).decode


class Prices:
    """As the configuration has them."""

    def cost_of(self, deployment: Deployment, usage: Usage) -> int | None:
        return cost_of(deployment, usage)

    def terms(self, deployment: Deployment) -> bytes:
        price = deployment.price
        return b"" if price is None else _encode(_Terms(deployment.provider, price.said))

    def cost_by(self, terms: bytes, usage: Usage) -> int | None:
        """None too where nobody can read the terms any more."""
        try:
            read = _read(terms)
        except msgspec.DecodeError:
            return None
        price = price_of(read.said, read.provider)
        nobody = Deployment(DeploymentId(""), ModelName(""), read.provider, "", "", price=price)
        return cost_of(nobody, usage)
