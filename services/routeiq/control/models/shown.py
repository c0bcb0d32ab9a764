"""A model as `/model/info` shows it: what was declared of it, without secrets, and what is known of it beside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routeiq.config.state import Deployment, Mode
from routeiq.control.declared import Declared
from routeiq.control.models.catalogue import View
from routeiq.control.models.secrets import shown_params
from routeiq.control.models.shapes import ModelRow, ShownModel
from routeiq.control.store.tables import Model


@dataclass(frozen=True, slots=True)
class Listed:
    """One deployment. `row` None: the document's, or our own. `deployment` None: it is not served."""

    id: str
    name: str
    params: Mapping[str, Any]
    info: Mapping[str, Any]
    row: Model | None
    deployment: Deployment | None

    @property
    def access_groups(self) -> Sequence[str]:
        return self.deployment.access_groups if self.deployment is not None else ()

    @property
    def provider(self) -> str | None:
        return self.deployment.provider if self.deployment is not None else None


def listed_models(view: View, declared: Declared) -> Iterator[Listed]:
    """Those that are served, then those that are not."""
    for model_id, one in view.deployments.items():
        row = view.rows.get(model_id)
        if row is not None and model_id not in declared.models:
            yield _stored(row, one)
        else:
            yield _declared(model_id, one, declared.models.get(model_id, {}))
    for row in view.rows.values():
        if row.id not in view.deployments:
            yield _stored(row, None)


def shown(one: Listed, *, to_users: bool) -> ShownModel:
    return ShownModel(
        model_name=one.name,
        litellm_params=shown_params(one.params, to_users=to_users),
        model_info={**_facts(one.deployment), **one.info, **_own(one, to_users=to_users)},
    )


def model_row(row: Model) -> ModelRow:
    """As the writes answer."""
    return ModelRow(
        model_id=row.id,
        model_name=row.model_name,
        litellm_params=shown_params(row.litellm_params),
        model_info={**row.model_info, "id": row.id, "db_model": True},
        blocked=row.blocked,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )


def _stored(row: Model, one: Deployment | None) -> Listed:
    return Listed(row.id, row.model_name, row.litellm_params, row.model_info, row, one)


def _declared(model_id: str, one: Deployment, raw: Mapping[str, Any]) -> Listed:
    info = raw.get("model_info")
    params = raw.get("litellm_params")
    given = params if isinstance(params, dict) else {"model": f"{one.provider}/{one.model}"}
    return Listed(model_id, one.group, given, info if isinstance(info, dict) else {}, None, one)


def _facts(one: Deployment | None) -> dict[str, Any]:
    if one is None:
        return {}
    return {
        "key": one.model,
        "litellm_provider": one.provider,
        "mode": None if one.mode is Mode.OTHER else one.mode.value,
        "max_tokens": one.max_input_tokens,
        "max_input_tokens": one.max_input_tokens,
        "input_cost_per_token": one.input_price,
        "output_cost_per_token": one.output_price,
        "supports_function_calling": one.supports_tools,
        "supports_vision": one.supports_vision,
    }


def _own(one: Listed, *, to_users: bool) -> dict[str, Any]:
    """What this service alone says of a model."""
    own: dict[str, Any] = {"id": one.id, "db_model": one.row is not None}
    if one.row is not None:
        own |= {"blocked": one.row.blocked, "created_at": one.row.created_at, "updated_at": one.row.updated_at}
        own |= {} if to_users else {"created_by": one.row.created_by, "updated_by": one.row.updated_by}
    return own
