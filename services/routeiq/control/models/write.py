"""Add, change, block and remove models. One that gateways could not serve is refused with all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from routeiq.config.document import LitellmParams
from routeiq.config.document.models import CREDENTIALS, REQUEST_DEFAULTS
from routeiq.control.errors import Refused
from routeiq.control.models import refusals
from routeiq.control.models.catalogue import Catalogue
from routeiq.control.models.references import forbidden
from routeiq.control.models.secrets import with_seals
from routeiq.control.models.shapes import ChangedModel, Info, NewModel
from routeiq.control.office import Write
from routeiq.control.store.models import all_models, delete_model, model_of
from routeiq.control.store.overlay import bump
from routeiq.control.store.rows import add_if_free
from routeiq.control.store.tables import Model

KNOWN = LitellmParams.known() | CREDENTIALS | REQUEST_DEFAULTS


async def add_model(work: Write, body: NewModel, catalogue: Catalogue) -> Model:
    """Raises: Refused."""
    work.actor.need_admin()
    _need_no_team(body.model_info)
    sent = body.litellm_params.sent()
    model_id, by = body.model_info.id or str(uuid4()), work.actor.id
    row = Model(
        id=model_id,
        model_name=body.model_name,
        litellm_params=_sealed(sent, model_id, catalogue),
        model_info=_given(body.model_info.sent()),
        blocked=False,
        created_at=work.now, created_by=by, updated_at=work.now, updated_by=by,
    )  # fmt: skip
    await _changing(work)
    if model_id in catalogue.declared.models or not await add_if_free(work.session, row):
        raise refusals.id_taken(model_id)
    await _check(work, row, sent, catalogue)
    work.note("model.new", "model", model_id, fields=_fields(body))
    return row


async def change_model(work: Write, row: Model, body: ChangedModel, catalogue: Catalogue, *, clear: bool) -> Model:
    """Args: clear: a null takes a parameter away; otherwise it says nothing, as in LiteLLM's older route.

    Raises: Refused."""
    _need_no_team(body.model_info)
    params: dict[str, Any] = {}
    row.model_name = body.model_name or row.model_name
    if body.litellm_params is not None:
        params = body.litellm_params.sent()
        gone = {name for name, value in params.items() if value is None} if clear else set()
        row.litellm_params = _without(row.litellm_params, gone) | _sealed(params, row.id, catalogue)
    if body.model_info is not None:
        sent = body.model_info.sent()
        gone = {name for name, value in sent.items() if value is None} if clear else set()
        row.model_info = _without(row.model_info, gone) | _given(sent)
    if body.blocked is not None:
        row.blocked = body.blocked
    await _touched(work, row)
    await _check(work, row, params, catalogue)
    work.note("model.update", "model", row.id, fields=_fields(body))
    return row


async def set_blocked(work: Write, row: Model, *, blocked: bool) -> Model:
    row.blocked = blocked
    await _touched(work, row)
    work.note("model.block" if blocked else "model.unblock", "model", row.id)
    return row


async def remove_model(work: Write, row: Model) -> None:
    await delete_model(work.session, row)
    work.note("model.delete", "model", row.id)


async def stored(work: Write, model_id: str, catalogue: Catalogue, *, declared: Refused, missing: Refused) -> Model:
    """The row, for the write that changes it; nobody else changes any until it ends.

    Args: declared: raised of a model of the document; missing: of none at all."""
    work.actor.need_admin()
    await _changing(work)
    row = await model_of(work.session, model_id)
    if row is None:
        raise declared if model_id in catalogue.declared.models else missing
    return row


async def _changing(work: Write) -> None:
    work.changed.overlay_version = await bump(work.session, work.now)


async def _touched(work: Write, row: Model) -> None:
    row.updated_at, row.updated_by = work.now, work.actor.id
    await work.session.flush()


async def _check(work: Write, row: Model, sent: Mapping[str, Any], catalogue: Catalogue) -> None:
    """Args: sent: its parameters, as far as they are new.  Raises: Refused."""
    objections = await catalogue.objections(row, await all_models(work.session))
    found = dict.fromkeys([*objections, *forbidden(sent, catalogue.policy)])
    if found:
        raise refusals.not_built(found)


def _sealed(params: Mapping[str, Any], model_id: str, catalogue: Catalogue) -> dict[str, Any]:
    return with_seals(params, lambda text: catalogue.seal(text, model_id))


def _given(info: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in info.items() if value is not None}


def _without(values: Mapping[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _need_no_team(info: Info | None) -> None:
    """What was meant for one team must not be served to all."""
    if info is not None and info.team_id:
        raise refusals.of_one_team()


def _fields(body: NewModel | ChangedModel) -> list[str]:
    """Names alone; of the parameters those that everybody knows."""
    params = body.litellm_params.model_fields_set if body.litellm_params is not None else set()
    named = {f"litellm_params.{name if name in KNOWN else '...'}" for name in params}
    return sorted({*(body.model_fields_set - {"litellm_params"}), *named})
