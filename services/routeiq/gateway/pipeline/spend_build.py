"""The stage of budgets, as the settings say. Nothing connects before the book runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Gauge

from routeiq.gateway.pipeline.cost import cost_at_most, cost_of
from routeiq.gateway.pipeline.spend import Spend
from routeiq.gateway.settings import Settings
from routeiq.gateway.spending.book import Book, ReadLedger
from routeiq.gateway.spending.estimates import Estimates
from routeiq.kit.metrics import Counts

if TYPE_CHECKING:
    from routeiq.kit.accounts_redis import RedisAccounts

MODES = ("memory", "redis", "local", "closed")


def build_spend(settings: Settings, read_ledger: ReadLedger | None, registry: CollectorRegistry) -> Spend:
    """Args: read_ledger: None: what was spent is known with each caller alone."""
    url = settings.redis_url.get_secret_value() if settings.control_address else ""
    book = Book(_shared(url) if url else None, read_ledger, closed=settings.budgets_without_redis == "closed")
    refused = Counts(
        "gateway_budget_refusals", "Requests without budget or place, by what and whose", ["what", "holder"], registry
    )
    measure(book, registry)
    return Spend(book, Estimates(cost_at_most), cost_of, status=settings.budget_exceeded_status, refused=refused)


def _shared(url: str) -> RedisAccounts:
    from routeiq.kit.accounts_redis import RedisAccounts  # noqa: PLC0415  # for who has Redis

    return RedisAccounts(url)


def measure(book: Book, registry: CollectorRegistry) -> None:
    """How budgets are decided now."""
    mode = Gauge(
        "gateway_accounts_mode",
        "1 for how budgets are decided now: memory (one gateway), redis, local (Redis is away), closed (as well)",
        ["mode"],
        registry=registry,
    )
    for name in MODES:
        mode.labels(name).set_function(lambda name=name: float(book.mode == name))  # type: ignore[misc]  # its own
