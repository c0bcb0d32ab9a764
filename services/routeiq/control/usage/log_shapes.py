"""A request as LiteLLM's log of spending shows it, and the pages of that log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter
from sqlalchemy import Row

from routeiq.control.fields import usd
from routeiq.kit.money import usd_text

_CALLS = {
    "chat/completions": "acompletion",
    "completions": "atext_completion",
    "embeddings": "aembedding",
    "responses": "aresponses",
    "messages": "anthropic_messages",
}
"""What LiteLLM calls them; others have their own names."""


class LogRow(BaseModel):
    """`spend` null: nobody knows the price. What was asked and answered is not kept."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    request_id: str
    litellm_call_id: str
    call_type: str
    api_key: str
    spend: float | None
    total_tokens: int
    prompt_tokens: int
    completion_tokens: int
    startTime: datetime
    endTime: datetime
    completionStartTime: datetime | None
    request_duration_ms: int
    model: str
    model_id: str
    model_group: str
    custom_llm_provider: str
    api_base: str
    user: str
    team_id: str | None
    organization_id: str | None
    end_user: str
    cache_hit: str
    cache_key: str
    request_tags: list[str]
    status: str
    session_id: str | None
    requester_ip_address: str | None
    messages: dict[str, Any]
    response: dict[str, Any]
    metadata: dict[str, Any]


_LIST = TypeAdapter(list[LogRow])


class LogPage(BaseModel):
    """`total` is counted as far as there are pages."""

    data: list[LogRow]
    total: int
    page: int
    page_size: int
    total_pages: int
    total_is_capped: bool


CSV_HEAD = (
    "request_id", "startTime", "endTime", "call_type", "api_key", "key_alias", "user", "team_id", "end_user", "service",
    "model_group", "model", "model_id", "custom_llm_provider", "status", "status_code", "error", "cache_hit",
    "prompt_tokens", "completion_tokens", "total_tokens", "spend", "request_tags",
)  # fmt: skip


def log_row(row: Row[Any]) -> LogRow:
    """Args: row: of `store.usage_logs`."""
    return LogRow(
        request_id=row.request_id, litellm_call_id=row.request_id, call_type=_call(row), api_key=row.key_hash,
        spend=usd(row.cost_nano_usd), total_tokens=row.input_tokens + row.output_tokens,
        prompt_tokens=row.input_tokens, completion_tokens=row.output_tokens, startTime=row.started_at,
        endTime=row.ended_at, completionStartTime=_first_data(row), request_duration_ms=_duration_ms(row),
        model=_model(row), model_id=row.deployment_id, model_group=row.model or row.requested_model,
        custom_llm_provider=row.provider, api_base="", user=row.user_id,
        team_id=row.team_id or None, organization_id=None, end_user=row.customer_id,
        cache_hit=str(row.cached), cache_key="", request_tags=row.tags, status=_status(row), session_id=None,
        requester_ip_address=None, messages={}, response={}, metadata=_metadata(row),
    )  # fmt: skip


def log_json(rows: Sequence[Row[Any]]) -> bytes:
    """A list of them."""
    return _LIST.dump_json([log_row(row) for row in rows])


def csv_row(row: Row[Any]) -> list[object]:
    """The fields of `CSV_HEAD`. Money in full."""
    spend = "" if row.cost_nano_usd is None else usd_text(row.cost_nano_usd)
    return [
        row.request_id, row.started_at, row.ended_at, _call(row), row.key_hash, row.key_alias, row.user_id, row.team_id,
        row.customer_id, row.service, row.model or row.requested_model, _model(row), row.deployment_id, row.provider,
        _status(row), row.status, row.error, row.cached, row.input_tokens, row.output_tokens,
        row.input_tokens + row.output_tokens, spend, " ".join(row.tags),
    ]  # fmt: skip


def _metadata(row: Row[Any]) -> dict[str, Any]:
    details: Mapping[str, Any] = row.details or {}
    return {
        "user_api_key": row.key_hash,
        "user_api_key_alias": row.key_alias,
        "user_api_key_user_id": row.user_id or None,
        "user_api_key_team_id": row.team_id or None,
        "user_api_key_end_user_id": row.customer_id or None,
        "status": _status(row),
        "error_information": _error(row),
        "requested_model": row.requested_model,
        "service": row.service,
        "task_type": row.task_type,
        "stream": row.stream,
        "metered": row.metered,
        "attempts": row.attempts,
        "usage_record_id": row.id,
        **details,
    }


def _error(row: Row[Any]) -> dict[str, str] | None:
    if not _failed(row):
        return None
    return {"error_code": str(row.status), "error_class": row.error}


def _failed(row: Row[Any]) -> bool:
    return bool(row.error) or row.status >= 400


def _status(row: Row[Any]) -> str:
    return "failure" if _failed(row) else "success"


def _call(row: Row[Any]) -> str:
    return _CALLS.get(row.endpoint, str(row.endpoint))


def _model(row: Row[Any]) -> str:
    return str(row.provider_model or row.model or row.requested_model)


def _first_data(row: Row[Any]) -> datetime | None:
    """Of a stream."""
    after_us = (row.details or {}).get("first_data_us")
    moment: datetime | None = row.started_at + timedelta(microseconds=after_us) if after_us else None
    return moment


def _duration_ms(row: Row[Any]) -> int:
    return int((row.ended_at - row.started_at).total_seconds() * 1000)
