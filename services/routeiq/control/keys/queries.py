"""The filters of lists of keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from routeiq.control.keys.refusals import wrapped
from routeiq.control.store.keys import SORTED
from routeiq.kit.storable import check_storable

MAX_PAGE = 10_000_000
Text = Annotated[str, Field(max_length=256), AfterValidator(check_storable)]


class Page(BaseModel):
    model_config = ConfigDict(extra="ignore")

    page: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 1
    size: Annotated[int, Field(ge=1, le=100)] = 10
    search: Text | None = None
    team_id: Text | None = None


class AliasQuery(Page):
    size: Annotated[int, Field(ge=1, le=100)] = 50


class ListQuery(Page):
    user_id: Text | None = None
    organization_id: Text | None = None
    key_hash: Text | None = None
    key_alias: Text | None = None
    return_full_object: bool = False
    include_team_keys: bool = False
    include_created_by_keys: bool = False
    sort_by: Text | None = None
    sort_order: Text = "desc"
    expand: list[Text] = []
    status: Text | None = None
    project_id: Text | None = None
    agent_id: Text | None = None
    substring_matching: bool = False
    expires: Text | None = None

    def check(self) -> None:
        """Raises: Refused: in LiteLLM's words."""
        if self.status not in (None, "active", "expired", "revoked", "deleted"):
            raise wrapped(400, "Invalid status value. Supported: 'active', 'expired', 'revoked', 'deleted'.")
        if self.expires not in (None, "active", "expired"):
            raise wrapped(400, "Invalid expires value. Supported: 'active', 'expired'.")
        if self.sort_by is not None and self.sort_by not in SORTED:
            raise wrapped(400, f"Invalid sort column. Must be one of: {', '.join(SORTED)}")
        if self.sort_order.lower() not in ("asc", "desc"):
            raise wrapped(400, "Invalid sort order. Must be 'asc' or 'desc'")
