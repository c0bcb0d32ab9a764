"""What overrides may name: the document's providers and those that were added, with their models."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from routeiq.control.declared import Declared
from routeiq.control.gateway_api import Unprocessable
from routeiq.control.overrides.shapes import OverrideBody
from routeiq.control.store.providers import all_providers


class Offer(NamedTuple):
    models: Collection[str]
    is_enabled: bool


Offers = Mapping[str, Offer]


async def offers_of(session: AsyncSession, declared: Declared) -> Offers:
    """By the provider's name."""
    added = {row.name: Offer(row.models, row.is_enabled) for row in await all_providers(session)}
    own = {one.record.name: Offer(one.record.models, one.record.is_enabled) for one in declared.providers.values()}
    return added | own


def check(body: OverrideBody, offers: Offers) -> None:
    """Raises: Unprocessable."""
    offer = offers.get(body.provider_name)
    if offer is None:
        raise Unprocessable(("provider_name", "there is no such provider"))
    if body.model_name not in offer.models:
        raise Unprocessable(("model_name", "is not one of the provider's models"))


def warning(provider: str, model: str, offers: Offers) -> str | None:
    """Why an override that names them has no effect."""
    offer = offers.get(provider)
    if offer is None:
        return f"there is no provider {provider}; it has no effect"
    if model not in offer.models:
        return f"{provider} has no model {model}; it has no effect"
    return None if offer.is_enabled else f"{provider} is not enabled; it has no effect"
