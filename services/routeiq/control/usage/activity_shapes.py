"""Daily activity as LiteLLM has it. What it also tells of savings that there are not here is left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from operator import add
from typing import Any, NamedTuple

import msgspec
from pydantic import BaseModel, ConfigDict

from routeiq.control.store.usage_holders import KeyName
from routeiq.control.store.usage_sums import Sum
from routeiq.kit.money import to_usd, usd_text


class _Shown(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class Metrics(_Shown):
    """`unpriced_requests`: whose cost nobody knows; they add nothing to `spend`."""

    spend: float
    prompt_tokens: int
    completion_tokens: int
    cache_read_input_tokens: int
    cache_creation_input_tokens: int
    total_tokens: int
    successful_requests: int
    failed_requests: int
    api_requests: int
    total_response_time_ms: int
    timed_requests: int
    unpriced_requests: int


class KeyMetadata(_Shown):
    key_alias: str | None
    team_id: str | None
    user_id: str | None
    key_exists: bool


class OfKey(_Shown):
    metrics: Metrics
    metadata: KeyMetadata


class Part(_Shown):
    metrics: Metrics
    metadata: dict[str, Any]
    api_key_breakdown: dict[str, OfKey]


class Breakdown(_Shown):
    """`models` and `model_groups` are the same: the names by which models are offered."""

    models: dict[str, Part]
    model_groups: dict[str, Part]
    mcp_servers: dict[str, Part]
    providers: dict[str, Part]
    endpoints: dict[str, Part]
    entities: dict[str, Part]
    api_keys: dict[str, OfKey]


class DayShown(_Shown):
    date: date
    metrics: Metrics
    breakdown: Breakdown


class Metadata(_Shown):
    """Of this page, as are LiteLLM's: who wants all adds its pages up. A page has whole days.

    `api_key_limit`: null, or only so many keys and entities are named, those that cost most; `total_api_keys` and
    `total_entities` say how many there are. All sums have all of them."""

    total_spend: float
    total_prompt_tokens: int
    total_completion_tokens: int
    total_tokens: int
    total_api_requests: int
    total_successful_requests: int
    total_failed_requests: int
    total_cache_read_input_tokens: int
    total_cache_creation_input_tokens: int
    total_response_time_ms: int
    total_timed_requests: int
    total_unpriced_requests: int
    page: int
    total_pages: int
    has_more: bool
    api_key_limit: int | None
    total_api_keys: int | None
    total_entities: int | None


class ActivityPage(_Shown):
    results: list[DayShown]
    metadata: Metadata


CSV_SUMS = (
    "spend", "prompt_tokens", "completion_tokens", "total_tokens", "cache_read_input_tokens",
    "cache_creation_input_tokens", "reasoning_tokens", "api_requests", "successful_requests", "failed_requests",
    "cached_requests", "unpriced_requests",
)  # fmt: skip
CSV_HEAD = ("date", "tag", "api_key", "user_id", "team_id", "model", "provider", "endpoint", *CSV_SUMS)


def csv_sums(sums: Sum) -> tuple[object, ...]:
    """The fields of `CSV_SUMS`. Money in full."""
    return (
        usd_text(sums.cost_nano_usd), sums.input_tokens, sums.output_tokens, sums.tokens, sums.cache_read_tokens,
        sums.cache_write_tokens, sums.reasoning_tokens, sums.requests, sums.requests - sums.failed, sums.failed,
        sums.cached, sums.unpriced,
    )  # fmt: skip


class Measured(msgspec.Struct):
    """The fields of `Metrics`, as they are written: there are tens of thousands in a page."""

    spend: float
    prompt_tokens: int
    completion_tokens: int
    cache_read_input_tokens: int
    cache_creation_input_tokens: int
    total_tokens: int
    successful_requests: int
    failed_requests: int
    api_requests: int
    total_response_time_ms: int
    timed_requests: int
    unpriced_requests: int


def metrics(sums: Sum) -> Measured:
    requests, failed, _, unpriced, read, written, cache_read, cache_written, _, cost, timed, latency_us = sums
    return Measured(
        to_usd(cost), read, written, cache_read, cache_written, read + written, requests - failed, failed, requests,
        latency_us // 1000, timed, unpriced,
    )  # fmt: skip


class Limited(NamedTuple):
    """How many are named at most, and how many there are. None: all are named."""

    api_key_limit: int | None = None
    total_api_keys: int | None = None
    total_entities: int | None = None


ALL_NAMED = Limited()


def metadata(sums: Sum, page: int, total_pages: int, limited: Limited = ALL_NAMED) -> dict[str, Any]:
    """The fields of `Metadata`."""
    found = msgspec.structs.asdict(metrics(sums))
    named = {f"total_{name.removeprefix('total_')}": value for name, value in found.items()}
    return {**named, "page": page, "total_pages": total_pages, "has_more": page < total_pages, **limited._asdict()}


def key_metadata(known: KeyName | None) -> dict[str, Any]:
    """The fields of `KeyMetadata`. Args: known: None: a key that nothing is known of, or the master key."""
    if known is None:
        return {"key_alias": None, "team_id": None, "user_id": None, "key_exists": False}
    return {
        "key_alias": known.alias, "team_id": known.team_id, "user_id": known.user_id, "key_exists": known.exists,
    }  # fmt: skip


def plus(one: Sequence[int], other: Sequence[int]) -> Sum:
    return Sum._make(map(add, one, other))
