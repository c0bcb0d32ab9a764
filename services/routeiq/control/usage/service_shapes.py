"""The answers of `/api/v1/usage/*`. Requests that name no service or customer, or that no provider got, are in the
summary alone; those that failed, and those that came from the cache, are counted everywhere."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from routeiq.control.store.usage_days import Named
from routeiq.control.store.usage_sums import Sum
from routeiq.kit.money import to_usd


class _Shown(BaseModel):
    model_config = ConfigDict(frozen=True)


class Summary(_Shown):
    period_days: int
    total_requests: int
    total_cost_usd: float
    total_tokens: int
    cached_requests: int
    error_requests: int
    cache_hit_rate: float


class ByProvider(_Shown):
    provider_name: str
    request_count: int
    total_cost_usd: float
    avg_latency_ms: float
    total_tokens: int


class ByService(_Shown):
    service_name: str
    request_count: int
    total_cost_usd: float
    total_tokens: int


class ByCustomer(_Shown):
    user_id: str
    request_count: int
    total_cost_usd: float


def summary(days: int, sums: Sum) -> Summary:
    return Summary(
        period_days=days, total_requests=sums.requests, total_cost_usd=to_usd(sums.cost_nano_usd),
        total_tokens=sums.tokens, cached_requests=sums.cached, error_requests=sums.failed,
        cache_hit_rate=sums.cached / sums.requests if sums.requests else 0.0,
    )  # fmt: skip


def by_provider(row: Named) -> ByProvider:
    """Good answers of the provider itself have a latency: neither failures nor the cache's."""
    sums = row.sums
    latency = round(sums.latency_us / sums.timed / 1000, 3) if sums.timed else 0.0
    return ByProvider(
        provider_name=row.name, request_count=sums.requests, total_cost_usd=to_usd(sums.cost_nano_usd),
        avg_latency_ms=latency, total_tokens=sums.tokens,
    )  # fmt: skip


def by_service(row: Named) -> ByService:
    sums = row.sums
    return ByService(
        service_name=row.name, request_count=sums.requests, total_cost_usd=to_usd(sums.cost_nano_usd),
        total_tokens=sums.tokens,
    )  # fmt: skip


def by_customer(row: Named) -> ByCustomer:
    sums = row.sums
    return ByCustomer(user_id=row.name, request_count=sums.requests, total_cost_usd=to_usd(sums.cost_nano_usd))
