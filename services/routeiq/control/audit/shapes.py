"""The filters of the audit log, and its lines."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from routeiq.control.fields import in_utc
from routeiq.kit.storable import check_storable

MAX_PAGE = 10_000_000
Text = Annotated[str, Field(max_length=256), AfterValidator(check_storable)]
Instant = Annotated[AwareDatetime, AfterValidator(in_utc)]


class AuditQuery(BaseModel):
    """`since` and `until` are instants with a zone; a line at `until` is not in it."""

    model_config = ConfigDict(extra="ignore")

    page: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 1
    size: Annotated[int, Field(ge=1, le=1000)] = 50
    resource_type: Text | None = None
    resource_id: Text | None = None
    actor_id: Text | None = None
    action: Text | None = None
    since: Instant | None = None
    until: Instant | None = None


class AuditLine(BaseModel):
    id: str
    timestamp: datetime
    request_id: str
    actor_type: str
    actor_id: str
    action: str
    resource_type: str
    resource_id: str
    outcome: str
    outcome_reason: str
    metadata: dict[str, Any]


class AuditPage(BaseModel):
    audit_logs: list[AuditLine]
    total_count: int
    current_page: int
    total_pages: int
