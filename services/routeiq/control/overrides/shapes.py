"""The bodies and answers of `/api/v1/overrides`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from routeiq.control.fields import Body, Name


class OverrideBody(Body):
    model_config = ConfigDict(protected_namespaces=())

    user_id: Name
    service_name: Name | None = None
    provider_name: Name
    model_name: Name


class OverrideShown(BaseModel):
    """`warning` stands there only if there is one: then the override has no effect."""

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    id: str
    user_id: str
    service_name: str | None
    provider_name: str
    model_name: str
    created_at: datetime
    updated_at: datetime
    warning: str | None = None

    @model_serializer(mode="wrap")
    def _without_no_warning(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        shown: dict[str, Any] = handler(self)
        return {name: value for name, value in shown.items() if name != "warning" or value is not None}
